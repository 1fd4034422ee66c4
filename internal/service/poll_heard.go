package service

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// clockMessage is when the last message was said that a listing showed.
const clockMessage = "message"

// heard takes over what a listing shows to have been said: the last message, and an opt-out by its words or by a mark on the record. A
// suppressed person may come back by a vendor, and stays so.
func (t taking) heard(lead *leadmuxv1.Lead) ([]*leadmuxv1.Operation, error) {
	ops, err := t.s.cfg.Dispatcher.Honour(t.tx, t.tenant, lead)
	if err != nil {
		return nil, err
	}
	event, err := t.message(lead)
	if err != nil {
		return nil, err
	}
	said := adapters.VendorEvent{OptOut: t.record.OptOut}
	if said.OptOut != nil {
		if ours, err := t.maybeOurs(lead); err != nil || ours {
			said.OptOut = nil
		}
	}
	r := &receipt{s: t.s, tx: t.tx, account: t.account, now: t.s.cfg.Now()}
	if err == nil {
		err = r.optOut(lead, said, event)
	}
	return append(ops, r.ops...), err
}

// message puts the last message into the log, unless it was there before; the event without a message is of the record alone.
func (t taking) message(lead *leadmuxv1.Lead) (*leadmuxv1.Event, error) {
	event := t.s.cfg.Dispatcher.NewEvent("lead.message", lead)
	event.Account, event.Vendor, event.VendorTime = t.account.Name, t.account.Vendor, vendorTime(t.record.UpdateTime)
	e := delivery.Engagement(lead, t.account.Name)
	at := vendorTime(t.record.MessageTime)
	if t.record.Message == nil || e.GetVendorLeadId() != t.record.VendorLeadID {
		return event, nil
	}
	if last := e.GetVendorTimes()[clockMessage]; last != nil && !at.AsTime().After(last.AsTime()) {
		return event, nil
	}
	if e.VendorTimes == nil {
		e.VendorTimes = map[string]*timestamppb.Timestamp{}
	}
	e.VendorTimes[clockMessage] = at
	delivery.Touch(lead, t.s.cfg.Now())
	if err := t.tx.PutLead(t.tenant, lead); err != nil {
		return nil, err
	}
	event.VendorTime, event.Detail = at, &leadmuxv1.Event_Message{Message: t.record.Message}
	return event, t.tx.AppendEvent(t.tenant, event)
}

// maybeOurs says whether the mark of an opt-out may be the one that we put there: nobody can take it away again, so once a suppression of
// the lead was stored, also one that a reconsent has ended, it says nothing new.
func (t taking) maybeOurs(lead *leadmuxv1.Lead) (bool, error) {
	found, err := t.tx.SuppressionsOf(t.tenant, []idmap.PersonKey{{Kind: idmap.PersonLead, Value: lead.GetLeadId()}})
	return len(found) > 0, err
}

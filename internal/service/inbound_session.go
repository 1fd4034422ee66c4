package service

import (
	"errors"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// session takes in what is told of a call or chat: its record lives on by it, and the event stands in the story of the call or chat, and
// in that of its lead once the person is known. leadID is the lead that the event is claimed for; empty for none.
func (r *receipt) session(said adapters.VendorEvent, event *leadmuxv1.Event, leadID string) error {
	nameless, err := r.tell(said, event, leadID)
	if errors.Is(err, idmap.ErrErased) {
		return nil // nothing may bring back a lead that was erased, not even a line in the log
	}
	switch {
	case err != nil:
		return err
	case event.GetLeadId() == "" && event.GetMessage() != nil: // words of nobody knows whom wait until it is known
		return r.park(event)
	}
	if err := r.append(event); err != nil || event.GetLeadId() == "" {
		return err
	}
	if err := r.heard(said, event); err != nil || nameless == "" {
		return err
	}
	return r.catchUp(nameless, said, event.GetLeadId())
}

func (r *receipt) tell(said adapters.VendorEvent, event *leadmuxv1.Event, leadID string) (nameless string, err error) {
	return r.s.cfg.Dispatcher.Told(r.tx, delivery.Telling{
		Tenant: r.account.Tenant, Account: r.account, Session: said.Session, Event: event, LeadID: leadID,
	})
}

// heard honours the opt-out that a person's words are.
func (r *receipt) heard(said adapters.VendorEvent, event *leadmuxv1.Event) error {
	lead, err := r.tx.Lead(r.account.Tenant, event.GetLeadId())
	if err != nil {
		return err
	}
	return r.optOut(lead, said, event)
}

// catchUp takes in what was said in a chat while nobody knew with whom.
func (r *receipt) catchUp(chatID string, known adapters.VendorEvent, leadID string) error {
	if known.VendorChatID == "" {
		return nil
	}
	filter := idmap.EventFilter{ChatID: chatID, Types: []string{"chat.message"}}
	for after := ""; ; {
		page, err := r.tx.ListEvents(r.account.Tenant, filter, after, 100)
		if err != nil {
			return err
		}
		for _, parked := range page.Events {
			if !parked.GetUnattributed() {
				continue
			}
			if err := r.unpark(parked.GetDeliveryId(), known, leadID); err != nil {
				return err
			}
		}
		if after = page.Last; !page.More {
			return nil
		}
	}
}

// unpark takes in a delivery that waited for its chat's person. One that somebody claimed, or that is no longer kept, is left.
func (r *receipt) unpark(deliveryID string, known adapters.VendorEvent, leadID string) error {
	d, err := r.tx.Delivery(r.account.Tenant, deliveryID)
	if errors.Is(err, idmap.ErrNotFound) || err == nil && !d.Waiting {
		return nil
	}
	if err != nil {
		return err
	}
	_, all := r.s.cfg.reread(r.account.Tenant, d)
	for _, said := range all {
		if said.VendorChatID != known.VendorChatID || said.Session == nil {
			continue
		}
		event := r.event(said)
		event.ReceiveTime, event.DeliveryId = timestamppb.New(d.ReceiveTime), d.EventID
		if _, err := r.tell(said, event, leadID); err != nil {
			return err
		}
		if err := errors.Join(r.tx.AppendEvent(r.account.Tenant, event), r.heard(said, event)); err != nil {
			return err
		}
	}
	d.Waiting = false
	return r.tx.PutDelivery(r.account.Tenant, leadID, d)
}

// personIn is the vendor's ID of the person in what is told of a call or chat; empty when it does not say.
func personIn(said adapters.VendorEvent) string {
	if s, ok := said.Session.(interface {
		GetEndUser() *leadmuxv1.SessionEndUser
	}); ok {
		return s.GetEndUser().GetLeadId()
	}
	return said.VendorLeadID
}

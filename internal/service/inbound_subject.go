package service

import (
	"cmp"
	"errors"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// subject is the lead that an event is about: found by its vendor ID, or by ours where the vendor carries it, or new where the vendor made
// it by itself. errStranger when it is none, idmap.ErrErased when it was erased.
func (r *receipt) subject(said adapters.VendorEvent, event *leadmuxv1.Event) (*leadmuxv1.Lead, error) {
	if said.SendBack {
		return r.sendBack(said)
	}
	if said.VendorLeadID == "" {
		return nil, errStranger
	}
	t := r.taking(said, event)
	owner, err := r.tx.Owner(r.account.Tenant, t.ref())
	switch {
	case err == nil:
		return r.tx.Lead(r.account.Tenant, owner)
	case !errors.Is(err, idmap.ErrNotFound):
		return nil, err
	}
	lead, err := t.named()
	if !errors.Is(err, errStranger) {
		return lead, err
	}
	if err := r.refute(said, event); err != nil || !said.Born {
		return nil, cmp.Or(err, errStranger)
	}
	return t.adopt()
}

// refute takes back what was thought of a lead of ours, where the conversation of a stranger's shows that it was wrong.
func (r *receipt) refute(said adapters.VendorEvent, event *leadmuxv1.Event) error {
	if said.Lead == nil {
		return nil
	}
	seen := delivery.Sighting{Person: said.Lead, Time: r.now, Born: said.Born}
	if event.GetVendorTime() != nil {
		seen.Time = event.GetVendorTime().AsTime()
	}
	refuted, err := r.s.cfg.Dispatcher.Refute(r.tx, r.account.Tenant, r.account, seen)
	r.changed = append(r.changed, refuted...)
	return err
}

// taking is the event as a listing would show it.
func (r *receipt) taking(said adapters.VendorEvent, event *leadmuxv1.Event) taking {
	record := adapters.VendorLead{
		VendorLeadID: said.VendorLeadID, LeadID: said.LeadID, Lead: said.Lead, VendorStatus: said.VendorStatus,
		State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE,
	}
	if event.GetVendorTime() != nil {
		record.UpdateTime = event.GetVendorTime().AsTime()
		record.CreateTime = record.UpdateTime
	}
	return taking{intake: &intake{s: r.s, tenant: r.account.Tenant, account: r.account, asked: r.now}, tx: r.tx, record: record, drift: &r.drift}
}

// sendBack makes a lead of a person whom the vendor got hold of without giving an ID, and gives it back to the vendor under ours, as the
// vendor expects. A person who is a lead already stays one.
func (r *receipt) sendBack(said adapters.VendorEvent) (*leadmuxv1.Lead, error) {
	if !said.Born {
		return nil, errStranger
	}
	lead := said.Lead
	for _, key := range identity(lead) {
		id, err := newest(r.tx, r.account.Tenant, key.LeadKey)
		if err != nil {
			return nil, err
		}
		if id == "" {
			continue
		}
		known, err := r.tx.Lead(r.account.Tenant, id)
		if err != nil || delivery.Open(delivery.Engagement(known, r.account.Name)) {
			return known, err
		}
		return known, r.give(known)
	}
	lead.LeadId, lead.CreateTime = typeid.New(typeid.Lead), timestamppb.New(r.now)
	if err := r.give(lead); err != nil {
		return nil, err
	}
	created := r.s.cfg.Dispatcher.NewEvent("lead.created", lead)
	created.Account, created.Vendor = r.account.Name, r.account.Vendor
	return lead, r.tx.AppendEvent(r.account.Tenant, created)
}

// give queues the lead for the account.
func (r *receipt) give(lead *leadmuxv1.Lead) error {
	ops, err := r.s.cfg.Dispatcher.Accept(r.tx, r.account.Tenant, lead, []*adapters.Account{r.account}, delivery.Write{Method: delivery.CreateLead}, nil)
	r.ops = append(r.ops, ops...)
	return err
}

package service

import (
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
)

// merge takes over what an event says of a lead, and puts the event into the log as what it changed.
func (r *receipt) merge(lead *leadmuxv1.Lead, said adapters.VendorEvent, event *leadmuxv1.Event) error {
	event.LeadId = lead.GetLeadId()
	e := delivery.Engagement(lead, r.account.Name)
	if e == nil || said.VendorLeadID != "" && e.GetVendorLeadId() != said.VendorLeadID { // of an engagement before this one, or unlinked
		event.Late = true
		r.unchanged(e, said, event)
		if err := r.append(event); err != nil {
			return err
		}
		return r.optOut(lead, said, event) // whichever conversation it was said in
	}
	if err := r.s.cfg.Dispatcher.Proved(r.tx, r.account.Tenant, r.account, lead); err != nil {
		return err
	}
	if said.State != 0 || said.VendorStatus != "" {
		if err := r.state(lead, e, said, event); err != nil {
			return err
		}
	}
	if flag := event.GetFlag(); flag != nil {
		event.Late = !raise(e, flag)
	}
	if err := r.found(lead, event.GetContactDiscovered()); err != nil {
		return err
	}
	if e.GetAttempts() == 0 && said.Lead != nil { // the vendor made the lead: it knows more of the person than we do
		fillIn(lead.ProtoReflect(), said.Lead.ProtoReflect())
	}
	delivery.Touch(lead, r.now)
	if err := r.tx.PutLead(r.account.Tenant, lead); err != nil {
		return err
	}
	if err := r.append(event); err != nil {
		return err
	}
	return r.optOut(lead, said, event)
}

// state puts the engagement where the vendor says that it is, unless we know of something newer, or it went further already.
func (r *receipt) state(lead *leadmuxv1.Lead, e *leadmuxv1.Engagement, said adapters.VendorEvent, event *leadmuxv1.Event) error {
	at := event.GetVendorTime()
	if late(e, said.Clock, at) {
		event.Late = true
		r.unchanged(e, said, event)
		return nil
	}
	if at == nil || !at.AsTime().Before(e.GetVendorUpdateTime().AsTime()) { // of two clocks, the word of the later one stays
		e.VendorStatus = said.VendorStatus
	}
	keepTime(e, said.Clock, at)
	if said.State == 0 || said.State == e.GetState() || !mayFollow(e, said.State, at) {
		event.Late = said.State != 0 && said.State != e.GetState()
		r.unchanged(e, said, event)
		return nil
	}
	before := e.GetState()
	moved, err := r.s.cfg.Dispatcher.Move(lead, e, said.State)
	if err != nil {
		return err
	}
	if said.Outcome != nil {
		e.Outcome = said.Outcome
	}
	if before == leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED && said.State == leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE {
		e.Outcome = nil
	}
	moved.GetEngagementChanged().VendorStatus, moved.GetEngagementChanged().Outcome = said.VendorStatus, said.Outcome
	event.Type, event.Detail = moved.GetType(), moved.GetDetail()
	return nil
}

// unchanged says in an event of a state that the engagement stays where it is.
func (r *receipt) unchanged(e *leadmuxv1.Engagement, said adapters.VendorEvent, event *leadmuxv1.Event) {
	if event.GetDetail() != nil || said.State == 0 && said.VendorStatus == "" {
		return
	}
	after := said.State
	if after == 0 {
		after = e.GetState()
	}
	event.Type = "lead.engagement_changed"
	event.Detail = &leadmuxv1.Event_EngagementChanged{EngagementChanged: &leadmuxv1.EngagementChanged{
		Before: e.GetState(), After: after, VendorLeadId: said.VendorLeadID, VendorStatus: said.VendorStatus, Outcome: said.Outcome,
	}}
}

// late says whether we know of something newer by the same clock of the vendor, or the event is of an engagement before this one that had
// the same vendor ID. What has no date is taken by arrival.
func late(e *leadmuxv1.Engagement, clock string, at *timestamppb.Timestamp) bool {
	if at == nil {
		return false
	}
	if len(e.GetClosed()) > 0 && at.AsTime().Before(e.GetCreateTime().AsTime().Add(-clockSkew)) {
		return true
	}
	last := e.GetVendorUpdateTime()
	if clock != "" {
		last = e.GetVendorTimes()[clock]
	}
	return last != nil && at.AsTime().Before(last.AsTime())
}

func keepTime(e *leadmuxv1.Engagement, clock string, at *timestamppb.Timestamp) {
	if at == nil {
		return
	}
	if clock != "" {
		if e.VendorTimes == nil {
			e.VendorTimes = map[string]*timestamppb.Timestamp{}
		}
		e.VendorTimes[clock] = at
	}
	if e.GetVendorUpdateTime() == nil || at.AsTime().After(e.GetVendorUpdateTime().AsTime()) {
		e.VendorUpdateTime = at
	}
}

// mayFollow says whether an engagement goes where the vendor says. One whose outcome is set stays, and one that has ended begins again only
// by a time of the vendor's; an opt-out is always believed.
func mayFollow(e *leadmuxv1.Engagement, to leadmuxv1.EngagementState, at *timestamppb.Timestamp) bool {
	if to == leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT {
		return delivery.MayMove(e.GetState(), to)
	}
	if e.GetState() == leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED && at == nil {
		return false
	}
	return e.GetOutcome() == nil && delivery.MayMove(e.GetState(), to)
}

// raise keeps a flag on the engagement, and says whether it is newer than the one of its kind that was there.
func raise(e *leadmuxv1.Engagement, flag *leadmuxv1.LeadFlag) bool {
	for i, known := range e.GetFlags() {
		if known.GetKind() != flag.GetKind() {
			continue
		}
		if flag.GetTime() != nil && known.GetTime() != nil && flag.GetTime().AsTime().Before(known.GetTime().AsTime()) {
			return false
		}
		e.Flags[i] = flag
		return true
	}
	e.Flags = append(e.Flags, flag)
	return true
}

// found puts what a vendor discovered where the lead has nothing. The number may be one that nobody may contact.
func (r *receipt) found(lead *leadmuxv1.Lead, contacts *leadmuxv1.ContactDiscovered) error {
	if contacts == nil {
		return nil
	}
	fillFound(lead, contacts)
	if err := r.tx.PutLead(r.account.Tenant, lead); err != nil {
		return err
	}
	ops, err := r.s.cfg.Dispatcher.Honour(r.tx, r.account.Tenant, lead)
	r.ops = append(r.ops, ops...)
	return err
}

// fillFound puts what a vendor discovered where the lead has nothing.
func fillFound(lead *leadmuxv1.Lead, found *leadmuxv1.ContactDiscovered) {
	places := []*string{&lead.Phone, &lead.HomePhone, &lead.WorkPhone}
	for _, number := range found.GetPhones() {
		if slices.Contains([]string{lead.GetPhone(), lead.GetHomePhone(), lead.GetWorkPhone()}, number) {
			continue
		}
		for _, place := range places {
			if *place == "" {
				*place = number
				break
			}
		}
	}
	if lead.GetEmail() == "" && len(found.GetEmails()) > 0 {
		lead.Email = found.GetEmails()[0]
	}
}

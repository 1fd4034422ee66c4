package service

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/typeid"
)

// adopt makes a lead of one that a vendor made by itself.
func (t taking) adopt() (*leadmuxv1.Lead, error) {
	lead := &leadmuxv1.Lead{}
	if t.record.Lead != nil {
		lead = proto.CloneOf(t.record.Lead)
	}
	now := t.s.cfg.Now()
	lead.LeadId, lead.CreateTime = typeid.New(typeid.Lead), timestamppb.New(now)
	e := delivery.OpenEngagement(lead, t.account, now)
	e.VendorLeadId = t.record.VendorLeadID
	delivery.Touch(lead, now)
	if err := t.tx.PutLead(t.tenant, lead); err != nil {
		return nil, err
	}
	if err := t.tx.Bind(t.tenant, t.ref(), lead.GetLeadId()); err != nil {
		return nil, err
	}
	created := t.s.cfg.Dispatcher.NewEvent("lead.created", lead)
	created.Account, created.Vendor, created.VendorTime = t.account.Name, t.account.Vendor, vendorTime(t.record.CreateTime)
	if err := t.tx.AppendEvent(t.tenant, created); err != nil {
		return nil, err
	}
	if err := t.follow(lead, e, leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE); err != nil {
		return nil, err
	}
	return lead, t.takeOver(lead, e)
}

// merge takes over what the vendor changed since we last heard. Of the person, only what we do not know is filled in, and only
// where the vendor made the lead by itself: what we have told a vendor it may show rewritten, and go on showing after a caller
// took it back here.
func (t taking) merge(lead *leadmuxv1.Lead) error {
	e := delivery.Engagement(lead, t.account.Name)
	if e == nil || e.GetVendorLeadId() != t.record.VendorLeadID || !newer(e, t.record.UpdateTime) || e.GetUpdateTime().AsTime().After(t.asked) {
		return nil
	}
	open, err := t.tx.OpenOperations(t.tenant, lead.GetLeadId(), t.account.Name)
	if err != nil || len(open) > 0 { // what it shows may be what we are about to change; the next reading sees what came of that
		return err
	}
	before := proto.CloneOf(lead)
	if e.GetAttempts() == 0 && len(e.GetClosed()) == 0 {
		fillIn(lead.ProtoReflect(), t.record.Lead.ProtoReflect())
	}
	if !proto.Equal(before, lead) {
		event := t.s.updated(before, lead)
		event.Account, event.Vendor, event.VendorTime = e.GetAccount(), e.GetVendor(), vendorTime(t.record.UpdateTime)
		if err := t.tx.AppendEvent(t.tenant, event); err != nil {
			return err
		}
	}
	return t.takeOver(lead, e)
}

// takeOver puts the engagement where the vendor says that it is.
func (t taking) takeOver(lead *leadmuxv1.Lead, e *leadmuxv1.Engagement) error {
	e.VendorStatus, e.VendorUpdateTime = t.record.VendorStatus, vendorTime(t.record.UpdateTime)
	if t.record.State == leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNSPECIFIED && t.record.VendorStatus != "" {
		*t.drift++
	}
	if t.follows(e) {
		if err := t.follow(lead, e, t.record.State); err != nil {
			return err
		}
	}
	delivery.Touch(lead, t.s.cfg.Now())
	return t.tx.PutLead(t.tenant, lead)
}

// newer says whether the vendor changed the lead since we last heard, and since we gave it to the vendor: a listing may be
// late, and still show how an engagement before this one ended. A vendor without times is taken at its word.
func newer(e *leadmuxv1.Engagement, t time.Time) bool {
	if t.IsZero() {
		return true
	}
	if e.GetAttempts() > 0 && t.Before(e.GetCreateTime().AsTime()) {
		return false
	}
	return e.GetVendorUpdateTime() == nil || t.After(e.GetVendorUpdateTime().AsTime())
}

// follows says whether an engagement goes where the vendor says. One whose outcome we set ourselves stays, and one that has
// ended begins again only by a time of the vendor's.
func (t taking) follows(e *leadmuxv1.Engagement) bool {
	to := t.record.State
	if e.GetState() == leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED && t.record.UpdateTime.IsZero() {
		return false
	}
	return to != leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNSPECIFIED && e.GetOutcome() == nil && delivery.MayMove(e.GetState(), to)
}

func (t taking) follow(lead *leadmuxv1.Lead, e *leadmuxv1.Engagement, to leadmuxv1.EngagementState) error {
	event, err := t.s.cfg.Dispatcher.Move(lead, e, to)
	if err != nil {
		return err
	}
	event.VendorTime = vendorTime(t.record.UpdateTime)
	return t.tx.AppendEvent(t.tenant, event)
}

// fillIn sets the fields that to lacks from from. Each is taken whole: half of our address and half of the vendor's would be
// nobody's.
func fillIn(to, from protoreflect.Message) {
	from.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if !to.Has(field) {
			to.Set(field, value)
		}
		return true
	})
}

func vendorTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

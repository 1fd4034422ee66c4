package service

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// asOf puts the lead's engagements as they stood at a moment, by our clock, in the place of those of now. When each began and
// ended stands in the lead; what it was in between is in its events.
func (s *LeadService) asOf(r idmap.Reader, tenant string, lead *leadmuxv1.Lead, at time.Time) error {
	if at.Before(lead.GetCreateTime().AsTime()) {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_LEAD_NOT_FOUND, "there was no such lead at that moment").
			Field("as_of", "lies before the lead's create_time")
	}
	var then []*leadmuxv1.Engagement
	for _, e := range lead.GetEngagements() {
		if old := engagedAt(e, at); old != nil {
			then = append(then, old)
		}
	}
	lead.Engagements = then
	return s.replay(r, tenant, lead, at)
}

// engagedAt is the engagement that an account had at a moment, as it began: QUEUED; nil when it had none.
func engagedAt(e *leadmuxv1.Engagement, at time.Time) *leadmuxv1.Engagement {
	begun := func(t *timestamppb.Timestamp) bool { return t != nil && !t.AsTime().After(at) }
	old := &leadmuxv1.Engagement{
		Account: e.GetAccount(), Vendor: e.GetVendor(), State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUEUED,
	}
	switch closed := e.GetClosed(); {
	case begun(e.GetCreateTime()):
		old.CreateTime = e.GetCreateTime()
	case len(closed) == 0:
		return nil
	default:
		for _, c := range closed {
			if begun(c.GetCreateTime()) {
				old.CreateTime = c.GetCreateTime()
			}
		}
	}
	if old.GetCreateTime() == nil {
		return nil
	}
	old.UpdateTime = old.GetCreateTime()
	return old
}

// replay carries the lead's engagements through its events up to a moment. Where its first events are gone, nothing true can be
// said.
func (s *LeadService) replay(r idmap.Reader, tenant string, lead *leadmuxv1.Lead, at time.Time) error {
	filter := idmap.EventFilter{LeadID: lead.GetLeadId(), Types: []string{"lead.engagement_changed", "lead.created"}}
	begun := false
	for after := ""; ; {
		page, err := r.ListEvents(tenant, filter, after, maxReplay)
		if err != nil {
			return err
		}
		for _, event := range page.Events {
			begun = begun || event.GetType() == "lead.created"
			if !event.GetReceiveTime().AsTime().After(at) {
				carry(lead, event)
			}
		}
		if after = page.Last; page.More {
			continue
		}
		if !begun {
			return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_EVENTS_GONE, "the lead's first events are no longer kept").
				Field("as_of", "cannot be answered without the lead's first events; see retention.events")
		}
		return nil
	}
}

// maxReplay is how many events are replayed at once.
const maxReplay = 500

// carry makes a change of state in the engagement it is about, unless it was of an earlier one.
func carry(lead *leadmuxv1.Lead, event *leadmuxv1.Event) {
	change := event.GetEngagementChanged()
	for _, e := range lead.GetEngagements() {
		if change == nil || event.GetLate() || e.GetAccount() != event.GetAccount() || event.GetReceiveTime().AsTime().Before(e.GetCreateTime().AsTime()) {
			continue
		}
		e.State, e.UpdateTime = change.GetAfter(), event.GetReceiveTime()
		if change.GetVendorLeadId() != "" {
			e.VendorLeadId = change.GetVendorLeadId()
		}
	}
}

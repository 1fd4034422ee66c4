package delivery

import (
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/typeid"
)

// NewEvent is an event of a lead at this moment.
func (d *Dispatcher) NewEvent(kind string, lead *leadmuxv1.Lead) *leadmuxv1.Event {
	return &leadmuxv1.Event{
		EventId: typeid.New(typeid.Event), Type: kind, LeadId: lead.GetLeadId(), ReceiveTime: stamp(d.now()),
	}
}

func (d *Dispatcher) engagementChanged(lead *leadmuxv1.Lead, e *leadmuxv1.Engagement, before leadmuxv1.EngagementState) *leadmuxv1.Event {
	event := d.NewEvent("lead.engagement_changed", lead)
	event.Account, event.Vendor = e.GetAccount(), e.GetVendor()
	event.Detail = &leadmuxv1.Event_EngagementChanged{EngagementChanged: &leadmuxv1.EngagementChanged{
		Before: before, After: e.GetState(), VendorLeadId: e.GetVendorLeadId(), Reason: e.GetError().GetReason(),
	}}
	if e.GetState() == qualified || e.GetState() == unqualified {
		event.GetEngagementChanged().Outcome = proto.CloneOf(e.GetOutcome())
	}
	return event
}

func (d *Dispatcher) operationUnsettled(kind string, lead *leadmuxv1.Lead, op *leadmuxv1.Operation, reason string) *leadmuxv1.Event {
	event := d.NewEvent(kind, lead)
	event.Account, event.Vendor = op.GetAccount(), op.GetVendor()
	event.Detail = &leadmuxv1.Event_OperationUnsettled{OperationUnsettled: &leadmuxv1.OperationUnsettled{
		OperationId: op.GetOperationId(), Reason: reason, Method: op.GetMethod(),
	}}
	return event
}

// consentTold is the event of what a vendor said to an opt-out or to a reconsent.
func (d *Dispatcher) consentTold(lead *leadmuxv1.Lead, op *leadmuxv1.Operation, s *leadmuxv1.Suppression, notice *leadmuxv1.VendorNotice) *leadmuxv1.Event {
	event, state := d.NewEvent("consent.changed", lead), leadmuxv1.ConsentState_CONSENT_STATE_DENIED
	if op.GetMethod() == Reconsent {
		state = leadmuxv1.ConsentState_CONSENT_STATE_GRANTED
	}
	event.Account, event.Vendor = op.GetAccount(), op.GetVendor()
	event.Detail = &leadmuxv1.Event_ConsentChanged{ConsentChanged: &leadmuxv1.ConsentChanged{
		SuppressionId: s.GetSuppressionId(), State: state, Scope: op.GetScope(), Source: s.GetSource(), Notice: notice.GetState(),
	}}
	return event
}

package conversica

import (
	"cmp"
	"context"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// The RPCs the vendor can do. All of them are the same request with the whole record, told apart by the switches in it.
const (
	opCreate = "CreateLead"
	opUpdate = "UpdateLead"
	opEnd    = "EndConversation"
	opStop   = "StopConversation"
	opDefer  = "DeferConversation"
	opOptOut = "OptOutLead"
	opReturn = "Reconsent"
	opTest   = "TestAccount"
)

// refConversation is the name under which an engagement keeps the conversation it began in, so that later requests do not move
// the lead to another: the account's own may have changed.
const refConversation = "conversation_id"

// writes are what each RPC adds to the record.
var writes = map[string]func(*Adapter, *lead, adapters.LeadInput){
	opCreate: (*Adapter).reopen,
	opUpdate: (*Adapter).keepClosed,
	opEnd:    (*Adapter).end,
	opStop:   func(_ *Adapter, b *lead, _ adapters.LeadInput) { b.StopMessaging = new(true) },
	opDefer:  func(_ *Adapter, b *lead, _ adapters.LeadInput) { b.SkipToFollowup = new(true) },
	opOptOut: (*Adapter).optOut,
	opReturn: (*Adapter).reconsent,
}

// LeadWrite is how Conversica does each RPC: it has them all. The class is KEYED, since the vendor's key is an ID of ours and
// every request holds the whole record. Any 2xx is success whatever its body, but for a page of HTML: it says that the lead was
// accepted, not that it was messaged. The caller's reason stays with us; the vendor has no place for it.
func (a *Adapter) LeadWrite(rpc string) (adapters.LeadWrite, bool) {
	if writes[rpc] == nil {
		return adapters.LeadWrite{}, false
	}
	return adapters.LeadWrite{
		Class: func(adapters.LeadInput) leadmuxv1.IdempotencyClass { return class },
		Preview: func(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
			body, err := a.record(rpc, in)
			if err != nil {
				return nil, nil, err
			}
			requests, err := a.client.PreviewAll(public, call(rpc, body))
			return requests, warnings(rpc, in.Lead), err
		},
		Send: func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			return a.send(ctx, rpc, in)
		},
	}, true
}

// send posts the record. The vendor knows the lead by the ID we sent and has no page for it.
func (a *Adapter) send(ctx context.Context, rpc string, in adapters.LeadInput) (adapters.LeadResult, error) {
	body, err := a.record(rpc, in)
	if err != nil {
		return adapters.LeadResult{}, err
	}
	answer, err := a.client.Send(ctx, call(rpc, body))
	if err != nil {
		return adapters.LeadResult{}, err
	}
	result := adapters.LeadResult{
		VendorLeadID: body.ID, Warnings: warnings(rpc, in.Lead), RequestID: answer.RequestID(), HTTPStatus: answer.Status,
	}
	if rpc == opCreate {
		result.State = leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE
		if body.ConversationID != in.Engagement.GetVendorRefs()[refConversation] {
			result.VendorRefs = map[string]string{refConversation: body.ConversationID}
		}
	}
	return result, nil
}

func call(rpc string, body lead) vendorhttp.Call {
	return vendorhttp.Call{Op: rpc, Route: routePost, Body: body}
}

// record is the whole of the lead with what the RPC adds, or the error that says what it lacks.
func (a *Adapter) record(rpc string, in adapters.LeadInput) (lead, error) {
	options := in.Options.GetConversica()
	if rpc != opCreate {
		options = in.Engagement.GetVendorOptions().GetConversica()
	}
	body := a.body(in.Lead, options)
	body.ID = cmp.Or(vendorhttp.KnownID(in.Engagement), body.ID)
	if rpc != opCreate {
		body.ConversationID = cmp.Or(in.Engagement.GetVendorRefs()[refConversation], body.ConversationID)
	}
	if missing := body.missing(); len(missing) > 0 {
		return lead{}, &adapters.Error{
			Vendor: Vendor, Op: rpc, Kind: adapters.KindInvalid, Fields: missing,
			Message: "the lead lacks what Conversica requires",
		}
	}
	hold(&body, in)
	writes[rpc](a, &body, in)
	return body, nil
}

// reopen lifts the stop of an earlier engagement: the vendor would keep it otherwise (assumed).
func (*Adapter) reopen(b *lead, in adapters.LeadInput) {
	if len(in.Engagement.GetClosed()) > 0 {
		b.StopMessaging = new(false)
	}
}

// keepClosed says again that a conversation is over when a lead is changed after its end: whether a key that is left out keeps
// its value is not documented, and nobody may be written to because of a corrected name.
func (*Adapter) keepClosed(b *lead, in adapters.LeadInput) {
	switch in.Engagement.GetState() {
	case leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED, leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNQUALIFIED,
		leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED, leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT,
		leadmuxv1.EngagementState_ENGAGEMENT_STATE_SUPPRESSED:
		b.StopMessaging = new(true)
	default:
	}
}

// end stops the messages and tells the status that the lead came to. leadStatus is the status in our system and free text.
func (a *Adapter) end(b *lead, _ adapters.LeadInput) {
	b.StopMessaging = new(true)
	b.LeadStatus = cmp.Or(b.LeadStatus, a.cfg.QualifiedStatus)
}

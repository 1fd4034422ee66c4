package convertalk

import (
	"cmp"
	"context"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// LeadWrite returns how the vendor does an RPC. All of them are the one PUT (stated by the vendor's document).
func (a *Adapter) LeadWrite(rpc string) (adapters.LeadWrite, bool) {
	switch rpc {
	case opCreateLead, opUpdateLead:
		return a.writing(rpc), true
	case opEndConversation, opStopConversation:
		return a.setting(rpc, statusClosed), true
	case opDeferConversation:
		return a.setting(rpc, statusOnHold), true
	case opOptOutLead:
		return a.optingOut(), true
	default:
		return adapters.LeadWrite{}, false
	}
}

// keyed: the vendor creates or updates by the uuid, which follows from our lead ID or stands in the engagement.
func keyed(adapters.LeadInput) leadmuxv1.IdempotencyClass {
	return leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
}

// writing is how a lead is created or changed. That the vendor takes a uuid which no widget made is assumed. The answer holds
// no record and no id, so the uuid we sent is the lead's ID at the vendor, and the status we sent the lead's there.
func (a *Adapter) writing(rpc string) adapters.LeadWrite {
	return adapters.LeadWrite{
		Class: keyed,
		Preview: func(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
			w, err := a.want(rpc, in)
			if err != nil {
				return nil, nil, err
			}
			calls := []vendorhttp.Call{a.upsert(rpc, a.body(w))}
			if a.looks(w, in) {
				calls = slices.Insert(calls, 0, a.listing(rpc, 1))
			}
			return a.preview(calls, w.notices.list)
		},
		Send: func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			w, err := a.want(rpc, in)
			if err != nil {
				return adapters.LeadResult{}, err
			}
			if a.looks(w, in) {
				if w, err = a.merge(ctx, w); err != nil {
					return adapters.LeadResult{}, err
				}
			}
			result, err := a.put(ctx, rpc, a.body(w))
			if err != nil {
				return adapters.LeadResult{}, err
			}
			result.Warnings = w.notices.list
			if rpc == opCreateLead {
				result.VendorStatus = cmp.Or(result.VendorStatus, statusOpen)
			}
			return result, nil
		},
	}
}

// want is what the lead shall be at the vendor after the RPC. A chat that was closed is opened again with the engagement.
func (a *Adapter) want(rpc string, in adapters.LeadInput) (wish, error) {
	w, err := a.wish(rpc, in)
	if err == nil && rpc == opCreateLead && len(in.Engagement.GetClosed()) > 0 {
		w.body.Status = cmp.Or(w.body.Status, statusOpen)
	}
	return w, err
}

// setting is how a conversation is ended or deferred: the chat gets a status, and nothing else of it is touched. That the
// vendor lets any status follow any other is assumed.
func (a *Adapter) setting(rpc, status string) adapters.LeadWrite {
	body := func(in adapters.LeadInput) (leadBody, error) {
		b, err := a.address(rpc, in)
		b.Status = status
		return b, err
	}
	return adapters.LeadWrite{
		Class: keyed,
		Preview: func(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
			b, err := body(in)
			if err != nil {
				return nil, nil, err
			}
			return a.preview([]vendorhttp.Call{a.upsert(rpc, b)}, nil)
		},
		Send: func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			b, err := body(in)
			if err != nil {
				return adapters.LeadResult{}, err
			}
			return a.put(ctx, rpc, b)
		},
	}
}

// put sends a body.
func (a *Adapter) put(ctx context.Context, op string, body leadBody) (adapters.LeadResult, error) {
	_, answer, err := a.ask(ctx, a.upsert(op, body))
	if err != nil {
		return adapters.LeadResult{}, err
	}
	return adapters.LeadResult{
		VendorLeadID: body.UUID, VendorStatus: body.Status, State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE,
		RequestID: answer.RequestID(), HTTPStatus: answer.Status,
	}, nil
}

func (a *Adapter) preview(calls []vendorhttp.Call, warnings []*leadmuxv1.Warning) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
	requests, err := a.client.PreviewAll(public, calls...)
	return requests, warnings, err
}

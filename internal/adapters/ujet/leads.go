package ujet

import (
	"context"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// LeadWrite returns how the vendor does an RPC. There is no DeferConversation: nothing at UJET can be paused for a person.
func (a *Adapter) LeadWrite(rpc string) (adapters.LeadWrite, bool) {
	switch rpc {
	case opCreateLead:
		return adapters.LeadWrite{Class: createClass, Preview: a.previewCreate, Send: a.createLead}, true
	case opUpdateLead:
		return adapters.LeadWrite{Class: keyed, Preview: a.previewUpdate, Send: a.updateLead}, true
	case opEndConversation, opStopConversation, opEraseLead:
		return a.leaving(rpc), true
	case opOptOutLead:
		return a.optingOut(), true
	case opReconsent:
		return a.reconsenting(), true
	default:
		return adapters.LeadWrite{}, false
	}
}

// keyed: what is sent names its object by an ID and says how it shall be, or that it shall be gone; sent again it changes
// nothing.
func keyed(adapters.LeadInput) leadmuxv1.IdempotencyClass {
	return leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
}

// createClass is KEYED without a campaign: the vendor documents the end user as an upsert by identifier. A contact has no such
// key but can be found again: DETECTABLE.
func createClass(in adapters.LeadInput) leadmuxv1.IdempotencyClass {
	if in.Options.GetUjet().GetCampaignId() != "" {
		return leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE
	}
	return keyed(in)
}

// createLead upserts the lead as an end user and, when the caller named a campaign, adds it there as a contact. The upsert
// comes first, so a contact is never without its end user. A lead that the vendor has known before stays the same end user.
func (a *Adapter) createLead(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
	p, err := a.planCreate(in)
	if err != nil {
		return adapters.LeadResult{}, err
	}
	if p, err = a.identify(ctx, p); err != nil {
		return adapters.LeadResult{}, err
	}
	if p.identifier == "" { // gone at the vendor, or known there under none
		p.identifier = p.own
	}
	result, err := a.store(ctx, p)
	if err != nil || p.campaignID == "" {
		return result, err
	}
	joined, answer, err := a.joinCampaign(ctx, p, in.Recheck)
	if err != nil {
		return adapters.LeadResult{}, err
	}
	keep(&result, refCampaign, p.campaignID)
	keep(&result, refContact, joined.id()) // looked for when it is needed, if the answer does not hold it
	result.VendorStatus, result.RequestID, result.HTTPStatus = joined.status(), answer.RequestID(), answer.Status
	return result, nil
}

// previewCreate returns the requests of createLead in their order. The listing is among them after an attempt of unknown
// outcome; whether the contact is then added depends on what it shows.
func (a *Adapter) previewCreate(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
	p, err := a.planCreate(in)
	if err != nil {
		return nil, nil, err
	}
	calls := p.storing()
	if p.campaignID != "" && in.Recheck {
		calls = append(calls, p.list())
	}
	if p.campaignID != "" {
		calls = append(calls, p.join())
	}
	return a.preview(p, calls)
}

// updateLead upserts the end user under the identifier the vendor has for it, and changes the campaign contact where there is
// one. A lead's own identifier would do only while nobody linked it to another end user by hand and, in accounts that go by
// the caller's own IDs, while that stays the same; else the upsert would make a second end user of the same person.
func (a *Adapter) updateLead(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
	p, err := a.identify(ctx, a.planKnown(opUpdateLead, in))
	if err != nil {
		return adapters.LeadResult{}, err
	}
	result := adapters.LeadResult{Warnings: p.warnings}
	if p.identifier == "" {
		result.Warnings = append(result.Warnings, vendorhttp.Warning(leadmuxv1.WarningCode_WARNING_CODE_UPDATE_NOT_SENT, "",
			"UJET knows the end user under no identifier, and changes one by that alone; the change is kept here only"))
	} else if result, err = a.store(ctx, p); err != nil {
		return adapters.LeadResult{}, err
	}
	if p.campaignID == "" {
		return result, nil
	}
	return a.changeContact(ctx, p, result)
}

// previewUpdate returns the requests of updateLead in their order.
func (a *Adapter) previewUpdate(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
	p := a.planKnown(opUpdateLead, in)
	calls := p.storing()
	if p.campaignID != "" {
		calls = append(calls, p.withContact(p.change())...)
	}
	return a.preview(p, calls)
}

// storing are the requests that write the end user.
func (p plan) storing() []vendorhttp.Call {
	if p.identifier == "" {
		return []vendorhttp.Call{p.ask(), p.upsert()}
	}
	return []vendorhttp.Call{p.upsert()}
}

// withContact is call, and before it the listing when that must bring the contact's ID.
func (p plan) withContact(call vendorhttp.Call) []vendorhttp.Call {
	if p.contactID == "" {
		return []vendorhttp.Call{p.list(), call}
	}
	return []vendorhttp.Call{call}
}

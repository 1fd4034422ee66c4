package verse

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// portal is where the vendor's portal shows a lead.
const portal = "https://app.verse.io/leads/"

// LeadWrite is how Verse does CreateLead, EndConversation, StopConversation and OptOutLead. It has no other.
func (a *Adapter) LeadWrite(rpc string) (adapters.LeadWrite, bool) {
	switch rpc {
	case routeCreate:
		return adapters.LeadWrite{Class: classOf, Preview: a.previewCreate, Send: a.create}, true
	case routeEnd, routeStop, routeOptOut:
		return a.action(rpc), true
	}
	return adapters.LeadWrite{}, false
}

func classOf(adapters.LeadInput) leadmuxv1.IdempotencyClass { return class }

// create sends the lead. Recheck changes nothing here: Verse has no look-up, and the 409 of a repeated create (KindConflict)
// is the check. After an ended conversation it opens a new one, with an ID of its own. Any 2xx counts as created, as the
// vendor's table has several; its body must be JSON, or what answered was not Verse.
func (a *Adapter) create(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
	call, warnings, err := a.createCall(in)
	if err != nil {
		return adapters.LeadResult{}, err
	}
	reply, answer, err := vendorhttp.Do[created](ctx, a.client, call)
	if err != nil {
		return adapters.LeadResult{}, err
	}
	result := adapters.LeadResult{
		VendorLeadID: reply.id(),
		State:        leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE,
		Warnings:     warnings,
		RequestID:    answer.RequestID(),
		HTTPStatus:   answer.Status,
	}
	said, suppressed := creationWarnings(reply.message())
	result.Warnings = append(result.Warnings, said...)
	if suppressed {
		result.State = leadmuxv1.EngagementState_ENGAGEMENT_STATE_SUPPRESSED
	}
	if result.VendorLeadID == "" {
		result.Warnings = append(result.Warnings, vendorhttp.Warning(leadmuxv1.WarningCode_WARNING_CODE_VENDOR_ID_PENDING, "",
			"Verse took the lead but did not tell its ID; the first event that carries ours brings it"))
	}
	result.VendorURL = page(result.VendorLeadID)
	return result, nil
}

func (a *Adapter) previewCreate(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
	call, warnings, err := a.createCall(in)
	if err != nil {
		return nil, nil, err
	}
	requests, err := a.client.PreviewAll(public, call)
	return requests, warnings, err
}

// page is where the portal shows a lead; empty without an ID.
func page(vendorLeadID string) string {
	if vendorLeadID == "" {
		return ""
	}
	return portal + url.PathEscape(vendorLeadID)
}

// createCall is the one request of a create, and what it leaves out.
func (a *Adapter) createCall(in adapters.LeadInput) (vendorhttp.Call, []*leadmuxv1.Warning, error) {
	if strings.TrimSpace(in.Lead.GetPhone()) == "" && strings.TrimSpace(in.Lead.GetEmail()) == "" {
		return vendorhttp.Call{}, nil, &adapters.Error{
			Vendor: Vendor, Op: routeCreate, Kind: adapters.KindInvalid, Fields: contactNeeded(),
		}
	}
	body, warnings := a.body(in.Lead, in.Options.GetVerse())
	return vendorhttp.Call{Op: routeCreate, Route: routeCreate, Body: body}, warnings, nil
}

// created is the answer to a create, read loosely: the published samples disagree on the form of id, and message is optional.
// Any key may be absent and any unknown one present.
type created map[string]json.RawMessage

// id is the lead's ID at Verse: an opaque string, digits in one sample and a UUID in others. A number is taken as written.
// Longer than any ID we could look up later counts as absent.
func (c created) id() string {
	const longest = 200
	id := text(c["id"])
	if id == "" {
		var n json.Number
		if json.Unmarshal(c["id"], &n) == nil {
			id = n.String()
		}
	}
	if len(id) > longest {
		return ""
	}
	return id
}

func (c created) message() string { return text(c["message"]) }

// text is a JSON string; empty for anything else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return strings.TrimSpace(s)
}

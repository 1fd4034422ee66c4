package ujet

import (
	"context"
	"strconv"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// FindLead returns our lead ID that an end user carries as its identifier, "" when it carries another one, or none, or the
// vendor has no such end user. It has the form of our IDs; whether it is one of this service, the caller must see. Accounts
// that go by the caller's own IDs hold none of ours. An ID that is no integer cannot be the vendor's, so nothing is asked.
func (a *Adapter) FindLead(ctx context.Context, vendorLeadID string) (string, error) {
	p := plan{op: opLookupLead, endUserID: vendorLeadID}
	if a.byExternalID || !isEndUserID(vendorLeadID) {
		return "", nil
	}
	user, _, err := vendorhttp.Do[endUser](ctx, a.client, p.ask())
	if isNotFound(err) {
		return "", nil
	}
	if err != nil || !isLeadID(user.Identifier) {
		return "", err
	}
	return user.Identifier, nil
}

// identify completes the plan with the identifier that the vendor has for the end user, where it is not known here. It stays
// empty when the end user has none.
func (a *Adapter) identify(ctx context.Context, p plan) (plan, error) {
	if p.identifier != "" {
		return p, nil
	}
	if !isEndUserID(p.endUserID) {
		return p, a.noIdentifier(p)
	}
	user, _, err := vendorhttp.Do[endUser](ctx, a.client, p.ask())
	switch {
	case isNotFound(err) && p.op == opCreateLead:
		return p, nil
	case isNotFound(err):
		vendorError(err).Message = "UJET has no end user under the lead's vendor_lead_id"
		return p, err
	case err != nil:
		return p, err
	}
	p.identifier = user.Identifier
	return p, nil
}

// noIdentifier refuses a lead for which there is nothing to ask the vendor by.
func (a *Adapter) noIdentifier(p plan) error {
	var refused violations
	if p.endUserID == "" {
		refused.add(a.identifierField(), "this account knows people at UJET by it; set it")
	} else {
		refused.add("vendor_lead_id", "UJET's IDs of end users are integers; unlink the lead here, and link it under one")
	}
	return refused.err(p.op)
}

// store writes the end user.
func (a *Adapter) store(ctx context.Context, p plan) (adapters.LeadResult, error) {
	user, answer, err := vendorhttp.Do[endUser](ctx, a.client, p.upsert())
	if err != nil {
		return adapters.LeadResult{}, asRouteUnknown(err)
	}
	result := adapters.LeadResult{
		VendorLeadID: user.ID, State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE,
		Warnings: p.warnings, RequestID: answer.RequestID(), HTTPStatus: answer.Status,
	}
	if isLeadID(p.identifier) {
		keep(&result, refIdentifier, p.identifier)
	}
	return result, nil
}

// isEndUserID says whether an ID can be one of the vendor's.
func isEndUserID(id string) bool {
	_, err := strconv.ParseUint(id, 10, 63)
	return err == nil
}

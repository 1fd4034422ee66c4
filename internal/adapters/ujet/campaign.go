package ujet

import (
	"context"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// joinCampaign makes the lead a contact of the campaign, unless an earlier attempt did.
func (a *Adapter) joinCampaign(ctx context.Context, p plan, recheck bool) (contact, vendorhttp.Answer, error) {
	if recheck {
		found, answer, err := a.findContact(ctx, p)
		if err != nil {
			return contact{}, answer, ofCampaign(err, notAdded, true)
		}
		if found != nil {
			return *found, answer, nil
		}
	}
	answer, err := a.client.Send(ctx, p.join())
	if err != nil {
		return contact{}, answer, ofCampaign(err, notAdded, false)
	}
	return readContact(answer.Body), answer, nil
}

// changeContact tells the campaign of the lead as it is now. A contact that is not there any more is no failure: the vendor
// has the person no longer in the campaign.
func (a *Adapter) changeContact(ctx context.Context, p plan, result adapters.LeadResult) (adapters.LeadResult, error) {
	p, answer, err := a.atContact(ctx, p, plan.change)
	if err != nil {
		return adapters.LeadResult{}, ofCampaign(err, notChanged, false)
	}
	if p.contactID == "" {
		forgetCampaign(&result)
		result.Warnings = append(result.Warnings, vendorhttp.Warning(leadmuxv1.WarningCode_WARNING_CODE_UPDATE_NOT_SENT, "",
			"the person is no longer in the campaign at UJET, which was not told"))
		return result, nil
	}
	keep(&result, refContact, p.contactID)
	result.VendorStatus, result.RequestID, result.HTTPStatus = readContact(answer.Body).status(), answer.RequestID(), answer.Status
	return result, nil
}

// leaving is how a conversation is ended, qualified or not: the contact leaves the campaign, so that the person is not called
// any more. That it is gone already is success. Without a campaign there is nothing at UJET that could be ended.
func (a *Adapter) leaving(rpc string) adapters.LeadWrite {
	return adapters.LeadWrite{
		Class: keyed,
		Preview: func(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
			p := a.planKnown(rpc, in)
			if p.campaignID == "" {
				return nil, notTold(), nil
			}
			p.warnings = nil // they are about what is sent of a lead
			return a.preview(p, p.withContact(p.leave()))
		},
		Send: func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			p := a.planKnown(rpc, in)
			if p.campaignID == "" {
				return adapters.LeadResult{Warnings: notTold()}, nil
			}
			return a.leaveCampaign(ctx, p)
		},
	}
}

func (a *Adapter) leaveCampaign(ctx context.Context, p plan) (adapters.LeadResult, error) {
	_, answer, err := a.atContact(ctx, p, plan.leave)
	if err != nil {
		return adapters.LeadResult{}, ofCampaign(err, notRemoved, false)
	}
	result := adapters.LeadResult{RequestID: answer.RequestID(), HTTPStatus: answer.Status}
	forgetCampaign(&result)
	return result, nil
}

// atContact makes a request about the contact, after its ID was found out where it is not known. The plan it returns has no
// contact ID when the contact is not there. A 404 says so (inferred), but so does a wrong path, and a person who is believed
// to have left would go on being called; so the campaign's list has the last word, if it can be read.
func (a *Adapter) atContact(ctx context.Context, p plan, call func(plan) vendorhttp.Call) (plan, vendorhttp.Answer, error) {
	tried := p.contactID
	var missed error
	if tried != "" {
		answer, err := a.client.Send(ctx, call(p))
		if !isNotFound(err) {
			return p, answer, err
		}
		missed = err
	}
	var answer vendorhttp.Answer
	var err error
	p.contactID, answer, err = a.locate(ctx, p)
	switch {
	case isNotFound(err):
		return p, answer, a.campaignGone(ctx, p.op)
	case missed != nil && isUnreadable(err):
		return p, answer, nil
	case err != nil || p.contactID == "":
		return p, answer, err
	case p.contactID == tried:
		return p, answer, listed(missed)
	}
	answer, err = a.client.Send(ctx, call(p))
	return p, answer, listed(err)
}

// campaignGone says whether a campaign whose list is not found is gone, with its contacts: nil if so. A wrong subdomain answers
// 404 to everything (stated), and then the person may well be there; so a path that always exists must be found.
func (a *Adapter) campaignGone(ctx context.Context, op string) error {
	_, err := a.client.Send(ctx, waitTimes(op))
	return asRouteUnknown(err)
}

// locate finds the contact's ID in the campaign's list; empty when the lead is not in it.
func (a *Adapter) locate(ctx context.Context, p plan) (string, vendorhttp.Answer, error) {
	found, answer, err := a.findContact(ctx, p)
	switch {
	case err != nil || found == nil:
		return "", answer, err
	case found.id() == "":
		return "", answer, noContactID(p.op, answer.Status)
	}
	return found.id(), answer, nil
}

// findContact looks for the lead among the campaign's contacts; nil when it is not there.
func (a *Adapter) findContact(ctx context.Context, p plan) (*contact, vendorhttp.Answer, error) {
	contacts, answer, err := vendorhttp.Do[[]contact](ctx, a.client, p.list())
	if err != nil {
		return nil, answer, err
	}
	for i := range contacts {
		if contacts[i].is(p.leadID) {
			return &contacts[i], answer, nil
		}
	}
	if hasMore(answer.Header, len(contacts)) {
		return nil, answer, incompleteListing(p.op, answer.Status)
	}
	return nil, answer, nil
}

// notTold says that an end is recorded here alone.
func notTold() []*leadmuxv1.Warning {
	return []*leadmuxv1.Warning{vendorhttp.Warning(leadmuxv1.WarningCode_WARNING_CODE_VENDOR_NOT_TOLD, "",
		"the person is in no campaign at UJET, where nothing else could be ended; it is recorded here only")}
}

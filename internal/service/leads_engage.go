package service

import (
	"context"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// EngageLead gives a stored lead to further accounts, or again to one whose engagement is over.
func (s *LeadService) EngageLead(ctx context.Context, request *leadmuxv1.EngageLeadRequest) (*leadmuxv1.EngageLeadResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	accounts, err := s.pickAccounts(p, request.GetAccounts())
	if err != nil {
		return nil, err
	}
	if err := s.allCan(p, delivery.CreateLead, accounts); err != nil {
		return nil, err
	}
	if err := checkOptions(request.GetVendorOptions(), accounts); err != nil {
		return nil, err
	}
	key, err := s.requestKey(p.Tenant, "EngageLead", request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	lead, requests, err := s.apply(ctx, change{
		tenant: p.Tenant, leadID: request.GetLeadId(), key: key,
		write: delivery.Write{Method: delivery.CreateLead, Options: request.GetVendorOptions()},
		wait:  waitOf(request.GetWait()), validateOnly: request.GetValidateOnly(),
		edit: func(r idmap.Reader, lead *leadmuxv1.Lead) ([]*adapters.Account, error) {
			return accounts, engageable(r, p.Tenant, lead, accounts)
		},
	})
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.EngageLeadResponse{Lead: lead, VendorRequests: requests}, nil
}

// engageable says whether the lead may be given to all of the accounts. To one that it opted out at it may once the person has
// agreed again.
func engageable(r idmap.Reader, tenant string, lead *leadmuxv1.Lead, accounts []*adapters.Account) error {
	for _, account := range accounts {
		e := delivery.Engagement(lead, account.Name)
		switch {
		case delivery.Open(e):
			return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_ENGAGEMENT_OPEN,
				"the lead has an open engagement at %s; end it first", account.Name)
		case e.GetState() == leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT:
			again, err := mayEngageAgain(r, tenant, lead, account)
			if err != nil {
				return err
			}
			if !again {
				return optedOut(account)
			}
		}
	}
	return nil
}

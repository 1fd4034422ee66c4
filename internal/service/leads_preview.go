package service

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/typeid"
)

// preview shows what CreateLead would do: the same checks, the requests as they would leave, nothing stored or sent.
func (s *LeadService) preview(ctx context.Context, c *creation) (*leadmuxv1.CreateLeadResponse, error) {
	response := &leadmuxv1.CreateLeadResponse{Lead: proto.CloneOf(c.lead)}
	known := false
	err := s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		existing, err := s.duplicate(r, c)
		if err != nil || existing == "" {
			return err
		}
		known = true
		response.Lead, err = r.Lead(c.tenant, existing)
		return err
	})
	if err != nil || known {
		return response, err
	}
	c.lead.LeadId = typeid.New(typeid.Lead) // vendors know a lead by our ID; this one stands for the one it would get
	for _, account := range c.accounts {
		if e, err := s.previewKept(ctx, c.tenant, c.lead, account); e != nil || err != nil {
			if err != nil {
				return nil, err
			}
			response.Lead.Engagements = append(response.Lead.Engagements, e)
			continue
		}
		engagement, requests, err := previewAt(account, delivery.CreateLead, adapters.LeadInput{Lead: c.lead, Options: c.request.GetVendorOptions()})
		if err != nil {
			return nil, err
		}
		response.Lead.Engagements = append(response.Lead.Engagements, engagement)
		response.VendorRequests = append(response.VendorRequests, requests...)
	}
	return response, nil
}

// previewKept is the engagement of a lead at an account that a suppression keeps the person from; nil when none does.
func (s *LeadService) previewKept(ctx context.Context, tenant string, lead *leadmuxv1.Lead, account *adapters.Account) (*leadmuxv1.Engagement, error) {
	var by *leadmuxv1.Suppression
	err := s.cfg.Store.View(ctx, func(r idmap.Reader) (err error) {
		by, err = delivery.KeptFrom(r, tenant, lead, account)
		return err
	})
	if err != nil || by == nil {
		return nil, err
	}
	return delivery.SuppressedEngagement(account, by), nil
}

// previewAt is an engagement as a write would leave it at the start, and the requests that would be made. A CreateLead's is
// QUEUED, or REJECTED where nothing would be sent; other writes leave the state.
func previewAt(account *adapters.Account, rpc string, in adapters.LeadInput) (*leadmuxv1.Engagement, []*leadmuxv1.VendorRequest, error) {
	write, unsupported := delivery.WriteOf(account, rpc)
	if unsupported != nil {
		return nil, nil, unsupported
	}
	engagement := in.Engagement
	if engagement == nil {
		engagement = &leadmuxv1.Engagement{
			Account: account.Name, Vendor: account.Vendor, State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUEUED,
		}
	}
	requests, warnings, err := write.Preview(in)
	for _, w := range warnings {
		delivery.Warn(engagement, w)
	}
	var refused *adapters.Error
	if errors.As(err, &refused) {
		engagement.Error = rpcerr.Engagement(refused)
		if rpc == delivery.CreateLead {
			engagement.State = leadmuxv1.EngagementState_ENGAGEMENT_STATE_REJECTED
		}
		return engagement, nil, nil
	}
	return engagement, requests, err
}

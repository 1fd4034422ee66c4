package service

import (
	"context"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// GetCall returns a call as we know it.
func (s *CallService) GetCall(ctx context.Context, request *leadmuxv1.GetCallRequest) (*leadmuxv1.GetCallResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	call, err := callKind.get(ctx, s.cfg, p.Tenant, request.GetCallId())
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.GetCallResponse{Call: call}, mayUse(p, call.GetAccount())
}

// ListCalls returns calls, the newest first.
func (s *CallService) ListCalls(ctx context.Context, request *leadmuxv1.ListCallsRequest) (*leadmuxv1.ListCallsResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	if request.GetAccount() != "" {
		if _, err := s.cfg.named(p, request.GetAccount()); err != nil {
			return nil, err
		}
	}
	pages := s.cfg.pages(p.Tenant, "ListCalls", request)
	before, err := pages.position(request.GetPageToken())
	if err != nil {
		return nil, err
	}
	filter := idmap.SessionFilter{Account: request.GetAccount(), LeadID: request.GetLeadId()}
	if t := request.GetUpdatedAfter(); t != nil {
		filter.UpdatedAfter = t.AsTime()
	}
	if t := request.GetUpdatedBefore(); t != nil {
		filter.UpdatedBefore = t.AsTime()
	}
	response := &leadmuxv1.ListCallsResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		calls, next, err := r.ListCalls(p.Tenant, filter, before, pageSize(request.GetPageSize()))
		response.Calls, response.NextPageToken = nil, pages.token(next)
		for _, call := range calls {
			if p.May(call.GetAccount()) {
				response.Calls = append(response.Calls, call)
			}
		}
		return err
	})
	return response, err
}

// LookupCall finds a call by the vendor's ID.
func (s *CallService) LookupCall(ctx context.Context, request *leadmuxv1.LookupCallRequest) (*leadmuxv1.LookupCallResponse, error) {
	call, err := callKind.lookup(ctx, s.cfg, request.GetAccount(), request.GetVendorCallId())
	return &leadmuxv1.LookupCallResponse{Call: call}, err
}

// LinkCall ties a vendor's call to one of ours.
func (s *CallService) LinkCall(ctx context.Context, request *leadmuxv1.LinkCallRequest) (*leadmuxv1.LinkCallResponse, error) {
	call, err := callKind.link(ctx, s.cfg, "LinkCall", request, request.GetVendorCallId(), request.GetCallId())
	return &leadmuxv1.LinkCallResponse{Call: call}, err
}

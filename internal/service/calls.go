package service

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// GetCall returns a call as we know it.
func (s *CallService) GetCall(ctx context.Context, request *leadmuxv1.GetCallRequest) (*leadmuxv1.GetCallResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	call, err := s.call(ctx, p.Tenant, request.GetCallId())
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.GetCallResponse{Call: call}, mayUse(p, call.GetAccount())
}

func (s *CallService) call(ctx context.Context, tenant, callID string) (call *leadmuxv1.Call, err error) {
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		call, err = r.Call(tenant, callID)
		return callNotFound(err)
	})
	return call, err
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
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	account, err := s.cfg.named(p, request.GetAccount())
	if err != nil {
		return nil, err
	}
	response := &leadmuxv1.LookupCallResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		id, err := r.Owner(p.Tenant, idmap.VendorRef{Account: account.Name, Kind: idmap.KindCall, VendorID: request.GetVendorCallId()})
		if err == nil {
			response.Call, err = r.Call(p.Tenant, id)
		}
		return callNotFound(err)
	})
	return response, err
}

// LinkCall ties a vendor's call to one of ours.
func (s *CallService) LinkCall(ctx context.Context, request *leadmuxv1.LinkCallRequest) (*leadmuxv1.LinkCallResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	account, err := s.cfg.named(p, request.GetAccount())
	if err != nil {
		return nil, err
	}
	key, err := s.cfg.requestKey(p.Tenant, "LinkCall", request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	l := linking{
		cfg: s.cfg, caller: p, account: account, given: request.GetCallId(), field: "call_id", leadID: request.GetLeadId(), key: key,
		ref: idmap.VendorRef{Account: account.Name, Kind: idmap.KindCall, VendorID: request.GetVendorCallId()},
	}
	id, err := l.ours(ctx, func(tx idmap.Tx) (string, error) {
		var before *leadmuxv1.Call
		now := &leadmuxv1.Call{CallId: typeid.New(typeid.Call), CreateTime: timestamppb.New(s.cfg.Now())}
		if l.given != "" {
			if before, err = tx.Call(p.Tenant, l.given); err != nil {
				return "", callNotFound(err)
			}
			if err := l.unlinked(before.GetAccount(), before.GetVendorCallId()); err != nil {
				return "", err
			}
			now = proto.CloneOf(before)
		}
		now.VendorCallId, now.Accepted = l.ref.VendorID, false
		if l.leadID != "" {
			now.EndUser = &leadmuxv1.SessionEndUser{LeadId: l.leadID}
		}
		return now.GetCallId(), s.cfg.Dispatcher.PutCall(tx, p.Tenant, account, before, now)
	})
	if err != nil {
		return nil, err
	}
	call, err := s.call(ctx, p.Tenant, id)
	return &leadmuxv1.LinkCallResponse{Call: call}, err
}

package service

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// defaultPageSize is the size of a page when the request does not say.
const defaultPageSize = 50

// ListLeads returns a page of leads, newest first.
func (s *LeadService) ListLeads(ctx context.Context, request *leadmuxv1.ListLeadsRequest) (*leadmuxv1.ListLeadsResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	if request.GetAccount() != "" {
		if _, err := accountOf(s.cfg.Accounts, p, request.GetAccount()); err != nil {
			return nil, err
		}
	}
	pages := s.pages(p.Tenant, "ListLeads", request)
	before, err := pages.position(request.GetPageToken())
	if err != nil {
		return nil, err
	}
	filter := idmap.LeadFilter{
		Account: request.GetAccount(), State: request.GetState(),
		UpdatedAfter: moment(request.GetUpdatedAfter()), UpdatedBefore: moment(request.GetUpdatedBefore()),
	}
	size := pageSize(request.GetPageSize())
	response := &leadmuxv1.ListLeadsResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		leads, next, err := r.ListLeads(p.Tenant, filter, before, size)
		response.Leads, response.NextPageToken = leads, pages.token(next)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

func pageSize(asked int32) int {
	if asked == 0 {
		return defaultPageSize
	}
	return int(asked)
}

func moment(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

package service

import (
	"context"
	"errors"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// SuppressionService implements leadmux.v1.SuppressionService.
type SuppressionService struct {
	leadmuxv1.UnsafeSuppressionServiceServer
	leads *LeadService
	cfg   Config
}

var _ leadmuxv1.SuppressionServiceServer = (*SuppressionService)(nil)

// NewSuppressions makes the service of those who must not be contacted.
func NewSuppressions(leads *LeadService) *SuppressionService {
	return &SuppressionService{leads: leads, cfg: leads.cfg}
}

// sourceAPI is the source of what a caller declares without one.
const sourceAPI = "api"

// Suppress stores that a person opted out. It does not wait for the vendors.
func (s *SuppressionService) Suppress(ctx context.Context, request *leadmuxv1.SuppressRequest) (*leadmuxv1.SuppressResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	said, err := s.leads.optOut(request)
	if err != nil {
		return nil, err
	}
	made, err := s.declare(ctx, p, "Suppress", request, func(tx idmap.Tx) (delivery.Declared, error) {
		return s.cfg.Dispatcher.Suppress(tx, p.Tenant, said)
	})
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.SuppressResponse{Suppression: made[0]}, nil
}

// Reconsent stores that a person agreed again.
func (s *SuppressionService) Reconsent(ctx context.Context, request *leadmuxv1.ReconsentRequest) (*leadmuxv1.ReconsentResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	said, err := s.leads.declaration(request)
	if err != nil {
		return nil, err
	}
	said.Scope = request.GetScope()
	made, err := s.declare(ctx, p, "Reconsent", request, func(tx idmap.Tx) (delivery.Declared, error) {
		made, err := s.cfg.Dispatcher.Reconsent(tx, p.Tenant, said)
		if err == nil && len(made.Suppressions) == 0 {
			err = rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SUPPRESSION_NOT_FOUND, "no suppression of this channel holds for the person")
		}
		return made, err
	})
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.ReconsentResponse{Suppressions: made}, nil
}

// declare carries a declaration out, or finds that this request was carried out before, and returns its suppressions.
func (s *SuppressionService) declare(ctx context.Context, p auth.Principal, rpc string, request declarationRequest, do func(idmap.Tx) (delivery.Declared, error)) ([]*leadmuxv1.Suppression, error) {
	key, err := s.leads.requestKey(p.Tenant, rpc, request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	var made delivery.Declared
	err = s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		made = delivery.Declared{}
		before, err := key.before(tx, s.cfg.Now())
		if err != nil {
			return err
		}
		if before != "" {
			suppression, err := tx.Suppression(p.Tenant, before)
			made.Suppressions = []*leadmuxv1.Suppression{suppression}
			return err
		}
		if made, err = do(tx); err != nil {
			return err
		}
		return key.put(tx, made.Suppressions[0].GetSuppressionId(), s.cfg.Now())
	})
	if err != nil {
		return nil, leadNotFound(err)
	}
	s.cfg.Dispatcher.Go(p.Tenant, made.Ops)
	return made.Suppressions, nil
}

// GetSuppression returns a suppression.
func (s *SuppressionService) GetSuppression(ctx context.Context, request *leadmuxv1.GetSuppressionRequest) (*leadmuxv1.GetSuppressionResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	response := &leadmuxv1.GetSuppressionResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) (err error) {
		response.Suppression, err = r.Suppression(p.Tenant, request.GetSuppressionId())
		return err
	})
	if errors.Is(err, idmap.ErrNotFound) {
		return nil, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SUPPRESSION_NOT_FOUND, "no such suppression")
	}
	if err != nil {
		return nil, err
	}
	return response, nil
}

// ListSuppressions returns a page of suppressions, newest first.
func (s *SuppressionService) ListSuppressions(ctx context.Context, request *leadmuxv1.ListSuppressionsRequest) (*leadmuxv1.ListSuppressionsResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	pages := s.leads.pages(p.Tenant, "ListSuppressions", request)
	before, err := pages.position(request.GetPageToken())
	if err != nil {
		return nil, err
	}
	filter := idmap.SuppressionFilter{
		LeadID: request.GetLeadId(), Account: request.GetAccount(), Notice: request.GetNoticeState(), Blocking: request.GetBlocking(),
	}
	response := &leadmuxv1.ListSuppressionsResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		list, next, err := r.ListSuppressions(p.Tenant, filter, before, pageSize(request.GetPageSize()))
		response.Suppressions, response.NextPageToken = list, pages.token(next)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

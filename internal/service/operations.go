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

// OperationService implements leadmux.v1.OperationService.
type OperationService struct {
	leadmuxv1.UnsafeOperationServiceServer
	cfg Config
}

var _ leadmuxv1.OperationServiceServer = (*OperationService)(nil)

// NewOperations makes the service of operations.
func NewOperations(cfg Config) *OperationService { return &OperationService{cfg: cfg.filled()} }

// GetOperation returns an operation, with what an attempt would send now.
func (s *OperationService) GetOperation(ctx context.Context, request *leadmuxv1.GetOperationRequest) (*leadmuxv1.GetOperationResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	response := &leadmuxv1.GetOperationResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		op, err := operationOf(r, p, request.GetOperationId())
		if err != nil {
			return err
		}
		response.Operation = op
		inside(op)
		response.VendorRequests, err = s.requestsOf(r, p.Tenant, op)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// requestsOf are the requests that an attempt of the operation makes now, redacted; none where nothing would be sent.
func (s *OperationService) requestsOf(r idmap.Reader, tenant string, op *leadmuxv1.Operation) ([]*leadmuxv1.VendorRequest, error) {
	account, configured := s.cfg.Accounts.Get(tenant, op.GetAccount())
	if !configured || op.GetLeadId() == "" {
		return nil, nil
	}
	if !delivery.Can(account, op.GetMethod()) {
		return nil, nil // it is of an RPC that has no lead to send
	}
	lead, err := r.Lead(tenant, op.GetLeadId())
	if err != nil {
		return nil, err
	}
	in, err := delivery.InputOf(r, tenant, lead, account, op)
	if err != nil {
		return nil, err
	}
	_, requests, err := previewAt(account, op.GetMethod(), in)
	return requests, err
}

// ListOperations returns a page of operations, newest first.
func (s *OperationService) ListOperations(ctx context.Context, request *leadmuxv1.ListOperationsRequest) (*leadmuxv1.ListOperationsResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	if name := request.GetAccount(); name != "" && !p.May(name) {
		return nil, notAllowed(name)
	}
	pages := s.cfg.pages(p.Tenant, "ListOperations", request)
	before, err := pages.position(request.GetPageToken())
	if err != nil {
		return nil, err
	}
	filter := idmap.OperationFilter{
		State: request.GetState(), Account: request.GetAccount(), LeadID: request.GetLeadId(), Method: request.GetMethod(),
		CreatedAfter: moment(request.GetCreatedAfter()), CreatedBefore: moment(request.GetCreatedBefore()),
	}
	if len(p.Accounts) > 0 {
		filter.Accounts = p.Accounts
	}
	response := &leadmuxv1.ListOperationsResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		ops, next, err := r.ListOperations(p.Tenant, filter, before, pageSize(request.GetPageSize()))
		response.Operations, response.NextPageToken = ops, pages.token(next)
		for _, op := range ops {
			inside(op)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// inside takes out of an operation what is only for the service itself: the reply for the one who asked, and what its event is known by.
func inside(op *leadmuxv1.Operation) { op.Reply, op.Reach = nil, nil }

// operationOf reads an operation that the caller may see.
func operationOf(r idmap.Reader, p auth.Principal, id string) (*leadmuxv1.Operation, error) {
	op, err := r.Operation(p.Tenant, id)
	if errors.Is(err, idmap.ErrNotFound) { // that of an erased lead too
		return nil, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_OPERATION_NOT_FOUND, "no such operation")
	}
	if err == nil && !p.May(op.GetAccount()) {
		return nil, notAllowed(op.GetAccount())
	}
	return op, err
}

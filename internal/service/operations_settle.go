package service

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// ResolveOperation settles an operation as somebody found it at the vendor.
func (s *OperationService) ResolveOperation(ctx context.Context, request *leadmuxv1.ResolveOperationRequest) (*leadmuxv1.ResolveOperationResponse, error) {
	op, err := s.settle(ctx, "ResolveOperation", request, func(tx idmap.Tx, tenant, caller string, op *leadmuxv1.Operation) error {
		if err := checkVendorID(request, op); err != nil {
			return err
		}
		err := s.cfg.Dispatcher.Resolve(tx, tenant, op, delivery.Resolution{
			Verdict: request.GetVerdict(), Reason: request.GetReason(), By: caller, VendorLeadID: request.GetVendorLeadId(),
		})
		if errors.Is(err, idmap.ErrBound) {
			return vendorIDTaken(tx, tenant, idmap.VendorRef{Account: op.GetAccount(), Kind: idmap.KindLead, VendorID: request.GetVendorLeadId()})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.ResolveOperationResponse{Operation: op}, nil
}

// RetryOperation sends an operation again.
func (s *OperationService) RetryOperation(ctx context.Context, request *leadmuxv1.RetryOperationRequest) (*leadmuxv1.RetryOperationResponse, error) {
	op, err := s.settle(ctx, "RetryOperation", request, func(tx idmap.Tx, tenant, _ string, op *leadmuxv1.Operation) error {
		return s.cfg.Dispatcher.Retry(tx, tenant, op, request.GetAllowDuplicate())
	})
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.RetryOperationResponse{Operation: op}, nil
}

// settleRequest is what the two requests have in common.
type settleRequest interface {
	proto.Message
	GetOperationId() string
	GetRequestId() string
	GetWait() *durationpb.Duration
}

// settle changes an operation in one transaction, and waits for what follows.
func (s *OperationService) settle(
	ctx context.Context, method string, request settleRequest, do func(tx idmap.Tx, tenant, caller string, op *leadmuxv1.Operation) error,
) (*leadmuxv1.Operation, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	key, err := s.cfg.requestKey(p.Tenant, method, request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	var op *leadmuxv1.Operation
	err = s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		if op, err = operationOf(tx, p, request.GetOperationId()); err != nil {
			return err
		}
		done, err := key.before(tx, s.cfg.Now())
		if err != nil || done != "" {
			return err
		}
		if err := do(tx, p.Tenant, p.Name, op); err != nil {
			return unsettled(err)
		}
		return key.put(tx, madeBy(op), s.cfg.Now())
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Dispatcher.Changed(op.GetLeadId())
	s.cfg.Dispatcher.Wake(op.GetAccount())
	op, err = s.cfg.Dispatcher.WaitOperation(ctx, p.Tenant, op.GetLeadId(), op.GetOperationId(), waitOf(request.GetWait()))
	if err == nil {
		inside(op)
	}
	return op, err
}

// madeBy is what a request key of an operation belongs to.
func madeBy(op *leadmuxv1.Operation) string {
	if op.GetLeadId() != "" {
		return op.GetLeadId()
	}
	return op.GetOperationId()
}

// checkVendorID refuses a vendor's ID that would have no place.
func checkVendorID(request *leadmuxv1.ResolveOperationRequest, op *leadmuxv1.Operation) error {
	switch {
	case request.GetVendorLeadId() == "":
		return nil
	case request.GetVerdict() != leadmuxv1.Verdict_VERDICT_HAPPENED:
		return rpcerr.Invalid("vendor_lead_id", "leave it out: only what happened has one")
	case op.GetMethod() != delivery.CreateLead:
		return rpcerr.Invalid("vendor_lead_id", "leave it out: %s makes no lead at the vendor", op.GetMethod())
	}
	return nil
}

// unsettled puts the reason to why an operation cannot be settled so.
func unsettled(err error) error {
	var never *delivery.NotRetryableError
	switch {
	case errors.Is(err, delivery.ErrNotInDoubt):
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_OPERATION_NOT_IN_DOUBT, "the operation is not in doubt; there is nothing to resolve")
	case errors.Is(err, delivery.ErrMayDuplicate):
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_MAY_DUPLICATE,
			"the vendor may have done it already, and could do it twice; look there and resolve the operation, or set allow_duplicate")
	case errors.As(err, &never):
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_OPERATION_NOT_RETRYABLE, "the operation cannot be sent again: %s", never.Why)
	}
	return err
}

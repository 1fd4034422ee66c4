package service

import (
	"context"
	"errors"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// EraseLead forgets a person. The index knows it at once; the answer comes when the data key is dropped, so that it is true of
// copies of the index, too. A repeat finds the receipt, and drops a key that could not be dropped before.
func (s *LeadService) EraseLead(ctx context.Context, request *leadmuxv1.EraseLeadRequest) (*leadmuxv1.EraseLeadResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	leadID := request.GetLeadId()
	key, err := s.requestKey(p.Tenant, "EraseLead", request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	var ops []*leadmuxv1.Operation
	err = s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		ops = nil
		twin, err := key.before(tx, s.cfg.Now())
		if err != nil || twin != "" {
			return err
		}
		if ops, err = s.eraseIn(tx, p.Tenant, leadID); err != nil {
			return err
		}
		return key.put(tx, leadID, s.cfg.Now())
	})
	if err != nil {
		return nil, leadNotFound(err)
	}
	if err := s.cfg.Store.DropErased(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	s.cfg.Dispatcher.Changed(leadID)
	s.cfg.Dispatcher.Go(p.Tenant, ops)
	receipt, err := s.cfg.Dispatcher.WaitErased(ctx, p.Tenant, leadID, waitOf(request.GetWait()))
	if err != nil {
		return nil, leadNotFound(err)
	}
	return &leadmuxv1.EraseLeadResponse{Receipt: receipt}, nil
}

// eraseIn erases within a transaction; a lead that is erased already stays as it is.
func (s *LeadService) eraseIn(tx idmap.Tx, tenant, leadID string) ([]*leadmuxv1.Operation, error) {
	_, err := tx.Erasure(tenant, leadID)
	if !errors.Is(err, idmap.ErrNotFound) {
		return nil, err
	}
	lead, err := tx.Lead(tenant, leadID)
	if err != nil {
		return nil, err
	}
	_, ops, err := s.cfg.Dispatcher.Erase(tx, tenant, lead)
	return ops, err
}

package service

import (
	"context"
	"errors"
	"maps"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// batchCommit is how many leads of a batch share one transaction: enough to pay for its sync, few enough not to hold up others.
const batchCommit = 100

// batchItem is one request among many on its way: what is known of it so far, or why it failed.
type batchItem struct {
	creation *creation
	err      error
	shown    *leadmuxv1.CreateLeadResponse // it was only to be validated
	leadID   string
	existed  bool // the lead was there before
}

// BatchCreateLeads creates many leads, in the order asked. They are queued at the priority BULK rather than sent at once, however
// few they are, so that a single lead of somebody else does not wait behind them: were a small batch interactive, an import cut
// into small batches would be too. A caller for whom seconds count uses CreateLead.
func (s *LeadService) BatchCreateLeads(ctx context.Context, request *leadmuxv1.BatchCreateLeadsRequest) (*leadmuxv1.BatchCreateLeadsResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	until := s.cfg.Now().Add(waitOf(request.GetWait()))
	items := make([]*batchItem, len(request.GetRequests()))
	for i, one := range request.GetRequests() {
		items[i] = s.batchItem(ctx, p, one)
	}
	lot := delivery.Lot{}
	for rest := items; len(rest) > 0; {
		n := min(batchCommit, len(rest))
		if err := s.acceptBatch(ctx, p.Tenant, lot, rest[:n]); err != nil {
			failAll(rest[:n], err)
		}
		rest = rest[n:]
	}
	response := &leadmuxv1.BatchCreateLeadsResponse{}
	for _, item := range items {
		response.Results = append(response.Results, s.resultOf(ctx, p.Tenant, item, until))
	}
	return response, nil
}

// batchItem prepares one request.
func (s *LeadService) batchItem(ctx context.Context, p auth.Principal, request *leadmuxv1.CreateLeadRequest) *batchItem {
	c, err := s.prepare(p, request)
	if err != nil {
		return &batchItem{err: err}
	}
	if request.GetValidateOnly() {
		shown, err := s.preview(ctx, c)
		return &batchItem{shown: shown, err: err}
	}
	c.priority = leadmuxv1.Priority_PRIORITY_BULK
	return &batchItem{creation: c}
}

// acceptBatch accepts those that are to be created in one transaction, as the next of their lot. What one is refused for is its own; an error says that the
// index failed, for all of them.
func (s *LeadService) acceptBatch(ctx context.Context, tenant string, lot delivery.Lot, items []*batchItem) error {
	var creating []*batchItem
	for _, item := range items {
		if item.creation != nil {
			creating = append(creating, item)
		}
	}
	if len(creating) == 0 {
		return nil
	}
	var ops []*leadmuxv1.Operation
	var turns delivery.Lot
	err := s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		ops, turns = nil, maps.Clone(lot)
		for _, item := range creating {
			item.creation.lot = turns
			made, err := s.acceptIn(tx, item.creation, nil)
			if err == nil && made.existed { // but perhaps not any more
				_, err = tx.Lead(tenant, made.leadID)
				err = leadNotFound(err)
			}
			if err != nil && !deliberate(err) {
				return err
			}
			item.leadID, item.existed, item.err = made.leadID, made.existed && err == nil, err
			ops = append(ops, made.ops...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	maps.Copy(lot, turns)
	s.cfg.Dispatcher.Go(tenant, ops)
	return nil
}

// resultOf is the result of one item of a batch, after a wait for the vendors where it was accepted.
func (s *LeadService) resultOf(ctx context.Context, tenant string, item *batchItem, until time.Time) *leadmuxv1.BatchCreateLeadsResult {
	lead, err := item.shown.GetLead(), item.err
	if err == nil && item.creation != nil {
		lead, err = s.cfg.Dispatcher.Wait(ctx, tenant, item.leadID, max(0, until.Sub(s.cfg.Now())))
		err = leadNotFound(err)
	}
	if err != nil {
		st := rpcerr.Status(ctx, s.cfg.Logger, err)
		return &leadmuxv1.BatchCreateLeadsResult{Result: &leadmuxv1.BatchCreateLeadsResult_Status{Status: proto.CloneOf(st.Proto())}}
	}
	return &leadmuxv1.BatchCreateLeadsResult{
		Result: &leadmuxv1.BatchCreateLeadsResult_Lead{Lead: lead}, VendorRequests: item.shown.GetVendorRequests(),
	}
}

// deliberate says whether an error is a refusal that was decided before anything was written.
func deliberate(err error) bool {
	_, ok := errors.AsType[*rpcerr.Error](err)
	return ok
}

// failAll fails those that were to be created.
func failAll(items []*batchItem, err error) {
	for _, item := range items {
		if item.creation != nil {
			item.err = err
		}
	}
}

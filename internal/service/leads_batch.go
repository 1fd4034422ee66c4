package service

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// batchCommit is how many leads of a batch share one transaction: enough to pay for its sync, few enough not to hold up others.
const batchCommit = 100

// batchItem is one request of a batch on its way.
type batchItem struct {
	creation *creation
	result   *leadmuxv1.BatchCreateLeadsResult
	leadID   string
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
	for rest := items; len(rest) > 0; {
		n := min(batchCommit, len(rest))
		s.acceptBatch(ctx, p.Tenant, rest[:n])
		rest = rest[n:]
	}
	response := &leadmuxv1.BatchCreateLeadsResponse{}
	for _, item := range items {
		s.finishItem(ctx, p.Tenant, item, until)
		response.Results = append(response.Results, item.result)
	}
	return response, nil
}

// batchItem prepares one request; its result is set already when it is refused or only validated.
func (s *LeadService) batchItem(ctx context.Context, p auth.Principal, request *leadmuxv1.CreateLeadRequest) *batchItem {
	item := &batchItem{}
	c, err := s.prepare(p, request)
	switch {
	case err != nil:
		item.result = s.failedItem(ctx, err)
	case request.GetValidateOnly():
		shown, err := s.preview(ctx, c)
		if err != nil {
			item.result = s.failedItem(ctx, err)
			return item
		}
		item.result = &leadmuxv1.BatchCreateLeadsResult{
			Result: &leadmuxv1.BatchCreateLeadsResult_Lead{Lead: shown.GetLead()}, VendorRequests: shown.GetVendorRequests(),
		}
	default:
		item.creation = c
		c.priority = leadmuxv1.Priority_PRIORITY_BULK
	}
	return item
}

// acceptBatch accepts some items in one transaction. What one is refused for is its own; when the index fails, it fails for all.
func (s *LeadService) acceptBatch(ctx context.Context, tenant string, items []*batchItem) {
	var ops []*leadmuxv1.Operation
	refused := make([]error, len(items))
	err := s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		ops = nil
		for i, item := range items {
			if item.creation == nil {
				continue
			}
			made, err := s.acceptIn(tx, item.creation, nil)
			if refused[i] = err; err != nil && !deliberate(err) {
				return err
			}
			item.leadID = made.leadID
			ops = append(ops, made.ops...)
		}
		return nil
	})
	if err == nil {
		s.cfg.Dispatcher.Go(tenant, ops)
	}
	for i, item := range items {
		if failure := firstOf(err, refused[i]); item.creation != nil && failure != nil {
			item.result = s.failedItem(ctx, failure)
		}
	}
}

// finishItem waits for one accepted item.
func (s *LeadService) finishItem(ctx context.Context, tenant string, item *batchItem, until time.Time) {
	if item.result != nil {
		return
	}
	lead, err := s.cfg.Dispatcher.Wait(ctx, tenant, item.leadID, max(0, until.Sub(s.cfg.Now())))
	if err != nil {
		item.result = s.failedItem(ctx, leadNotFound(err))
		return
	}
	item.result = &leadmuxv1.BatchCreateLeadsResult{Result: &leadmuxv1.BatchCreateLeadsResult_Lead{Lead: lead}}
}

func (s *LeadService) failedItem(ctx context.Context, err error) *leadmuxv1.BatchCreateLeadsResult {
	st := rpcerr.Status(ctx, s.cfg.Logger, err)
	return &leadmuxv1.BatchCreateLeadsResult{Result: &leadmuxv1.BatchCreateLeadsResult_Status{Status: proto.CloneOf(st.Proto())}}
}

// deliberate says whether an error is a refusal that was decided before anything was written.
func deliberate(err error) bool {
	_, ok := errors.AsType[*rpcerr.Error](err)
	return ok
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package service

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sync/semaphore"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// The service reads this far ahead of the results of an import. Beyond it, flow control stops the sender.
const (
	importAhead      = batchCommit
	importAheadBytes = 8 << 20
)

// ImportLeads creates leads as they come: what has arrived is made durable in one transaction, and answered, before more is taken.
// A sender that waits for each result before it sends the next pays a transaction for each, and one that does not shares them.
func (s *LeadService) ImportLeads(stream leadmuxv1.LeadService_ImportLeadsServer) error {
	p, err := principal(stream.Context())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	in := &importInbox{items: make(chan *leadmuxv1.ImportLeadsRequest, importAhead), room: semaphore.NewWeighted(importAheadBytes)}
	go in.read(ctx, stream)
	lot := delivery.Lot{}
	for batch := in.next(); len(batch) > 0; batch = in.next() {
		results, err := s.importBatch(ctx, p, lot, batch)
		if err != nil {
			return err
		}
		for _, result := range results {
			if err := stream.Send(result); err != nil {
				return err
			}
		}
		for _, item := range batch {
			in.room.Release(weight(item))
		}
	}
	return in.end
}

// importBatch takes in what has arrived and returns the results, in order. It fails only with the index: that is no result of a lead.
func (s *LeadService) importBatch(ctx context.Context, p auth.Principal, lot delivery.Lot, batch []*leadmuxv1.ImportLeadsRequest) ([]*leadmuxv1.ImportLeadsResponse, error) {
	items := make([]*batchItem, len(batch))
	for i, one := range batch {
		items[i] = s.importItem(ctx, p, one.GetRequest())
	}
	if err := s.acceptBatch(ctx, p.Tenant, lot, items); err != nil {
		return nil, err
	}
	results := make([]*leadmuxv1.ImportLeadsResponse, len(batch))
	for i, item := range items {
		result := &leadmuxv1.ImportLeadsResponse{
			RequestId: batch[i].GetRequest().GetRequestId(), Position: batch[i].GetPosition(), Existed: item.existed,
		}
		switch {
		case item.err != nil:
			st := rpcerr.Status(ctx, s.cfg.Logger, item.err)
			result.Result = &leadmuxv1.ImportLeadsResponse_Status{Status: proto.CloneOf(st.Proto())}
		case item.shown != nil:
			result.Result = &leadmuxv1.ImportLeadsResponse_Valid{Valid: true}
		default:
			result.Result = &leadmuxv1.ImportLeadsResponse_LeadId{LeadId: item.leadID}
		}
		results[i] = result
	}
	return results, nil
}

// importItem is batchItem after the checks that a call of its own would have gone through.
func (s *LeadService) importItem(ctx context.Context, p auth.Principal, request *leadmuxv1.CreateLeadRequest) *batchItem {
	if request == nil {
		return &batchItem{err: rpcerr.Invalid("request", "is needed")}
	}
	if err := s.cfg.Rules.Check(request); err != nil {
		return &batchItem{err: err}
	}
	if request.GetRequestId() == "" {
		return &batchItem{err: rpcerr.Invalid("request_id", "is needed: without your own key of the lead, a resumed import would make it twice")}
	}
	return s.batchItem(ctx, p, request)
}

// importInbox holds what has arrived of an import and has no result yet.
type importInbox struct {
	items chan *leadmuxv1.ImportLeadsRequest
	room  *semaphore.Weighted // bytes
	end   error               // why nothing more comes; read it once items is closed
}

// read receives until the sender is done or ctx ends, as far ahead as there is room.
func (in *importInbox) read(ctx context.Context, stream leadmuxv1.LeadService_ImportLeadsServer) {
	defer close(in.items)
	for {
		item, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = in.room.Acquire(ctx, weight(item))
		}
		if err != nil {
			in.end = err
			return
		}
		select {
		case in.items <- item:
		case <-ctx.Done():
			in.end = ctx.Err()
			return
		}
	}
}

// next waits for an item and returns it with all that have come behind it, at most batchCommit; none at the end.
func (in *importInbox) next() []*leadmuxv1.ImportLeadsRequest {
	item, more := <-in.items
	if !more {
		return nil
	}
	batch := []*leadmuxv1.ImportLeadsRequest{item}
	for len(batch) < batchCommit {
		select {
		case item, more := <-in.items:
			if !more {
				return batch
			}
			batch = append(batch, item)
		default:
			return batch
		}
	}
	return batch
}

func weight(item *leadmuxv1.ImportLeadsRequest) int64 {
	return min(int64(proto.Size(item)), importAheadBytes)
}

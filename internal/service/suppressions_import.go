package service

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

const (
	// importBatch is how many persons of a list are stored in one transaction.
	importBatch = 100
	// maxRefused bounds how many refused messages an answer names.
	maxRefused = 1000
)

// suppressionImport is one ImportSuppressions on its way.
type suppressionImport struct {
	s        *SuppressionService
	tenant   string
	response *leadmuxv1.ImportSuppressionsResponse
	waiting  []importedSuppression
}

type importedSuppression struct {
	index int32
	said  delivery.Declaration
}

// ImportSuppressions stores a list of persons who opted out elsewhere, in batches as they come.
func (s *SuppressionService) ImportSuppressions(stream grpc.ClientStreamingServer[leadmuxv1.ImportSuppressionsRequest, leadmuxv1.ImportSuppressionsResponse]) error {
	ctx := stream.Context()
	p, err := principal(ctx)
	if err != nil {
		return err
	}
	in := &suppressionImport{s: s, tenant: p.Tenant, response: &leadmuxv1.ImportSuppressionsResponse{}}
	for index := int32(0); ; index++ {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(err, in.flush(context.WithoutCancel(ctx))) // what came is meant
		}
		if err := in.take(ctx, index, request); err != nil {
			return err
		}
	}
	if err := in.flush(ctx); err != nil {
		return err
	}
	return stream.SendAndClose(in.response)
}

// take checks a message and stores what waits when it is enough.
func (in *suppressionImport) take(ctx context.Context, index int32, request *leadmuxv1.ImportSuppressionsRequest) error {
	said, err := in.s.leads.optOut(request.GetSuppression())
	if err != nil {
		in.refuse(index, err)
		return nil
	}
	in.waiting = append(in.waiting, importedSuppression{index, said})
	if len(in.waiting) < importBatch {
		return nil
	}
	return in.flush(ctx)
}

// flush stores what waits in one transaction. A person who cannot be stored, because the lead is not there, is refused alone.
func (in *suppressionImport) flush(ctx context.Context) error {
	var ops []*leadmuxv1.Operation
	var stored, known int32
	var refused map[int32]error
	err := in.s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		ops, stored, known, refused = nil, 0, 0, map[int32]error{}
		for _, one := range in.waiting {
			made, err := in.s.cfg.Dispatcher.Suppress(tx, in.tenant, one.said)
			if errors.Is(err, idmap.ErrNotFound) {
				refused[one.index] = leadNotFound(err)
				continue
			}
			if err != nil {
				return err
			}
			ops = append(ops, made.Ops...)
			stored++
			if made.Known {
				known++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, one := range in.waiting {
		if err := refused[one.index]; err != nil {
			in.refuse(one.index, err)
		}
	}
	in.response.StoredCount += stored
	in.response.KnownCount += known
	in.waiting = nil
	in.s.cfg.Dispatcher.Go(in.tenant, ops)
	return nil
}

// refuse records that a message was refused.
func (in *suppressionImport) refuse(index int32, err error) {
	in.response.RefusedCount++
	if len(in.response.GetRefused()) >= maxRefused {
		return
	}
	in.response.Refused = append(in.response.Refused, &leadmuxv1.RefusedSuppression{
		Index: index, Status: rpcerr.Status(context.Background(), in.s.cfg.Logger, err).Proto(),
	})
}

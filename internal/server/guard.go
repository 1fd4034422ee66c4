package server

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// guard holds the steps that decide whether and how long a call may run.
type guard struct {
	cfg     Config
	set     settings
	streams context.Context
}

// Why a stream is ended from here.
var (
	errEnding    = errors.New("the service is stopping")
	errWithdrawn = errors.New("the caller's key is no longer valid")
)

// deadline gives every unary call one, and ends streams when the server drains. Streams have no deadline of their own.
func (g guard) deadline(ctx context.Context, c *call, next func(context.Context) error) error {
	if c.unary {
		ctx, cancel := context.WithTimeout(ctx, g.allowance(ctx, c.req))
		defer cancel()
		return next(ctx)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(g.streams, func() { cancel(errEnding) })() //nolint:contextcheck // the server's own end, not the call's
	err := next(ctx)
	ending, said := errors.Is(context.Cause(ctx), errEnding), saysEnding(err)
	switch {
	case err != nil && ending && !said:
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SHUTTING_DOWN, "the service is stopping; take up the stream again elsewhere")
	case said && !ending && ctx.Err() != nil: // the handler knows only that its context has ended: the caller has gone
		return ctx.Err()
	}
	return err
}

// saysEnding says whether a handler's error is that the service stops: one that can tell the caller from where to go on.
func saysEnding(err error) bool {
	e, ok := errors.AsType[*rpcerr.Error](err)
	return ok && e.Reason == leadmuxv1.ErrorReason_ERROR_REASON_SHUTTING_DOWN
}

// allowance is how long a unary call may take: what the caller asked for, at most callMax; callDefault when the caller has
// no deadline, or more when the request itself asks us to wait longer.
func (g guard) allowance(ctx context.Context, req proto.Message) time.Duration {
	if _, brought := ctx.Deadline(); brought {
		return g.set.callMax // the caller's own, if shorter, stays in force
	}
	return min(max(g.set.callDefault, waitOf(req)+g.set.waitOverhead), g.set.callMax)
}

// waitOf is the request's field "wait", which long-waiting RPCs have by convention; 0 when there is none.
func waitOf(req proto.Message) time.Duration {
	if req == nil {
		return 0
	}
	m := req.ProtoReflect()
	field := m.Descriptor().Fields().ByName("wait")
	if field == nil || field.Message() == nil || !m.Has(field) {
		return 0
	}
	wait, ok := m.Get(field).Message().Interface().(*durationpb.Duration)
	if !ok {
		return 0
	}
	return wait.AsDuration()
}

// authenticate refuses unknown methods first (the API is public, so that tells nobody anything), then unknown callers.
func (g guard) authenticate(ctx context.Context, c *call, next func(context.Context) error) error {
	if !c.known {
		return errNoSuchMethod()
	}
	ctx, err := g.caller(ctx, c.method)
	if err != nil {
		return err
	}
	c.principal, c.tenant = g.cfg.Describe(ctx)
	if c.unary {
		return next(ctx)
	}
	return g.whileValid(ctx, next)
}

// caller puts into ctx who calls a method, or fails.
func (g guard) caller(ctx context.Context, method string) (context.Context, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	authorization, err := oneAuthorization(md.Get("authorization"))
	if err != nil {
		return nil, err
	}
	return g.cfg.Authenticate(ctx, method, authorization)
}

// whileValid runs a stream until its caller loses the key. A unary call is too short to bother.
func (g guard) whileValid(ctx context.Context, next func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer g.cfg.Withdrawn(ctx, func() { cancel(errWithdrawn) })()
	err := next(ctx)
	if errors.Is(context.Cause(ctx), errWithdrawn) {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED, "the API key was withdrawn or changed during the call")
	}
	return err
}

// limit takes the call from the caller's quota. Probes have none.
func (g guard) limit(ctx context.Context, c *call, next func(context.Context) error) error {
	if !strings.HasPrefix(c.method, healthPrefix) {
		if err := g.cfg.Limit(ctx); err != nil {
			return err
		}
	}
	return next(ctx)
}

// oneAuthorization is the one Authorization value. Two are refused: which of them counts must not depend on who reads them.
func oneAuthorization(values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	default:
		return "", rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED, "more than one Authorization was sent")
	}
}

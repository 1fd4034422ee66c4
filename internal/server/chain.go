package server

import (
	"context"
	"log/slog"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/leadmux/leadmux/internal/failpoint"
)

// step is one link of the chain. It sees unary calls and streams alike and calls next at most once.
type step func(ctx context.Context, c *call, next func(context.Context) error) error

// chain is what every call runs through, in the order of steps. The network server and the in-process connection of the
// gateway share one chain.
type chain struct {
	steps   []step
	known   map[string]bool // registered methods; complete before the first call
	names   []string        // registered services
	logger  *slog.Logger
	metrics *metrics
	checker *checker
	running running

	set   settings
	guard guard
}

func newChain(streams context.Context, cfg Config, set settings, metrics *metrics) (*chain, error) {
	checker, err := newChecker()
	if err != nil {
		return nil, err
	}
	ch := &chain{
		known: map[string]bool{}, logger: cfg.Logger, metrics: metrics, checker: checker, set: set,
		guard: guard{cfg: cfg, set: set, streams: streams},
	}
	ch.steps = []step{
		ch.requestID, ch.measure, ch.log, ch.convert, ch.recover, ch.guard.deadline, ch.guard.authenticate, ch.guard.limit, ch.check,
	}
	return ch, nil
}

func (ch *chain) run(ctx context.Context, c *call, handler func(context.Context) error) error {
	c.known = ch.known[c.method]
	return ch.from(0, c, handler)(ctx)
}

func (ch *chain) from(i int, c *call, handler func(context.Context) error) func(context.Context) error {
	if i == len(ch.steps) {
		return handler
	}
	return func(ctx context.Context) error { return ch.steps[i](ctx, c, ch.from(i+1, c, handler)) }
}

// unary is the chain as a grpc.UnaryServerInterceptor.
func (ch *chain) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	message, _ := req.(proto.Message)
	var res any
	err := ch.run(ctx, &call{method: info.FullMethod, unary: true, req: message}, func(ctx context.Context) error {
		var err error
		res, err = handler(ctx, req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// stream is the chain as a grpc.StreamServerInterceptor.
func (ch *chain) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return ch.run(ss.Context(), &call{method: info.FullMethod}, func(ctx context.Context) error {
		return handler(srv, &stream{ServerStream: ss, ctx: ctx, method: info.FullMethod, twoWay: info.IsClientStream, chain: ch})
	})
}

// services are the names of the registered services.
func (ch *chain) services() []string { return ch.names }

// requestID finds out who asks, and tells a gRPC caller the ID that the log has; over REST the HTTP side already did.
func (ch *chain) requestID(ctx context.Context, c *call, next func(context.Context) error) error {
	ch.running.start()
	defer ch.running.end()
	ctx = c.identify(ctx)
	if c.transport == transportGRPC {
		_ = grpc.SetHeader(ctx, metadata.Pairs(requestIDKey, c.requestID))
	}
	return next(ctx)
}

// check validates a unary request; the messages of a stream are validated as they come.
func (ch *chain) check(ctx context.Context, c *call, next func(context.Context) error) error {
	if c.req != nil {
		if err := ch.checker.check(ctx, c.method, c.req); err != nil {
			return err
		}
		failpoint.Here(failpoint.RequestDecoded)
	}
	return next(ctx)
}

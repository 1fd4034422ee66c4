package server

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// measure counts the call and its time.
func (ch *chain) measure(ctx context.Context, c *call, next func(context.Context) error) error {
	flying := ch.metrics.inFlight.WithLabelValues(c.transport)
	flying.Inc()
	defer flying.Dec()
	err := next(ctx)
	ch.metrics.done(c.label(), status.Code(err).String(), c.transport, time.Since(c.start))
	return err
}

// log writes the call's one line. No body, no header and no metadata goes into it.
func (ch *chain) log(ctx context.Context, c *call, next func(context.Context) error) error {
	err := next(ctx)
	st := status.Convert(err)
	writeLine(ctx, ch.logger, lineLevel(c.method, st.Code()), line{
		method: c.label(), code: st.Code().String(), reason: reasonOf(st), took: time.Since(c.start), principal: c.principal,
		tenant: c.tenant, transport: c.transport, requestID: c.requestID, peer: c.peer,
	})
	return err
}

// line is what the log says of one request.
type line struct {
	method, code, reason, principal, tenant, transport, requestID, peer string
	took                                                                time.Duration
}

func writeLine(ctx context.Context, logger *slog.Logger, level slog.Level, l line) {
	logger.LogAttrs(ctx, level, "request",
		slog.String("method", l.method), slog.String("code", l.code), slog.String("reason", l.reason),
		slog.Float64("duration_ms", float64(l.took.Microseconds())/1000),
		slog.String("principal", l.principal), slog.String("tenant", l.tenant), slog.String("transport", l.transport),
		slog.String("request_id", l.requestID), slog.String("peer", l.peer))
}

// lineLevel: probes come every second and say nothing; a fault of ours must stand out.
func lineLevel(method string, code codes.Code) slog.Level {
	switch {
	case strings.HasPrefix(method, healthPrefix) && code == codes.OK:
		return slog.LevelDebug
	case code == codes.Internal || code == codes.Unknown || code == codes.DataLoss:
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}

const healthPrefix = "/grpc.health.v1.Health/"

// reasonOf is the reason in a status's ErrorInfo; empty when it has none.
func reasonOf(st *status.Status) string {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

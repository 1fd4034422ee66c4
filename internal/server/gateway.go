package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// gateway turns REST into calls of the in-process connection. What a request may hold is decided in strict.go, before the
// generated code sees it.
type gateway struct {
	logger   *slog.Logger
	checkKey func(string) error
	routes   *routes
	conn     grpc.ClientConnInterface
	mux      *runtime.ServeMux
}

// forwarded are the request headers that reach the services as metadata; Authorization always does. passed are those the
// gateway itself needs beside them. No other header gets past ServeHTTP, so nothing can be slipped in as Grpc-Metadata-*,
// X-Forwarded-*, Grpc-Timeout or X-HTTP-Method-Override.
var (
	forwarded = map[string]string{
		"Idempotency-Key": "idempotency-key", "X-Request-Id": requestIDKey, "Traceparent": "traceparent",
	}
	passed = []string{"Authorization", "Accept", "Last-Event-Id"}
)

func newGateway(cfg Config, conn grpc.ClientConnInterface) (*gateway, error) {
	routes, err := newRoutes()
	if err != nil {
		return nil, err
	}
	g := &gateway{logger: cfg.Logger, checkKey: cfg.CheckKey, routes: routes, conn: conn}
	plain := runtime.JSONPb{
		MarshalOptions:   protojson.MarshalOptions{EmitUnpopulated: false, UseProtoNames: false},
		UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: false},
	}
	g.mux = runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &plain),
		runtime.WithMarshalerOption(eventStream, &eventStreamMarshaler{plain}),
		runtime.WithIncomingHeaderMatcher(func(key string) (string, bool) {
			name, ok := forwarded[key]
			return name, ok
		}),
		// No response metadata leaves: the only header of ours, X-Request-Id, is set by front.
		runtime.WithOutgoingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithOutgoingTrailerMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptReserved),
		runtime.WithMiddlewares(g.strict),
		runtime.WithErrorHandler(g.handleError),
		runtime.WithStreamErrorHandler(func(ctx context.Context, err error) *status.Status { return g.statusOf(ctx, err) }),
		runtime.WithRoutingErrorHandler(g.handleRouting),
	)
	ctx := context.Background()
	return g, errors.Join(
		leadmuxv1.RegisterLeadServiceHandlerClient(ctx, g.mux, leadmuxv1.NewLeadServiceClient(conn)),
		leadmuxv1.RegisterAccountServiceHandlerClient(ctx, g.mux, leadmuxv1.NewAccountServiceClient(conn)),
		leadmuxv1.RegisterEventServiceHandlerClient(ctx, g.mux, leadmuxv1.NewEventServiceClient(conn)),
		leadmuxv1.RegisterOperationServiceHandlerClient(ctx, g.mux, leadmuxv1.NewOperationServiceClient(conn)),
		leadmuxv1.RegisterSuppressionServiceHandlerClient(ctx, g.mux, leadmuxv1.NewSuppressionServiceClient(conn)),
		registerForwarded(ctx, g.mux, conn),
		leadmuxv1.RegisterSubscriptionServiceHandlerClient(ctx, g.mux, leadmuxv1.NewSubscriptionServiceClient(conn)),
	)
}

// ServeHTTP asks for the key before anything is read from the body.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	authorization, err := oneAuthorization(r.Header.Values("Authorization"))
	if err == nil {
		err = g.checkKey(authorization)
	}
	if err == nil {
		_, err = idempotencyKey(r.Header.Values("Idempotency-Key"))
	}
	if err != nil {
		refuse(w, r, g.logger, err)
		return
	}
	contentType := r.Header.Get("Content-Type")
	r.Header = allowed(r.Header)
	if b := g.routes.file(r.Method, r.URL.EscapedPath()); b != nil {
		g.serveFile(w, r, b, contentType)
		return
	}
	g.sse(r)
	g.mux.ServeHTTP(w, r)
}

// allowed is what is left of the request's headers. The body is always JSON, whatever a client such as curl calls it, but for that of a file.
func allowed(h http.Header) http.Header {
	kept := http.Header{"Content-Type": {"application/json"}}
	for name := range forwarded {
		if values := h.Values(name); len(values) > 0 {
			kept[name] = values
		}
	}
	for _, name := range passed {
		if values := h.Values(name); len(values) > 0 {
			kept[name] = values
		}
	}
	return kept
}

func (g *gateway) handleError(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	writeStatus(w, r, g.statusOf(ctx, err), 0)
}

// statusOf converts what the gateway reports: our own statuses pass; what it says of itself is put into our words, because
// its texts quote values.
func (g *gateway) statusOf(ctx context.Context, err error) *status.Status {
	st, isStatus := status.FromError(err)
	var routing *runtime.HTTPStatusError
	switch {
	case errors.As(err, &routing), isStatus && st.Code() == codes.InvalidArgument && reasonOf(st) == "":
		err = malformed("the request is not what this method takes")
	case isStatus && st.Code() == codes.Canceled && reasonOf(st) == "":
		err = context.Canceled
	case isStatus && st.Code() == codes.DeadlineExceeded && reasonOf(st) == "":
		err = context.DeadlineExceeded
	}
	return rpcerr.Status(ctx, g.logger, err)
}

func (g *gateway) handleRouting(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, httpStatus int) {
	switch httpStatus {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", strings.Join(g.routes.allow(r.URL.EscapedPath()), ", "))
		writeStatus(w, r, errNotAllowed().GRPCStatus(), httpStatus)
	case http.StatusNotFound:
		writeStatus(w, r, errNoSuchPath().WithCode(codes.NotFound).GRPCStatus(), httpStatus)
	default:
		writeStatus(w, r, malformed("the path is not valid").GRPCStatus(), httpStatus)
	}
}

package server

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

const apiPrefix = "/v1/"

// front is the first handler of the public HTTP listener: request ID, headers, body limit, one log line, and the choice of
// who answers.
type front struct {
	logger   *slog.Logger
	metrics  *metrics
	set      settings
	routes   *routes
	handlers map[string]http.Handler // by path; a key that ends in "/" takes everything below it
}

func publicHandlers(extra map[string]http.Handler, gateway http.Handler, docs *docs, health http.Handler) map[string]http.Handler {
	handlers := map[string]http.Handler{
		apiPrefix:       gateway,
		"/healthz":      getOnly(health),
		"/openapi.json": getOnly(http.HandlerFunc(docs.specification)),
		"/docs":         getOnly(http.HandlerFunc(docs.page)),
	}
	for path, handler := range extra {
		handlers[path] = handler
	}
	return handlers
}

// ServeHTTP answers one request.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start, rest := time.Now(), newRestCall(r)
	r = r.WithContext(context.WithValue(r.Context(), restCallKey{}, rest))
	rec := newResponse(w, f.set.writeChunk)
	secure(rec.Header())
	rec.Header().Set("X-Request-Id", rest.requestID)
	name, handler := pick(f.handlers, r.URL.Path)
	defer func() { f.finish(r, rec, rest, name, start) }()
	defer f.recovered(rec, r, rest)
	if r.ProtoMajor == 1 && r.ContentLength != 0 {
		rec.body = &watched{ReadCloser: r.Body}
		r.Body = rec.body
	}
	limit := f.bodyLimit(name, r)
	if r.ContentLength > int64(limit) {
		refuse(rec, r, f.logger, errTooLarge(limit))
		return
	}
	r.Body = http.MaxBytesReader(rec, r.Body, int64(limit))
	if handler == nil {
		refuse(rec, r, f.logger, errNoSuchPath().WithCode(codes.NotFound))
		return
	}
	handler.ServeHTTP(rec, r)
	if failpoint.On && name == apiPrefix {
		rec.Flush()
		failpoint.Here(failpoint.AnswerSent)
	}
}

// bodyLimit is how many bytes the body may have: what the method behind the request takes, where there is one.
func (f *front) bodyLimit(name string, r *http.Request) int {
	if name != apiPrefix {
		return f.set.maxMessage
	}
	if b := f.routes.file(r.Method, r.URL.EscapedPath()); b != nil {
		return b.file.bodyLimit(r.Header.Get("Content-Type"))
	}
	return f.set.messageLimit(f.routes.label(r.Method, r.URL.EscapedPath()))
}

// recovered must be deferred. A panic that reaches it came from no call, because the chain recovers those.
func (f *front) recovered(rec *response, r *http.Request, rest *restCall) {
	p := recover()
	if p == nil {
		return
	}
	err := panicked(r.Context(), f.logger.With(slog.String("request_id", rest.requestID)), p)
	if rec.status != 0 {
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to cut off an answer that is under way
	}
	refuse(rec, r, f.logger, err)
}

// finish logs and counts the request, unless it became a call: then the chain has done so.
func (f *front) finish(r *http.Request, rec *response, rest *restCall, name string, start time.Time) {
	if rest.served.Load() {
		return
	}
	l := line{
		method: name, code: strconv.Itoa(rec.statusCode()), reason: rec.reason, took: time.Since(start),
		transport: transportHTTP, requestID: rest.requestID, peer: rest.peer.Addr.String(),
	}
	level := slog.LevelInfo
	switch name {
	case apiPrefix:
		l.transport, l.method = transportREST, f.routes.label(r.Method, r.URL.EscapedPath())
		if rec.refused {
			l.code = rec.code.String()
		}
	case "":
		l.method = unknownMethod
	case "/healthz":
		level = slog.LevelDebug
	}
	f.metrics.done(l.method, l.code, l.transport, l.took)
	writeLine(r.Context(), f.logger, level, l)
}

// pick finds the handler for a path, the longest key first; "" and nil when there is none. http.ServeMux would answer an
// unclean path with a redirect in a shape of its own.
func pick(handlers map[string]http.Handler, path string) (string, http.Handler) {
	if handler, exact := handlers[path]; exact {
		return path, handler
	}
	best := ""
	for key := range handlers {
		if strings.HasSuffix(key, "/") && strings.HasPrefix(path, key) && len(key) > len(best) {
			best = key
		}
	}
	return best, handlers[best]
}

// secure sets the headers every answer has. No CORS header is ever sent, so browsers keep other sites out.
func secure(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

func getOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			writeStatus(w, r, errNotAllowed().GRPCStatus(), http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func errNoSuchPath() *rpcerr.Error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD, "there is no such path; /openapi.json lists those there are")
}

func errNotAllowed() *rpcerr.Error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD, "this path does not take that HTTP method; Allow names those it takes")
}

// refuse answers with an error of any kind.
func refuse(w http.ResponseWriter, r *http.Request, logger *slog.Logger, err error) {
	writeStatus(w, r, rpcerr.Status(r.Context(), logger, err), 0)
}

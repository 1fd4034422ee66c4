package server

import (
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"

	"github.com/leadmux/leadmux/internal/rpcerr"
)

// watched is a request's body that knows whether it was read to its end.
type watched struct {
	io.ReadCloser
	ended bool
}

// Read reads on.
func (b *watched) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.ended = true
	}
	return n, err
}

// response is the ResponseWriter of every public request. Each write has a deadline of its own, so that a caller who does not
// read cannot hold a handler, and a stream may last.
type response struct {
	http.ResponseWriter
	control *http.ResponseController
	chunk   time.Duration
	status  int
	body    *watched // nil when the request has none, or none that an early answer would wait for

	refused bool // writeStatus has answered, with:
	code    codes.Code
	reason  string
}

func newResponse(w http.ResponseWriter, chunk time.Duration) *response {
	return &response{ResponseWriter: w, control: http.NewResponseController(w), chunk: chunk}
}

// Unwrap lets http.ResponseController find what the connection can do.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader notes the status.
func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write writes within the time a chunk has.
func (w *response) Write(data []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	_ = w.control.SetWriteDeadline(time.Now().Add(w.chunk))
	return w.ResponseWriter.Write(data)
}

// Flush sends what was written; the gateway's streams need it.
func (w *response) Flush() { _ = w.control.Flush() }

func (w *response) statusCode() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// writeStatus answers with google.rpc.Status as JSON. httpStatus 0 takes the one that goes with the reason or the code.
func writeStatus(w http.ResponseWriter, r *http.Request, st *status.Status, httpStatus int) {
	reason := reasonOf(st)
	if httpStatus == 0 {
		httpStatus = httpStatusOf(st, reason)
	}
	if rec, ok := w.(*response); ok {
		if rec.status != 0 {
			return // an answer is under way
		}
		rec.refused, rec.code, rec.reason = true, st.Code(), reason
	}
	body, err := protojson.Marshal(st.Proto())
	if err != nil {
		body = []byte(`{"code":13,"message":"the error cannot be shown"}`)
	}
	h := w.Header()
	if rec, ok := w.(*response); ok && rec.body != nil && !rec.body.ended {
		h.Set("Connection", "close") // net/http would read the body before it sends this answer
	}
	h.Del("Trailer")
	h.Del("Transfer-Encoding")
	h.Set("Content-Type", "application/json")
	if httpStatus == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if after := retryAfter(st); after > 0 {
		h.Set("Retry-After", strconv.Itoa(after))
	}
	w.WriteHeader(httpStatus)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) //nolint:gosec // JSON, and nosniff keeps it so
	}
}

func httpStatusOf(st *status.Status, reason string) int {
	if special, ok := rpcerr.HTTPStatus(reason); ok {
		return special
	}
	return runtime.HTTPStatusFromCode(st.Code())
}

// retryAfter is RetryInfo in whole seconds, rounded up; 0 when there is none.
func retryAfter(st *status.Status) int {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return int(math.Ceil(info.GetRetryDelay().AsDuration().Seconds()))
		}
	}
	return 0
}

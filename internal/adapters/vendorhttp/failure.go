package vendorhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/retryafter"
)

// What is wrong with an answer, as it stands in logs.
var (
	errNotJSON = errors.New("the answer is not the JSON expected")
	errPage    = errors.New("the answer is a page of HTML, which the vendor does not send")
	errTooLong = errors.New("the answer is longer than 2 MiB")
	errBroken  = errors.New("the connection broke, or what came was no HTTP")
)

// statusKinds is the table by status; 5xx is KindUnavailable, and what is not here is KindUnknown.
var statusKinds = map[int]adapters.Kind{
	http.StatusBadRequest:          adapters.KindInvalid,
	http.StatusUnprocessableEntity: adapters.KindInvalid,
	http.StatusUnauthorized:        adapters.KindCredentials,
	http.StatusForbidden:           adapters.KindCredentials,
	http.StatusNotFound:            adapters.KindNotFound,
	http.StatusGone:                adapters.KindNotFound,
	http.StatusConflict:            adapters.KindConflict,
	http.StatusRequestTimeout:      adapters.KindTimeout,
	http.StatusTooManyRequests:     adapters.KindRateLimited,
}

// textDecides has the refusals that mean one thing or another by their text: whether it is the path that is not known or the object, the
// values that are wrong or the intake that is closed. Where the text broke off they are no answer; they had no effect all the same.
var textDecides = map[int]bool{
	http.StatusBadRequest: true, http.StatusForbidden: true, http.StatusNotFound: true, http.StatusGone: true, http.StatusUnprocessableEntity: true,
}

// refused is the failure that an answer other than 2xx is.
func (c *Client) refused(call Call, a Answer) *adapters.Error {
	e := &adapters.Error{Kind: statusKinds[a.Status], Status: a.Status}
	fault := a.Status >= 500
	if fault {
		e.Kind = adapters.KindUnavailable
	}
	// A fault may come after the work was done; so may a time-out of theirs.
	e.Ambiguous = fault || a.Status == http.StatusRequestTimeout
	if a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable {
		e.RetryAfter = retryafter.Read(a.Header, c.line.now(), maxRetryAfter)
	}
	decode := c.decode
	if call.Decode != nil {
		decode = call.Decode
	}
	if decode == nil {
		return e
	}
	d := decode(a)
	if d.HasKind {
		e.Kind = d.Kind
	}
	if d.Ambiguous != nil {
		e.Ambiguous = *d.Ambiguous
	}
	if d.RetryAfter > 0 {
		e.RetryAfter = min(d.RetryAfter, maxRetryAfter)
	}
	e.Code, e.Message, e.Fields = d.Code, d.Message, d.Fields
	return e
}

// unanswered is the failure of a request that got no answer. It is ambiguous once a connection was there to send it on.
func unanswered(ctx context.Context, err error, connected bool) *adapters.Error {
	e := &adapters.Error{Kind: adapters.KindUnavailable, Ambiguous: connected, Cause: harmless(ctx, err)}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		e.Kind = adapters.KindTimeout
	}
	return e
}

// harmless is err without the URL, which may hold a person in its path or query, and without any byte the vendor sent: the
// HTTP library quotes malformed answers.
func harmless(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	if t, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return t
	}
	for _, known := range []error{io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errBroken
}

// requestIDHeaders are where gateways put their ID of a request.
var requestIDHeaders = []string{"X-Request-Id", "X-Amzn-Requestid", "X-Amz-Apigw-Id", "Cf-Ray"}

var requestIDText = regexp.MustCompile(`^[A-Za-z0-9._:/=+-]{1,100}$`)

// RequestID is the vendor's ID of the request, for its support desk; empty when there is none of a sane form.
func (a Answer) RequestID() string {
	for _, name := range requestIDHeaders {
		if id := a.Header.Get(name); requestIDText.MatchString(id) {
			return id
		}
	}
	return ""
}

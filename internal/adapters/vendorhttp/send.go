package vendorhttp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/failpoint"
)

// Call is one request to make.
type Call struct {
	// Op is our RPC, for errors and metrics.
	Op string
	// Route is the name of the route.
	Route string
	// Vars fill the placeholders of the route's path in.
	Vars map[string]string
	// Query is appended to the path; may be nil.
	Query url.Values
	// Header is set on the request beneath what the client sets itself; may be nil.
	Header http.Header
	// Body is sent as JSON, or as it is when it is Raw; nil for none.
	Body any
	// Longest is the longest body that is read of a success, in bytes; 0 for the common limit.
	Longest int
	// Decode reads the vendor's errors instead of the client's own decoder; may be nil.
	Decode func(Answer) Decoded
	// target is asked instead of a route.
	target *route
}

// Raw is a body that is no JSON.
type Raw struct {
	ContentType string
	Bytes       []byte
}

// Send makes a request; any 2xx but a page of HTML is success. A non-nil error is *adapters.Error.
func (c *Client) Send(ctx context.Context, call Call) (Answer, error) {
	return c.exchange(ctx, call, func(Answer) *adapters.Error { return nil })
}

// Do makes a request and decodes a 2xx answer from JSON. A non-nil error is *adapters.Error; a success that is no such JSON is
// KindBadAnswer and ambiguous.
func Do[T any](ctx context.Context, c *Client, call Call) (T, Answer, error) {
	var out T
	a, err := c.exchange(ctx, call, func(a Answer) *adapters.Error {
		if err := json.Unmarshal(a.Body, &out); err != nil {
			return &adapters.Error{Kind: adapters.KindBadAnswer, Status: a.Status, Ambiguous: true, Cause: errNotJSON}
		}
		return nil
	})
	return out, a, err
}

// exchange is one request with everything around it: accept looks at a 2xx answer.
func (c *Client) exchange(ctx context.Context, call Call, accept func(Answer) *adapters.Error) (Answer, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
	}
	req, bad := c.request(ctx, call)
	if bad == nil {
		bad = c.line.enter(ctx)
	}
	if bad != nil {
		return Answer{}, c.finish(call, Answer{}, bad, 0)
	}
	start := time.Now()
	a, bad := c.roundTrip(req, cmp.Or(call.Longest, maxAnswer))
	a.Route = call.Route
	if bad == nil {
		bad = c.judge(call, a, accept)
	}
	c.line.leave(ctx, bad)
	return a, c.finish(call, a, bad, time.Since(start))
}

// judge turns an answer into a failure, or nil.
func (c *Client) judge(call Call, a Answer, accept func(Answer) *adapters.Error) *adapters.Error {
	if a.Status < 200 || a.Status > 299 {
		return c.refused(call, a)
	}
	if a.isPage() {
		return &adapters.Error{Kind: adapters.KindBadAnswer, Status: a.Status, Ambiguous: true, Cause: errPage}
	}
	return accept(a)
}

// isPage says whether the answer is a page for people, which no API sends: a proxy, a captive portal or a firewall spoke.
func (a Answer) isPage() bool {
	start := bytes.ToLower(bytes.TrimSpace(a.Body[:min(len(a.Body), 64)]))
	return strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") ||
		bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

// finish completes a failure and tells the observer.
func (c *Client) finish(call Call, a Answer, e *adapters.Error, took time.Duration) error {
	kind := "ok"
	if e != nil {
		kind = e.Kind.String()
		e.Vendor, e.Op, e.RequestID = c.vendor, call.Op, a.RequestID()
	}
	if c.observe != nil {
		c.observe(Attempt{Vendor: c.vendor, Account: c.account, Op: call.Op, Status: a.Status, Kind: kind, Duration: took})
	}
	if e == nil {
		return nil
	}
	return e
}

// request builds the request. It fails only by our own doing, before anything is sent.
func (c *Client) request(ctx context.Context, call Call) (*http.Request, *adapters.Error) {
	r, ok := c.routes[call.Route]
	if call.target != nil {
		r, ok = *call.target, true
	}
	if !ok {
		return nil, &adapters.Error{Kind: adapters.KindNotSupported, Cause: fmt.Errorf("no route %q", call.Route)}
	}
	path, err := expand(r.Path, call.Vars)
	if err != nil {
		return nil, &adapters.Error{Kind: adapters.KindInvalid, Cause: err}
	}
	address := c.base + path
	if len(call.Query) > 0 {
		address += "?" + call.Query.Encode()
	}
	body, err := encode(call.Body)
	if err != nil {
		return nil, &adapters.Error{Kind: adapters.KindInvalid, Cause: errors.New("the request body cannot be written as JSON")}
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, address, reader(body))
	if err != nil {
		return nil, &adapters.Error{Kind: adapters.KindInvalid, Cause: errors.New("the request's address is not valid")}
	}
	c.headers(req.Header, call, body != nil)
	return req, nil
}

// headers sets the headers of a request, credentials last so that nothing can replace them.
func (c *Client) headers(h http.Header, call Call, hasBody bool) {
	h.Set("Accept", "application/json")
	h.Set("User-Agent", "leadmux")
	if raw, ok := call.Body.(Raw); ok {
		h.Set("Content-Type", raw.ContentType)
	} else if hasBody {
		h.Set("Content-Type", "application/json")
	}
	for name, values := range call.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	c.auth(h)
}

// encode writes a body, as JSON without the escapes meant for web pages; nil for none.
func encode(body any) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	if raw, ok := body.(Raw); ok {
		return raw.Bytes, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func reader(body []byte) io.Reader {
	if body == nil {
		return nil
	}
	return bytes.NewReader(body)
}

// roundTrip sends the request and reads the whole answer.
func (c *Client) roundTrip(req *http.Request, longest int) (Answer, *adapters.Error) {
	var connected atomic.Bool
	// GetConn fires again when the HTTP library tries another connection, which it does only when nothing of a write went
	// out on the first.
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) {
			connected.Store(true)
			c.line.slots.Leave(req.Context()) // the last moment before the first byte
		},
	}
	resp, err := c.http.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		return Answer{}, unanswered(req.Context(), err, connected.Load())
	}
	failpoint.Here(failpoint.AnswerComing)
	defer func() { _ = resp.Body.Close() }()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	a.Body, err = io.ReadAll(io.LimitReader(resp.Body, int64(longest)+1))
	switch {
	case err != nil && textDecides[a.Status]:
		return a, &adapters.Error{Kind: adapters.KindBadAnswer, Status: a.Status, Cause: harmless(req.Context(), err)}
	case a.Status < 200 || a.Status > 299:
		// The status decides; what could be read of the body may still say more.
		a.Body = a.Body[:min(len(a.Body), maxAnswer)]
		return a, nil
	case err != nil:
		return a, &adapters.Error{Kind: adapters.KindBadAnswer, Status: a.Status, Ambiguous: true, Cause: harmless(req.Context(), err)}
	case len(a.Body) > longest:
		return a, &adapters.Error{Kind: adapters.KindBadAnswer, Status: a.Status, Ambiguous: true, Cause: errTooLong}
	}
	return a, nil
}

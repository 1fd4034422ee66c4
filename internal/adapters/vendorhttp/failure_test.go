package vendorhttp

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

func TestTableByStatus(t *testing.T) {
	for status, want := range map[int]struct {
		kind      adapters.Kind
		ambiguous bool
	}{
		301: {adapters.KindUnknown, false}, 304: {adapters.KindUnknown, false},
		400: {adapters.KindInvalid, false}, 422: {adapters.KindInvalid, false},
		401: {adapters.KindCredentials, false}, 403: {adapters.KindCredentials, false},
		404: {adapters.KindNotFound, false}, 410: {adapters.KindNotFound, false},
		409: {adapters.KindConflict, false}, 408: {adapters.KindTimeout, true},
		429: {adapters.KindRateLimited, false}, 418: {adapters.KindUnknown, false},
		500: {adapters.KindUnavailable, true}, 501: {adapters.KindUnavailable, true},
		503: {adapters.KindUnavailable, true}, 599: {adapters.KindUnavailable, true},
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "9")
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		})
		_, err := client(t, s.URL).Send(t.Context(), create())
		e := failed(t, err)
		if e.Kind != want.kind || e.Ambiguous != want.ambiguous || e.Status != status {
			t.Errorf("%d: got %v, ambiguous %t; want %s, %t", status, e, e.Ambiguous, want.kind, want.ambiguous)
		}
		if e.Vendor != "acme" || e.Op != "CreateLead" {
			t.Errorf("%d: got vendor %q, op %q", status, e.Vendor, e.Op)
		}
		if asked := status == 429 || status == 503; (e.RetryAfter == 9*time.Second) != asked {
			t.Errorf("%d: got retry after %s", status, e.RetryAfter)
		}
	}
}

func TestEvery2xxIsSuccess(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204, 226, 299} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		answer, err := client(t, s.URL).Send(t.Context(), create())
		if err != nil || answer.Status != status {
			t.Errorf("%d: got %d, %v", status, answer.Status, err)
		}
	}
}

func TestDecoder(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-RequestId", "amz-7")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "the body")
	})
	fields := []*leadmuxv1.FieldViolation{{Field: "lead.phone"}}
	c := client(t, s.URL, func(cfg *Config) {
		cfg.Decode = func(a Answer) Decoded {
			if a.Route != "CreateLead" || a.Status != 500 || string(a.Body) != "the body" {
				t.Errorf("got %s %d %q", a.Route, a.Status, a.Body)
			}
			return Decoded{Kind: adapters.KindUnknown, HasKind: true, Code: "E7", Message: "known", Fields: fields,
				RetryAfter: 2 * time.Hour, Ambiguous: new(false)}
		}
	})
	_, err := c.Send(t.Context(), create())
	e := failed(t, err)
	if e.Kind != adapters.KindUnknown || e.Ambiguous || e.Code != "E7" || e.Message != "known" || len(e.Fields) != 1 ||
		e.RetryAfter != time.Hour || e.RequestID != "amz-7" {
		t.Errorf("got %+v", e)
	}
}

func TestBadAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"HTML":       "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
		"empty":      "HTTP/1.1 204 No Content\r\n\r\n",
		"other type": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"ID\":77}",
		"half":       "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"ID\":\"7\"}",
		"too long":   "HTTP/1.1 200 OK\r\n\r\n{\"ID\":\"7\"}" + strings.Repeat(" ", maxAnswer),
	} {
		_, _, err := Do[struct{ ID string }](t.Context(), client(t, listener(t, answer)), create())
		e := failed(t, err)
		if e.Kind != adapters.KindBadAnswer || !e.Ambiguous {
			t.Errorf("%s: got %v, ambiguous %t; want bad_answer, true", name, e, e.Ambiguous)
		}
		if strings.Contains(e.Error(), "77") {
			t.Errorf("%s: the error shows the answer: %v", name, e)
		}
	}
}

// TestTheStatusOfALongRefusalCounts: the cap must not hide what the vendor said by its status.
func TestTheStatusOfALongRefusalCounts(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, strings.Repeat("x", maxAnswer+10))
	})
	var length int
	c := client(t, s.URL, func(cfg *Config) {
		cfg.Decode = func(a Answer) Decoded { length = len(a.Body); return Decoded{} }
	})
	_, err := c.Send(t.Context(), create())
	if e := failed(t, err); e.Kind != adapters.KindConflict || length != maxAnswer {
		t.Errorf("got %v, with %d bytes of body", e, length)
	}
}

// TestErrorsShowNobody lets the vendor answer in ways that Go's client quotes in its errors.
func TestErrorsShowNobody(t *testing.T) {
	for name, answer := range map[string]string{
		"no HTTP":     person + "\r\n\r\n",
		"bad status":  "HTTP/1.1 " + person + "\r\n\r\n",
		"bad header":  "HTTP/1.1 200 OK\r\n" + person + "\r\n\r\n",
		"bad length":  "HTTP/1.1 200 OK\r\nContent-Length: " + person + "\r\n\r\n",
		"bad coding":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + person + "\r\n\r\n",
		"bad chunk":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + person + "\r\n",
		"nothing":     "",
		"bad request": "HTTP/1.1 400 Bad\r\nX-Request-Id: " + person + "\r\nContent-Length: 17\r\n\r\n" + person,
	} {
		call := create()
		call.Query = url.Values{"email": {person}}
		_, err := client(t, listener(t, answer)).Send(t.Context(), call)
		e := failed(t, err)
		for _, part := range []string{person, "grace%40example", "/leads"} {
			if strings.Contains(e.Error()+e.RequestID, part) {
				t.Errorf("%s: %q shows in %q %q", name, part, e, e.RequestID)
			}
		}
		if name != "bad request" && !e.Ambiguous {
			t.Errorf("%s: the request went out, want ambiguous", name)
		}
	}
}

func TestTimeouts(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	call := create()
	call.Body = nil // with a body unread, the server does not see the client hang up
	_, err := client(t, s.URL).Send(ctx, call)
	if e := failed(t, err); e.Kind != adapters.KindTimeout || !e.Ambiguous {
		t.Errorf("got %v, ambiguous %t; want timeout, true", e, e.Ambiguous)
	}
}

func TestNoConnectionIsNotAmbiguous(t *testing.T) {
	s := serve(t, nil)
	s.Close()
	_, err := client(t, s.URL).Send(t.Context(), create())
	e := failed(t, err)
	if e.Kind != adapters.KindUnavailable || e.Ambiguous || e.Status != 0 {
		t.Errorf("got %v, ambiguous %t", e, e.Ambiguous)
	}
}

// TestTheLastConnectionDecides plays what Go's client does when a reused connection turns out to be closed before a byte of a
// write went out: it asks for another one, and here gets none.
func TestTheLastConnectionDecides(t *testing.T) {
	c := client(t, "http://127.0.0.1:1")
	c.http.Transport = waitless(func(r *http.Request) (*http.Response, error) {
		trace := httptrace.ContextClientTrace(r.Context())
		trace.GetConn("127.0.0.1:1")
		trace.GotConn(httptrace.GotConnInfo{Reused: true})
		trace.GetConn("127.0.0.1:1")
		return nil, io.EOF
	})
	_, err := c.Send(t.Context(), create())
	if e := failed(t, err); e.Ambiguous {
		t.Errorf("got %v as ambiguous, although nothing can have been sent", e)
	}
}

func TestAStoppedLineSendsNothing(t *testing.T) {
	arrived := 0
	s := serve(t, func(http.ResponseWriter, *http.Request) { arrived++ })
	line := NewLine(LineConfig{})
	c := client(t, s.URL, func(cfg *Config) { cfg.Line = line })
	line.Stop(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_CREDENTIALS_REFUSED)
	_, err := c.Send(t.Context(), create())
	if e := failed(t, err); e.Kind != adapters.KindAccountStopped || e.Ambiguous || arrived != 0 {
		t.Errorf("got %v, ambiguous %t, %d requests", e, e.Ambiguous, arrived)
	}
	if _, err := c.Send(Probe(t.Context()), create()); err != nil || arrived != 1 {
		t.Errorf("the probe: %v, %d requests", err, arrived)
	}
	if h := line.Health(); !h.GetStopped() {
		t.Error("a good probe resumed the line by itself; that is the caller's to decide")
	}
}

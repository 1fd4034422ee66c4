package vendorhttp

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
)

func TestTheRequestOnTheWire(t *testing.T) {
	var seen *http.Request
	var body []byte
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("X-Request-Id", "req-1")
		_, _ = io.WriteString(w, `{"id":"7"}`)
	})
	c := client(t, s.URL+"/v1/", func(cfg *Config) {
		cfg.Auth = func(h http.Header) { h.Set("X-Key", "hunter2") }
	})
	got, answer, err := Do[struct{ ID string }](t.Context(), c, Call{
		Op: "EndLead", Route: "EndLead", Vars: map[string]string{"id": "a/b c"},
		Query:  url.Values{"q": {"x y"}},
		Header: http.Header{"x-key": {"forged"}, "Accept": {"text/plain"}},
		Body:   map[string]string{"text": "<b>R&D</b>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != "7" || answer.Status != http.StatusOK || answer.RequestID() != "req-1" {
		t.Errorf("got %+v, %d, %q", got, answer.Status, answer.RequestID())
	}
	if seen.Method != "PUT" || seen.RequestURI != "/v1/leads/a%2Fb%20c/end?q=x+y" {
		t.Errorf("got %s %s", seen.Method, seen.RequestURI)
	}
	if want := `{"text":"<b>R&D</b>"}`; string(body) != want {
		t.Errorf("got body %s, want %s", body, want)
	}
	for name, want := range map[string]string{
		"X-Key": "hunter2", "Accept": "text/plain", "Content-Type": "application/json", "User-Agent": "leadmux",
	} {
		if got := seen.Header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("header %s is %q, want %q once", name, got, want)
		}
	}
}

func TestACallThatIsNotOneSendsNothing(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
	c := client(t, s.URL)
	for name, want := range map[string]struct {
		call Call
		kind adapters.Kind
	}{
		"no such route":    {Call{Op: "X", Route: "X"}, adapters.KindNotSupported},
		"no ID":            {Call{Op: "EndLead", Route: "EndLead"}, adapters.KindInvalid},
		"body not JSON":    {Call{Op: "CreateLead", Route: "CreateLead", Body: func() {}}, adapters.KindInvalid},
		"dots for an ID":   {Call{Op: "EndLead", Route: "EndLead", Vars: map[string]string{"id": ".."}}, adapters.KindInvalid},
		"person for an ID": {Call{Op: "EndLead", Route: "EndLead", Vars: map[string]string{"name": person}}, adapters.KindInvalid},
	} {
		_, err := c.Send(t.Context(), want.call)
		e := failed(t, err)
		if e.Kind != want.kind || e.Ambiguous || strings.Contains(e.Error(), person) {
			t.Errorf("%s: got %v, ambiguous %t", name, e, e.Ambiguous)
		}
	}
}

func TestObserve(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusConflict)
		}
	})
	var seen []Attempt
	line := NewLine(LineConfig{})
	c := client(t, s.URL, func(cfg *Config) {
		cfg.Line, cfg.Observe = line, func(a Attempt) { seen = append(seen, a) }
	})
	_, _ = c.Send(t.Context(), create())
	_, _ = c.Send(t.Context(), Call{Op: "EndLead", Route: "EndLead", Vars: map[string]string{"id": "7"}})
	line.Stop(1)
	_, _ = c.Send(t.Context(), create())
	want := []Attempt{
		{"acme", "west", "CreateLead", 200, "ok", 0},
		{"acme", "west", "EndLead", 409, "conflict", 0},
		{"acme", "west", "CreateLead", 0, "account_stopped", 0},
	}
	if len(seen) != len(want) {
		t.Fatalf("got %d attempts, want %d", len(seen), len(want))
	}
	for i := range want {
		if sent := want[i].Status != 0; (seen[i].Duration > 0) != sent {
			t.Errorf("attempt %d took %s", i, seen[i].Duration)
		}
		seen[i].Duration = 0
		if seen[i] != want[i] {
			t.Errorf("attempt %d: got %+v, want %+v", i, seen[i], want[i])
		}
	}
}

// TestNoWriteTwice drops the connection of a write that went out on a reused connection, where Go's client is most eager to
// try again.
func TestNoWriteTwice(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		var arrived atomic.Int32
		s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			if arrived.Add(1) > 1 {
				panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to cut off an answer
			}
		})
		c := client(t, s.URL, func(cfg *Config) { cfg.Override = map[string]string{"CreateLead": method + " /leads"} })
		if _, err := c.Send(t.Context(), create()); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		_, err := c.Send(t.Context(), create())
		if e := failed(t, err); e.Kind != adapters.KindUnavailable || !e.Ambiguous {
			t.Errorf("%s: got %v, ambiguous %t", method, e, e.Ambiguous)
		}
		if got := arrived.Load(); got != 2 {
			t.Errorf("%s: the vendor saw %d requests, want 2", method, got)
		}
	}
}

// waitless is a transport that looks at the context.
type waitless func(*http.Request) (*http.Response, error)

func (w waitless) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

func TestEveryRequestHasADeadline(t *testing.T) {
	c := client(t, "http://127.0.0.1:1")
	var left time.Duration
	c.http.Transport = waitless(func(r *http.Request) (*http.Response, error) {
		at, _ := r.Context().Deadline()
		left = time.Until(at)
		return nil, io.EOF
	})
	_, _ = c.Send(context.Background(), create())
	if left < defaultTimeout-5*time.Second || left > defaultTimeout {
		t.Errorf("%s were left, want %s", left, defaultTimeout)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = serve(t, nil).Config.ErrorLog
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	s.StartTLS()
	defer s.Close()
	c := client(t, s.URL)
	c.http.Transport.(*http.Transport).TLSClientConfig.RootCAs = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	_, err := c.Send(t.Context(), create())
	if e := failed(t, err); e.Kind != adapters.KindUnavailable || e.Ambiguous {
		t.Errorf("got %v, ambiguous %t; want unavailable, false", e, e.Ambiguous)
	}
}

func TestAnUnknownCertificateIsRefused(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }))
	s.Config.ErrorLog = serve(t, nil).Config.ErrorLog
	s.StartTLS()
	defer s.Close()
	_, err := client(t, s.URL).Send(t.Context(), create())
	if e := failed(t, err); e.Kind != adapters.KindUnavailable || e.Ambiguous {
		t.Errorf("got %v, ambiguous %t; want unavailable, false", e, e.Ambiguous)
	}
}

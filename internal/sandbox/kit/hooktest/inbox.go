// Package hooktest is a client's endpoint for tests of emulators that send
// webhooks. Only tests may import it.
package hooktest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// patience is how long a test waits for deliveries.
const patience = 20 * time.Second

// Delivery is one request that the endpoint got.
type Delivery struct {
	// Path is the URL's path, Header the headers, Body the raw body.
	Path   string
	Header http.Header
	Body   string
}

// Inbox is an endpoint on loopback that takes everything.
type Inbox struct {
	// URL is its root; any path under it is taken.
	URL string

	mu     sync.Mutex
	got    []Delivery
	status int
	answer string
}

// New serves an inbox until the test ends.
func New(t *testing.T) *Inbox {
	t.Helper()
	in := &Inbox{status: http.StatusOK}
	server := httptest.NewServer(in)
	t.Cleanup(server.Close)
	in.URL = server.URL
	return in
}

// Answer makes it answer so from now on; at first it is 200 without a body.
func (in *Inbox) Answer(status int, body string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.status, in.answer = status, body
}

// ServeHTTP implements http.Handler.
func (in *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender has gone
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.got = append(in.got, Delivery{r.URL.Path, r.Header, string(raw)})
	w.WriteHeader(in.status)
	_, _ = io.WriteString(w, in.answer) // a sender that is gone needs no answer
}

// Settled waits until the emulator has no webhook left to send, and returns what
// has come in, in order.
func (in *Inbox) Settled(t *testing.T, hooks *kit.Hooks) []Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := hooks.List()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(list, func(h kit.Hook) bool { return h.State == kit.HookWaiting }) {
			in.mu.Lock()
			defer in.mu.Unlock()
			return slices.Clone(in.got)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("webhooks are still waiting")
		}
	}
}

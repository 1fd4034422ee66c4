package harness

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Receiver is an endpoint of a subscription: it keeps what it takes, and takes nothing that the reference library of Standard Webhooks
// does not find well signed.
type Receiver struct {
	URL string

	mu     sync.Mutex
	hooks  []*standardwebhooks.Webhook // one for each secret
	status int                         // its answer; 0 for 200
	bodies map[string]map[string]any   // by webhook-id
	times  map[string]int
}

// NewReceiver starts an endpoint that ends with the test.
func NewReceiver(tb testing.TB) *Receiver {
	tb.Helper()
	r := &Receiver{bodies: map[string]map[string]any{}, times: map[string]int{}}
	server := httptest.NewServer(r)
	tb.Cleanup(server.Close)
	r.URL = server.URL + "/hook"
	return r
}

// Subscribe makes a subscription of all that happens, and trusts its secret.
func (r *Receiver) Subscribe(tb testing.TB, c Client, in *leadmuxv1.CreateSubscriptionRequest) *leadmuxv1.Subscription {
	tb.Helper()
	if in.GetSubscription() == nil {
		in.Subscription = &leadmuxv1.Subscription{}
	}
	in.Subscription.Url = r.URL
	out := &leadmuxv1.CreateSubscriptionResponse{}
	c.Must(tb, "SubscriptionService.CreateSubscription", in, out)
	r.Trust(tb, out.GetSecret())
	return out.GetSubscription()
}

// Trust makes these the only secrets that the receiver knows.
func (r *Receiver) Trust(tb testing.TB, secrets ...string) {
	tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks = nil
	for _, secret := range secrets {
		hook, err := standardwebhooks.NewWebhook(secret)
		must(tb, err)
		r.hooks = append(r.hooks, hook)
	}
}

// Answer makes every answer this one; 0 for the usual one.
func (r *Receiver) Answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// ServeHTTP takes a delivery.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	var event map[string]any
	good := func(hook *standardwebhooks.Webhook) bool { return hook.Verify(body, req.Header) == nil }
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case !slices.ContainsFunc(r.hooks, good):
		w.WriteHeader(http.StatusUnauthorized)
	case r.status != 0:
		w.WriteHeader(r.status)
	case json.Unmarshal(body, &event) != nil:
		w.WriteHeader(http.StatusBadRequest)
	default:
		id := req.Header.Get("webhook-id")
		r.bodies[id] = event
		r.times[id]++
	}
}

// Taken are the events that were taken, by their IDs.
func (r *Receiver) Taken() map[string]map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.bodies)
}

// Times is how often an event was taken.
func (r *Receiver) Times(eventID string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.times[eventID]
}

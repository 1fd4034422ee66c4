package subscription_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/outbound"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/subscription"
	"github.com/leadmux/leadmux/internal/typeid"
)

const tenant = "acme"

const (
	hmac      = leadmuxv1.SignatureKind_SIGNATURE_KIND_HMAC
	pair      = leadmuxv1.SignatureKind_SIGNATURE_KIND_ED25519
	pending   = leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_PENDING
	delivered = leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_DELIVERED
	failed    = leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_FAILED
	skipped   = leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_SKIPPED
)

// rig is a Hooks over a real index and real sockets, with a clock that the test sets.
type rig struct {
	*testing.T
	store    *boltmap.Store
	hooks    *subscription.Hooks
	registry *prometheus.Registry
	jitter   float64

	mu  sync.Mutex
	now time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	secret, err := seal.NewSecret(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	if r.store, err = boltmap.Open(boltmap.Config{Dir: t.TempDir(), Secret: secret}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.stop()
		report, err := r.store.Verify(context.Background())
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("the index: %v %v", report.Problems, err)
		}
		if err := r.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// start begins to send, for the first time or again after stop.
func (r *rig) start() {
	r.Helper()
	r.registry = prometheus.NewRegistry()
	r.hooks = subscription.New(subscription.Config{
		Store: r.store, Sender: outbound.NewSender(outbound.Config{AllowLoopback: true}), Logger: slog.New(slog.DiscardHandler), Registry: r.registry,
		Body: func(_ string, event *leadmuxv1.Event) ([]byte, error) { return protojson.Marshal(event) },
		Now:  r.clock, Jitter: func() float64 { return r.jitter },
	})
	if err := r.hooks.Start(context.Background()); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) stop() {
	if r.hooks != nil {
		r.hooks.Close(context.Background())
	}
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// advance sets the clock and has every subscription look at it.
func (r *rig) advance(to time.Time, subs ...string) {
	r.mu.Lock()
	r.now = to
	r.mu.Unlock()
	for _, id := range subs {
		r.hooks.Changed(tenant, id)
	}
}

func (r *rig) update(fn func(tx idmap.Tx) error) {
	r.Helper()
	if err := r.store.Update(context.Background(), fn); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) view(fn func(r idmap.Reader) error) {
	r.Helper()
	if err := r.store.View(context.Background(), fn); err != nil {
		r.Fatal(err)
	}
}

// subscribe stores a subscription that begins at the start of the log.
func (r *rig) subscribe(url string, kind leadmuxv1.SignatureKind, change ...func(*leadmuxv1.Subscription)) idmap.Subscription {
	r.Helper()
	sub := idmap.Subscription{
		Public: &leadmuxv1.Subscription{SubscriptionId: typeid.New(typeid.Subscription), Url: url, Signature: kind},
		Keys:   []idmap.SigningKey{subscription.NewKey(kind, r.clock())},
	}
	for _, c := range change {
		c(sub.Public)
	}
	subscription.Touch(sub.Public, r.clock())
	r.update(func(tx idmap.Tx) error {
		start, _, err := tx.LogBounds(tenant)
		if err == nil {
			err = tx.PutSubscription(tenant, sub)
		}
		if err == nil {
			err = tx.PutProgress(tenant, sub.Public.GetSubscriptionId(), idmap.Progress{Place: start})
		}
		return err
	})
	if r.hooks != nil {
		r.hooks.Changed(tenant, sub.Public.GetSubscriptionId())
	}
	return sub
}

// happen appends events about leads, one transaction for all, and returns their IDs.
func (r *rig) happen(leads ...string) (ids []string) {
	r.Helper()
	r.update(func(tx idmap.Tx) error {
		ids = nil
		for _, lead := range leads {
			if lead != "" {
				if err := tx.PutLead(tenant, &leadmuxv1.Lead{LeadId: lead}); err != nil {
					return err
				}
			}
			event := &leadmuxv1.Event{EventId: typeid.New(typeid.Event), Type: "lead.updated", LeadId: lead, ReceiveTime: timestamppb.New(r.clock())}
			if err := tx.AppendEvent(tenant, event); err != nil {
				return err
			}
			ids = append(ids, event.GetEventId())
		}
		return nil
	})
	return ids
}

// deliveries are those of a subscription, the oldest first.
func (r *rig) deliveries(sub idmap.Subscription) (all []*leadmuxv1.WebhookDelivery) {
	r.Helper()
	r.view(func(read idmap.Reader) error {
		all = nil
		for before, more := "", true; more; more = before != "" {
			list, next, err := read.ListOutgoing(tenant, sub.Public.GetSubscriptionId(), idmap.OutgoingFilter{}, before, 500)
			if err != nil {
				return err
			}
			all, before = append(all, list...), next
		}
		return nil
	})
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

func (r *rig) line(sub idmap.Subscription) (line idmap.OutgoingLine) {
	r.Helper()
	r.view(func(read idmap.Reader) (err error) {
		line, err = read.OutgoingLine(tenant, sub.Public.GetSubscriptionId())
		return err
	})
	return line
}

// until waits for a condition.
func (r *rig) until(what string, ok func() bool) {
	r.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			r.Fatalf("never: %s", what)
		}
	}
}

// quiet waits until so many deliveries are in the books and none is due.
func (r *rig) quiet(sub idmap.Subscription, n int) {
	r.Helper()
	r.until(fmt.Sprintf("%d deliveries, none of them due", n), func() bool {
		line := r.line(sub)
		return (line.NextDue.IsZero() || line.NextDue.After(r.clock())) && len(r.deliveries(sub)) >= n
	})
}

// stored is a subscription as it is now.
func (r *rig) stored(sub idmap.Subscription) (now idmap.Subscription) {
	r.Helper()
	r.view(func(read idmap.Reader) (err error) {
		now, err = read.Subscription(tenant, sub.Public.GetSubscriptionId())
		return err
	})
	return now
}

// receiver is an endpoint that takes what it is to take and keeps what it got.
type receiver struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	secret string // "" for no look at signatures
	answer func(id string, n int) int
	header http.Header
	tried  map[string]int
	taken  []string // webhook-ids, in the order of the first time
	bodies map[string]map[string]any
	busy   int
	most   int
}

func newReceiver(t *testing.T, secret string) *receiver {
	t.Helper()
	c := &receiver{
		t: t, secret: secret, tried: map[string]int{}, bodies: map[string]map[string]any{}, header: http.Header{},
		answer: func(string, int) int { return http.StatusNoContent },
	}
	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.Close)
	return c
}

func (c *receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		c.t.Error(err)
	}
	id := req.Header.Get("webhook-id")
	c.mu.Lock()
	c.busy++
	c.most = max(c.most, c.busy)
	c.tried[id]++
	n, secret, answer := c.tried[id], c.secret, c.answer
	c.mu.Unlock()
	status := answer(id, n)
	if err := verify(secret, body, req.Header); err != nil {
		c.t.Logf("%s: %v", id, err)
		status = http.StatusUnauthorized
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
	for name, values := range c.header {
		w.Header()[name] = values
	}
	if status < 300 && c.bodies[id] == nil {
		c.taken = append(c.taken, id)
		var shown map[string]any
		if err := json.Unmarshal(body, &shown); err != nil {
			c.t.Error(err)
		}
		c.bodies[id] = shown
	}
	w.WriteHeader(status)
}

// verify looks at the signature as the reference library does; that knows HMAC only.
func verify(secret string, body []byte, headers http.Header) error {
	if strings.HasPrefix(secret, "whsk_") {
		return verifyPair(secret, body, headers)
	}
	if secret == "" {
		return nil
	}
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return err
	}
	return hook.Verify(body, headers)
}

func verifyPair(secret string, body []byte, headers http.Header) error {
	key, err := outbound.ParseKey(secret)
	if err != nil {
		return err
	}
	public, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key.PublicKey(), "whpk_"))
	if err != nil {
		return err
	}
	signed := fmt.Sprintf("%s.%s.%s", headers.Get("webhook-id"), headers.Get("webhook-timestamp"), body)
	for one := range strings.FieldsSeq(headers.Get("webhook-signature")) {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(one, "v1a,"))
		if err == nil && ed25519.Verify(public, []byte(signed), raw) {
			return nil
		}
	}
	return fmt.Errorf("no signature of %s fits", headers.Get("webhook-signature"))
}

// set changes how the receiver answers.
func (c *receiver) set(answer func(id string, n int) int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

// got are the IDs that were taken.
func (c *receiver) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.taken...)
}

// always is an answer whatever comes.
func always(status int) func(string, int) int { return func(string, int) int { return status } }

// repeat is a list of n times the same.
func repeat(what string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = what
	}
	return all
}

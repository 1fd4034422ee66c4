// Package subscription sends the events of the log to the endpoints that subscribed to them, until each has taken them.
//
// Invariants:
//   - A subscription's place in the log moves in the transaction that puts the events before it in line: none is passed over, whenever
//     the process dies.
//   - A delivery is in line until its outcome is stored. After a crash it is sent again, with the same webhook-id: at least once.
//   - What is sent is made from the log at that moment. An erased person is in no delivery, neither sent nor stored.
//   - An endpoint that hangs or fails holds up no other: each has its own goroutine and its own places.
//
// The service tells it what callers changed (Changed); the attempt itself is that of package outbound.
package subscription

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/outbound"
)

// Store is what is needed of the index.
type Store interface {
	idmap.Store
	idmap.EventLog
}

// Config is what a Hooks is made of.
type Config struct {
	Store    Store
	Sender   *outbound.Sender
	Logger   *slog.Logger
	Registry prometheus.Registerer
	// Body makes the JSON of an event as ListEvents shows it.
	Body func(tenant string, event *leadmuxv1.Event) ([]byte, error)
	Now  func() time.Time // nil: time.Now
	// Jitter is drawn for each pause, from -1 to 1; nil: at random.
	Jitter func() float64
}

// Hooks sends to every subscription. Make it with New, then Start it.
type Hooks struct {
	cfg     Config
	metrics *metrics

	mu        sync.Mutex
	endpoints map[target]*endpoint

	loops    sync.WaitGroup
	attempts sync.WaitGroup
	running  context.Context // done once Close was called
	stop     context.CancelFunc
	attempt  context.Context // parent of every attempt
	cut      context.CancelFunc
}

// target is a subscription by its tenant and ID.
type target struct{ tenant, id string }

// New makes a Hooks and registers its figures.
func New(cfg Config) *Hooks {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Jitter == nil {
		cfg.Jitter = func() float64 { return 2*rand.Float64() - 1 }
	}
	h := &Hooks{cfg: cfg, endpoints: map[target]*endpoint{}}
	h.running, h.stop = context.WithCancel(context.Background())
	h.attempt, h.cut = context.WithCancel(context.Background())
	h.metrics = newMetrics(cfg.Registry, h)
	return h
}

// Start begins to send to every subscription there is, and goes on to forget what was dropped.
func (h *Hooks) Start(ctx context.Context) error {
	var found []target
	err := h.cfg.Store.View(ctx, func(r idmap.Reader) error {
		found = nil
		tenants, err := r.Tenants()
		if err != nil {
			return err
		}
		for _, tenant := range tenants {
			some, err := subscribed(r, tenant)
			if err != nil {
				return err
			}
			found = append(found, some...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the subscriptions: %w", err)
	}
	for _, t := range found {
		h.Changed(t.tenant, t.id)
	}
	return nil
}

// subscribed are a tenant's subscriptions, those that were dropped and are not forgotten yet among them.
func subscribed(r idmap.Reader, tenant string) ([]target, error) {
	dropped, err := r.DroppedSubscriptions(tenant)
	if err != nil {
		return nil, err
	}
	var found []target
	for _, id := range dropped {
		found = append(found, target{tenant, id})
	}
	for before, more := "", true; more; more = before != "" {
		list, next, err := r.ListSubscriptions(tenant, before, 100)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			found = append(found, target{tenant, s.Public.GetSubscriptionId()})
		}
		before = next
	}
	return found, nil
}

// Changed makes a subscription be looked at anew: it was made, changed or dropped, or something was put in line for it.
func (h *Hooks) Changed(tenant, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running.Err() != nil {
		return
	}
	t := target{tenant, id}
	e := h.endpoints[t]
	if e == nil {
		e = &endpoint{h: h, target: t, wake: make(chan struct{}, 1), flying: map[string]bool{}}
		h.endpoints[t] = e
		h.loops.Go(e.run)
	}
	e.poke()
}

// over lets an endpoint's goroutine end, unless it was told of a change meanwhile.
func (h *Hooks) over(e *endpoint) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(e.wake) > 0 && h.running.Err() == nil {
		return false
	}
	delete(h.endpoints, e.target)
	return true
}

// Close begins no further attempt and waits for those under way, until ctx is done; those still open then are cut off, and made again
// after the next start.
func (h *Hooks) Close(ctx context.Context) {
	h.mu.Lock()
	h.stop()
	h.mu.Unlock()
	h.loops.Wait()
	done := make(chan struct{})
	go func() {
		h.attempts.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	h.cut()
	<-done
	h.cfg.Sender.Close()
}

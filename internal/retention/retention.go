// Package retention removes from the index what is older than it needs to be kept: events and their deliveries, operations that are
// done, and request keys that have expired. It takes a little in each transaction and rests in between, so that whoever wants to write meanwhile
// waits for one small commit at most. Leads stay until somebody erases them.
//
// cmd/server starts it; nothing else calls it.
package retention

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadmux/leadmux/internal/idmap"
)

const (
	// every is the time between two sweeps, about.
	every = time.Hour
	// batch is how many records one transaction looks at.
	batch = 200
	// rest is how many times as long as a transaction took the sweep rests behind it: a writer meets it one time in five.
	rest = 4
)

// Config is what a Sweeper needs.
type Config struct {
	Store    idmap.Store
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // nil: time.Now
	// Events is how long events are kept, operations that are done, and what is known of how events were delivered.
	Events time.Duration
	// Raw is how long what vendors sent is kept as it came.
	Raw time.Duration
}

// Sweeper removes what is too old.
type Sweeper struct {
	cfg     Config
	removed *prometheus.CounterVec
	last    prometheus.Gauge
}

// What is counted.
const (
	events     = "events"
	operations = "operations"
	requests   = "request_ids"
	deliveries = "deliveries"
	outgoing   = "webhook_deliveries"
)

// New makes a Sweeper and registers its figures.
func New(cfg Config) *Sweeper {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Sweeper{
		cfg: cfg,
		removed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "leadmux_retention_removed_total", Help: "Records removed because they were kept long enough, by what they are.",
		}, []string{"what"}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "leadmux_retention_last_sweep_timestamp_seconds", Help: "When the last complete sweep ended, as Unix time; 0 before the first.",
		}),
	}
	cfg.Registry.MustRegister(s.removed, s.last)
	for _, what := range []string{events, operations, requests, deliveries, outgoing} {
		s.removed.WithLabelValues(what) // so that it is there as 0
	}
	return s
}

// Run sweeps now and then until ctx ends.
func (s *Sweeper) Run(ctx context.Context) {
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Logger.Error("old records cannot be removed; tried again later", slog.String("error", err.Error()))
		}
		if !sleep(ctx, every/2+rand.N(every)) {
			return
		}
	}
}

// Sweep removes all that is too old, once.
func (s *Sweeper) Sweep(ctx context.Context) error {
	var tenants []string
	err := s.cfg.Store.View(ctx, func(r idmap.Reader) (err error) {
		tenants, err = r.Tenants()
		return err
	})
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		for _, part := range []func(context.Context, string) error{s.events, s.operations, s.requests, s.deliveries, s.outgoing} {
			if err := part(ctx, tenant); err != nil {
				return err
			}
		}
	}
	s.last.Set(float64(s.cfg.Now().Unix()))
	return nil
}

func (s *Sweeper) events(ctx context.Context, tenant string) error {
	return s.repeat(ctx, events, func(tx idmap.Tx) (int, bool, error) {
		n, err := tx.TrimEvents(tenant, s.before(), batch)
		return n, n == batch, err
	})
}

func (s *Sweeper) operations(ctx context.Context, tenant string) error {
	after := ""
	for {
		next := ""
		err := s.repeat(ctx, operations, func(tx idmap.Tx) (n int, more bool, err error) {
			n, next, err = tx.TrimOperations(tenant, s.before(), after, batch)
			return n, false, err
		})
		if err != nil || next == "" {
			return err
		}
		after = next
	}
}

func (s *Sweeper) requests(ctx context.Context, tenant string) error {
	return s.repeat(ctx, requests, func(tx idmap.Tx) (int, bool, error) {
		n, err := tx.TrimRequests(tenant, s.cfg.Now(), batch)
		return n, n == batch, err
	})
}

func (s *Sweeper) deliveries(ctx context.Context, tenant string) error {
	return s.repeat(ctx, deliveries, func(tx idmap.Tx) (int, bool, error) {
		n, err := tx.TrimDeliveries(tenant, s.cfg.Now().Add(-s.cfg.Raw), batch)
		return n, n == batch, err
	})
}

func (s *Sweeper) outgoing(ctx context.Context, tenant string) error {
	return s.repeat(ctx, outgoing, func(tx idmap.Tx) (int, bool, error) {
		n, err := tx.TrimOutgoing(tenant, s.before(), batch)
		return n, n == batch, err
	})
}

func (s *Sweeper) before() time.Time { return s.cfg.Now().Add(-s.cfg.Events) }

// repeat calls trim in one transaction after another while there is more, and rests in between.
func (s *Sweeper) repeat(ctx context.Context, what string, trim func(tx idmap.Tx) (removed int, more bool, err error)) error {
	for {
		var removed int
		var more bool
		began := s.cfg.Now()
		err := s.cfg.Store.Update(ctx, func(tx idmap.Tx) (err error) {
			removed, more, err = trim(tx)
			return err
		})
		if err != nil {
			return err
		}
		s.removed.WithLabelValues(what).Add(float64(removed))
		if removed > 0 && !sleep(ctx, rest*s.cfg.Now().Sub(began)) {
			return ctx.Err()
		}
		if !more {
			return nil
		}
	}
}

// sleep waits, and says whether ctx still goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Package poll lets what vendors do not tell of their own accord be asked for: now and then, and at once after a hint.
//
// Invariants: one poll of an account at a time, and none while the account is stopped or its breaker is open. Many hints are one poll, those
// that come while it begins and goes on one more, a second later at the earliest. A poll that fails is repeated later and later. What a poll reads, and in which rate
// slots, is the business of the functions that it is given. Only the wiring makes a Poller.
package poll

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadmux/leadmux/internal/adapters"
)

// Config is what a Poller needs.
type Config struct {
	Accounts *adapters.Set
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // nil: time.Now
}

// Task is the polling of one account; an account has one at most.
type Task struct {
	Account *adapters.Account
	// Poll asks for what is new, and says in how long to ask again; zero: after a hint only.
	Poll func(ctx context.Context) (time.Duration, error)
	// Hinted makes the first poll wait for a hint; else it is at once.
	Hinted bool
	// Feed says that it reads everything there is, so that its lag is told.
	Feed bool
	// Last is when it was last read before this start; zero for never.
	Last time.Time
}

// Poller runs tasks. Make it with New; hints may come before Start.
type Poller struct {
	cfg    Config
	hints  map[string]chan struct{} // by account; fixed after New
	polls  *prometheus.CounterVec
	begun  time.Time
	loops  sync.WaitGroup
	cancel context.CancelFunc

	mu    sync.Mutex
	feeds map[string]time.Time // by account: when it was last read whole
}

// New makes a Poller and registers its figures.
func New(cfg Config) *Poller {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	p := &Poller{
		cfg: cfg, hints: map[string]chan struct{}{}, feeds: map[string]time.Time{}, begun: cfg.Now(), cancel: func() {},
		polls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "leadmux_polls_total", Help: "Polls of vendors, by result: ok or failed.",
		}, []string{"account", "result"}),
	}
	for _, account := range cfg.Accounts.All() {
		p.hints[account.Name] = make(chan struct{}, 1)
	}
	cfg.Registry.MustRegister(p.polls, p)
	return p
}

// Hint says that an account has news: it is asked as soon as it may be.
func (p *Poller) Hint(account string) {
	select {
	case p.hints[account] <- struct{}{}: // no such account: nil, and never ready
	default: // one waits already
	}
}

// Last is when an account was last read whole; zero for never.
func (p *Poller) Last(account string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.feeds[account]
}

// Start begins to poll, until ctx ends or Close is called.
func (p *Poller) Start(ctx context.Context, tasks []Task) {
	ctx, p.cancel = context.WithCancel(ctx)
	for _, t := range tasks {
		if t.Feed {
			p.read(t, t.Last)
		}
		for _, result := range []string{resultOK, resultFailed} {
			p.polls.WithLabelValues(t.Account.Name, result) // so that it is there as 0
		}
		p.loops.Go(func() { p.loop(ctx, t) })
	}
}

// Close ends the polls under way, and waits for that.
func (p *Poller) Close() {
	p.cancel()
	p.loops.Wait()
}

func (p *Poller) read(t Task, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.feeds[t.Account.Name] = at
}

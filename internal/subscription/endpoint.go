package subscription

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

const (
	// defaultInFlight is how many deliveries to one endpoint are under way at once where the subscription does not say.
	defaultInFlight = 8
	// idle is how long an endpoint for which nothing happens is left alone at most.
	idle = time.Minute
	// afterFault is how long it is left alone when the index fails.
	afterFault = 5 * time.Second
	// forgetBatch is how many deliveries of a dropped subscription one transaction removes.
	forgetBatch = 200
)

// endpoint is one subscription being sent to. run is its only goroutine beside those of its attempts.
type endpoint struct {
	target
	h    *Hooks
	wake chan struct{} // holds one: there is something new to look at

	// Of run alone.
	place  string    // up to where the log was looked at; ahead of the stored place where nothing passed the filters
	kept   string    // the stored place
	stored time.Time // when it was last stored

	mu     sync.Mutex
	flying map[string]bool // deliveries under way, by ID
	paused time.Time       // until when the endpoint asked to be left alone
}

func (e *endpoint) poke() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// run looks after the endpoint until its subscription is ACTIVE no more.
func (e *endpoint) run() {
	ctx := e.h.running
	for ctx.Err() == nil {
		appended := e.h.cfg.Store.Appended(e.tenant) // before the log is read: nothing can come between
		next, active, err := e.turn(ctx)
		if err != nil && ctx.Err() == nil {
			e.h.cfg.Logger.Error("webhooks of a subscription cannot be looked after; tried again soon",
				slog.String("subscription", e.id), slog.String("error", err.Error()))
			next, active = e.h.cfg.Now().Add(afterFault), true
		}
		if !active {
			if e.h.over(e) {
				return
			}
			<-e.wake
			continue
		}
		e.wait(ctx, appended, next.Sub(e.h.cfg.Now()))
	}
	e.h.over(e)
}

func (e *endpoint) wait(ctx context.Context, appended <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(min(max(d, 0), idle))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-appended:
	case <-e.wake:
	case <-timer.C:
	}
}

// turn puts some events in line and sends what is due. It says when to look again at the latest, and whether the subscription is ACTIVE.
func (e *endpoint) turn(ctx context.Context) (next time.Time, active bool, err error) {
	sub, err := e.load(ctx)
	if errors.Is(err, idmap.ErrNotFound) {
		return next, false, e.forget(ctx)
	}
	if err != nil || !isActive(sub) {
		e.place = ""
		return next, err != nil, err
	}
	more, err := e.fanOut(ctx, sub)
	if err != nil {
		return next, true, err
	}
	next, err = e.launch(ctx, sub)
	if more {
		next = e.h.cfg.Now()
	}
	return next, true, err
}

func (e *endpoint) load(ctx context.Context) (sub idmap.Subscription, err error) {
	err = e.h.cfg.Store.View(ctx, func(r idmap.Reader) error {
		sub, err = r.Subscription(e.tenant, e.id)
		return err
	})
	return sub, err
}

func isActive(sub idmap.Subscription) bool {
	return sub.Public.GetState() != leadmuxv1.SubscriptionState_SUBSCRIPTION_STATE_DISABLED
}

// forget removes what a dropped subscription leaves.
func (e *endpoint) forget(ctx context.Context) error {
	e.h.metrics.forget(e.id)
	for more := true; more; {
		err := e.h.cfg.Store.Update(ctx, func(tx idmap.Tx) (err error) {
			more, err = tx.ForgetOutgoing(e.tenant, e.id, forgetBatch)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// launch begins the attempts that are due as far as there are places, and says when the next one will be due.
func (e *endpoint) launch(ctx context.Context, sub idmap.Subscription) (next time.Time, err error) {
	now := e.h.cfg.Now()
	e.mu.Lock()
	paused, busy := e.paused, len(e.flying)
	e.mu.Unlock()
	if paused.After(now) {
		return paused, nil
	}
	places := inFlight(sub) - busy
	if places <= 0 {
		return now.Add(idle), nil // the end of an attempt wakes
	}
	var due []*leadmuxv1.WebhookDelivery
	var line idmap.OutgoingLine
	err = e.h.cfg.Store.View(ctx, func(r idmap.Reader) error {
		if line, err = r.OutgoingLine(e.tenant, e.id); err == nil {
			due, err = r.DueOutgoing(e.tenant, e.id, now, places+busy+1)
		}
		return err
	})
	for _, d := range due {
		if places == 0 {
			return now.Add(idle), err
		}
		if e.take(d.GetDeliveryId()) {
			places--
			e.h.attempts.Go(func() { e.deliver(d) })
		}
	}
	if line.NextDue.After(now) {
		return line.NextDue, err
	}
	return now.Add(idle), err
}

func inFlight(sub idmap.Subscription) int {
	if n := sub.Public.GetMaxInFlight(); n > 0 {
		return int(n)
	}
	return defaultInFlight
}

// take marks a delivery as under way; false when it is already.
func (e *endpoint) take(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.flying[id] {
		return false
	}
	e.flying[id] = true
	return true
}

// landed ends that, and has the endpoint look again.
func (e *endpoint) landed(id string) {
	e.mu.Lock()
	delete(e.flying, id)
	e.mu.Unlock()
	e.poke()
}

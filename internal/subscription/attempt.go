package subscription

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/outbound"
)

// maxPause is how long an endpoint as a whole is left alone at most because it asked for it; a single delivery may wait longer.
const maxPause = time.Hour

// minPause is how long one that has too much to do is left alone that does not say for how long.
const minPause = 5 * time.Second

// errNothingToSend says that the event of a delivery is there no more.
var errNothingToSend = errors.New("the event is gone: its person was erased, or it was removed (retention.events)")

// deliver makes one attempt and stores what came of it.
func (e *endpoint) deliver(d *leadmuxv1.WebhookDelivery) {
	defer e.landed(d.GetDeliveryId())
	ctx := e.h.attempt
	began := e.h.cfg.Now()
	message, active, err := e.message(ctx, d)
	switch {
	case errors.Is(err, errNothingToSend):
		e.settle(d, func(tx idmap.Tx) error { return e.skip(tx, d) })
		return
	case err != nil:
		e.fault(err)
		e.leaveAlone(afterFault)
		return
	case !active:
		return
	}
	outcome := e.h.cfg.Sender.Send(ctx, message)
	failpoint.Here(failpoint.OutboundSent)
	if ctx.Err() != nil && !outcome.Delivered() {
		return // broken off by us: it is still in line
	}
	e.h.metrics.attempt(e.id, outcome)
	if !outcome.Delivered() && (outcome.Throttled() || outcome.RetryAfter > 0) {
		e.leaveAlone(min(max(outcome.RetryAfter, minPause), maxPause))
	}
	attempt := AttemptOf(began, outcome)
	e.settle(d, func(tx idmap.Tx) error { return e.record(tx, d, attempt, outcome) })
}

// AttemptOf is an outcome as callers see it.
func AttemptOf(began time.Time, outcome outbound.Outcome) *leadmuxv1.WebhookAttempt {
	attempt := &leadmuxv1.WebhookAttempt{
		Time: timestamppb.New(began), Status: int32(outcome.Status), Duration: durationpb.New(outcome.Duration),
	}
	if outcome.Err != nil {
		attempt.Error = outcome.Err.Error()
	}
	return attempt
}

// message is what the endpoint is sent at this moment.
func (e *endpoint) message(ctx context.Context, d *leadmuxv1.WebhookDelivery) (m outbound.Message, active bool, err error) {
	var sub idmap.Subscription
	var event *leadmuxv1.Event
	err = e.h.cfg.Store.View(ctx, func(r idmap.Reader) error {
		if sub, err = r.Subscription(e.tenant, e.id); err != nil {
			return err
		}
		if now, err := r.Outgoing(e.tenant, e.id, d.GetDeliveryId()); err != nil || !proto.Equal(now, d) {
			return errors.Join(err, errChanged)
		}
		if event, err = r.EventAt(e.tenant, d.GetEventCursor()); errors.Is(err, idmap.ErrNotFound) {
			return errNothingToSend
		}
		return err
	})
	if errors.Is(err, idmap.ErrNotFound) || errors.Is(err, errChanged) { // dropped, or an attempt that was under way has ended meanwhile
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	m, err = e.h.message(e.tenant, sub, event)
	return m, isActive(sub), err
}

// message signs nothing yet: each attempt has its own time.
func (h *Hooks) message(tenant string, sub idmap.Subscription, event *leadmuxv1.Event) (m outbound.Message, err error) {
	m = outbound.Message{ID: event.GetEventId(), URL: sub.Public.GetUrl()}
	if m.Keys, err = signing(sub.Keys, h.cfg.Now()); err != nil {
		return m, err
	}
	m.Body, err = h.cfg.Body(tenant, event)
	return m, err
}

// Try sends an event that is not in the log, once, and stores nothing.
func (h *Hooks) Try(ctx context.Context, tenant string, sub idmap.Subscription, event *leadmuxv1.Event) (outbound.Outcome, error) {
	message, err := h.message(tenant, sub, event)
	if err != nil {
		return outbound.Outcome{}, err
	}
	return h.cfg.Sender.Send(ctx, message), nil
}

// leaveAlone sends nothing to the endpoint for a while.
func (e *endpoint) leaveAlone(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if until := e.h.cfg.Now().Add(d); until.After(e.paused) {
		e.paused = until
	}
}

// settle stores an outcome. The caller's context may be over, and the outcome is known all the same. Where it cannot be stored the
// delivery stays in line, and is sent again.
func (e *endpoint) settle(d *leadmuxv1.WebhookDelivery, change func(tx idmap.Tx) error) {
	if err := e.h.cfg.Store.Update(context.Background(), change); err != nil {
		e.fault(err)
		e.leaveAlone(afterFault)
		return
	}
	if d.GetState() != leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_PENDING {
		e.h.metrics.settled(e.id, d.GetState())
	}
}

func (e *endpoint) fault(err error) {
	e.h.cfg.Logger.Error("a webhook cannot be sent or its outcome stored; it stays in line",
		slog.String("subscription", e.id), slog.String("error", err.Error()))
}

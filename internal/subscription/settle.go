package subscription

import (
	"errors"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/outbound"
	"github.com/leadmux/leadmux/internal/typeid"
)

// patience is how long an endpoint may take nothing until its subscription is disabled. It is longer than one delivery is tried, so that
// it ends what fails whatever it is sent.
const patience = 5 * 24 * time.Hour

// record stores an attempt and what follows from it. It fills d with the delivery as it is then.
func (e *endpoint) record(tx idmap.Tx, d *leadmuxv1.WebhookDelivery, attempt *leadmuxv1.WebhookAttempt, outcome outbound.Outcome) error {
	now := e.h.cfg.Now()
	if there, err := e.current(tx, d); err != nil || !there {
		return err
	}
	d.Attempts = append(d.GetAttempts(), attempt)
	d.NextAttemptTime = nil
	switch next, again := e.h.next(d, now, outcome.RetryAfter); {
	case outcome.Delivered():
		d.State = leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_DELIVERED
	case again:
		d.NextAttemptTime = timestamppb.New(next)
	default:
		d.State = leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_FAILED
	}
	return errors.Join(e.put(tx, d, now), e.judge(tx, outcome, now))
}

// skip stores that there is nothing to send any more.
func (e *endpoint) skip(tx idmap.Tx, d *leadmuxv1.WebhookDelivery) error {
	if there, err := e.current(tx, d); err != nil || !there {
		return err
	}
	d.State, d.NextAttemptTime = leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_SKIPPED, nil
	return e.put(tx, d, e.h.cfg.Now())
}

// current reads the delivery anew into d; false when it is gone or settled.
func (e *endpoint) current(r idmap.Reader, d *leadmuxv1.WebhookDelivery) (bool, error) {
	stored, err := r.Outgoing(e.tenant, e.id, d.GetDeliveryId())
	if errors.Is(err, idmap.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	proto.Reset(d)
	proto.Merge(d, stored)
	_, err = r.Subscription(e.tenant, e.id)
	if errors.Is(err, idmap.ErrNotFound) {
		return false, nil
	}
	return d.GetState() == leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_PENDING, err
}

// put stores the delivery. One that is settled lets the next about its subject go.
func (e *endpoint) put(tx idmap.Tx, d *leadmuxv1.WebhookDelivery, now time.Time) error {
	d.UpdateTime = timestamppb.New(now)
	if err := tx.PutOutgoing(e.tenant, d); err != nil {
		return err
	}
	if d.GetSubject() == "" || d.GetState() == leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_PENDING {
		return nil
	}
	first, err := tx.FirstOutgoing(e.tenant, e.id, d.GetSubject())
	if errors.Is(err, idmap.ErrNotFound) || err == nil && first.GetNextAttemptTime() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	first.NextAttemptTime = timestamppb.New(now)
	return tx.PutOutgoing(e.tenant, first)
}

// judge keeps since when the endpoint takes nothing, and ends it where that is enough.
func (e *endpoint) judge(tx idmap.Tx, outcome outbound.Outcome, now time.Time) error {
	progress, err := tx.Progress(e.tenant, e.id)
	if err != nil {
		return err
	}
	switch {
	case outcome.Delivered() && progress.FailingSince.IsZero():
		return nil
	case outcome.Delivered():
		progress.FailingSince = time.Time{}
	case progress.FailingSince.IsZero():
		progress.FailingSince = now
	}
	if err := tx.PutProgress(e.tenant, e.id, progress); err != nil || outcome.Delivered() {
		return err
	}
	switch {
	case outcome.Gone():
		return e.disable(tx, leadmuxv1.SubscriptionDisabledReason_SUBSCRIPTION_DISABLED_REASON_ENDPOINT_GONE, now)
	case now.Sub(progress.FailingSince) >= patience:
		return e.disable(tx, leadmuxv1.SubscriptionDisabledReason_SUBSCRIPTION_DISABLED_REASON_ENDPOINT_FAILING, now)
	}
	return nil
}

// disable ends the sending until a caller makes the subscription ACTIVE again, and tells in the log. What is in line stays there.
func (e *endpoint) disable(tx idmap.Tx, reason leadmuxv1.SubscriptionDisabledReason, now time.Time) error {
	sub, err := tx.Subscription(e.tenant, e.id)
	if err != nil || !isActive(sub) {
		return err
	}
	sub.Public.State = leadmuxv1.SubscriptionState_SUBSCRIPTION_STATE_DISABLED
	sub.Public.DisabledReason, sub.Public.DisableTime = reason, timestamppb.New(now)
	Touch(sub.Public, now)
	return errors.Join(tx.PutSubscription(e.tenant, sub), tx.AppendEvent(e.tenant, &leadmuxv1.Event{
		EventId: typeid.New(typeid.Event), Type: "subscription.disabled", ReceiveTime: timestamppb.New(now),
		Detail: &leadmuxv1.Event_SubscriptionDisabled{SubscriptionDisabled: &leadmuxv1.SubscriptionDisabled{
			SubscriptionId: e.id, Reason: reason,
		}},
	}))
}

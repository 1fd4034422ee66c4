package subscription

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// pauses are the times between an attempt that failed and the next, as in the sample of the Standard Webhooks specification: ten attempts.
var pauses = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// spread is by how much of itself a pause differs at most, either way, so that what failed together does not come again together.
const spread = 0.2

// lastNotBefore is how long after the first attempt the last one comes at the earliest, however the pauses turned out: what an endpoint
// that is down for three days gets.
const lastNotBefore = 75 * time.Hour

// next is when a delivery whose last attempt has just failed is tried again; false when that was the last time. An endpoint that asks for
// more time gets it.
func (h *Hooks) next(d *leadmuxv1.WebhookDelivery, now time.Time, retryAfter time.Duration) (time.Time, bool) {
	made := len(d.GetAttempts())
	if made > len(pauses) {
		return time.Time{}, false
	}
	pause := pauses[made-1]
	pause += time.Duration(h.cfg.Jitter() * spread * float64(pause))
	at := now.Add(max(pause, retryAfter))
	if last := d.GetAttempts()[0].GetTime().AsTime().Add(lastNotBefore); made == len(pauses) && at.Before(last) {
		at = last
	}
	return at, true
}

// Touch sets a subscription's update_time and etag; every change of a stored one goes through it. The time moves on with every change,
// even within one tick of the clock.
func Touch(sub *leadmuxv1.Subscription, now time.Time) {
	if last := sub.GetUpdateTime(); last != nil && !now.After(last.AsTime()) {
		now = last.AsTime().Add(time.Nanosecond)
	}
	sub.UpdateTime = timestamppb.New(now)
	sub.Etag = strconv.FormatInt(now.UnixNano(), 36)
}

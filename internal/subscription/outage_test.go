package subscription_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/subscription"
)

// TestP14EveryEventIsDeliveredAfterAnOutage has endpoints that are down for 70 hours, and a stop of the service in between. Then they have
// every event, each with a good signature.
func TestP14EveryEventIsDeliveredAfterAnOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 120 // more than one transaction puts in line
	one, other := newReceiver(t, ""), newReceiver(t, "")
	subs := []idmap.Subscription{r.subscribe(one.URL, hmac), r.subscribe(other.URL, pair)}
	want := r.happen(repeat("", n)...)
	up := r.clock().Add(70 * time.Hour)
	for i, c := range []*receiver{one, other} {
		c.secret = subs[i].Keys[0].Secret
		c.set(func(string, int) int {
			if r.clock().Before(up) {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		})
	}
	r.start()
	steps := 0
	for ; ; steps++ {
		for _, sub := range subs {
			r.quiet(sub, n)
		}
		next := r.line(subs[0]).NextDue
		if next.IsZero() {
			break
		}
		if steps == 4 {
			r.stop()
			r.start()
		}
		r.advance(next, subs[0].Public.GetSubscriptionId(), subs[1].Public.GetSubscriptionId())
	}
	for _, c := range []*receiver{one, other} {
		got := c.got()
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%d of %d events were taken", len(got), n)
		}
	}
	for _, sub := range subs {
		for _, d := range r.deliveries(sub) {
			if d.GetState() != delivered || len(d.GetAttempts()) != 10 {
				t.Fatalf("%v", d)
			}
		}
	}
}

// TestP14ARotationUnderLoadFailsNoDelivery replaces the secret while events go out. The receiver takes the new one only later, and every
// delivery is accepted at its first attempt all the same.
func TestP14ARotationUnderLoadFailsNoDelivery(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := newReceiver(t, "")
	sub := r.subscribe(c.URL, hmac)
	c.secret = sub.Keys[0].Secret
	r.start()
	r.happen(repeat("", 150)...)
	r.until("the first have come", func() bool { return len(c.got()) > 20 })
	sub.Keys = subscription.Rotate(sub.Keys, hmac, time.Hour, r.clock())
	subscription.Touch(sub.Public, r.clock())
	r.update(func(tx idmap.Tx) error { return tx.PutSubscription(tenant, sub) })
	r.happen(repeat("", 50)...)
	r.quiet(sub, 200)
	c.mu.Lock()
	c.secret = sub.Keys[0].Secret
	c.mu.Unlock()
	r.happen(repeat("", 50)...)
	r.quiet(sub, 250)
	r.advance(r.clock().Add(time.Hour), sub.Public.GetSubscriptionId()) // the old one signs no more
	r.happen(repeat("", 50)...)
	r.quiet(sub, 300)
	for _, d := range r.deliveries(sub) {
		if d.GetState() != delivered || len(d.GetAttempts()) != 1 {
			t.Fatalf("%v", d)
		}
	}
	if public, err := subscription.PublicKeys(r.stored(sub).Keys, r.clock()); err != nil || len(public) != 1 {
		t.Errorf("%d keys sign still, %v", len(public), err)
	}
}

// TestP14TheScheduleLasts75Hours: however the jitter falls, the last attempt comes after 75 hours and no earlier; then the delivery is
// given up and listed. An endpoint that fails for five days is disabled.
func TestP14TheScheduleLasts75Hours(t *testing.T) {
	t.Parallel()
	for _, jitter := range []float64{-1, 0, 1} {
		r := newRig(t)
		r.jitter = jitter
		c := newReceiver(t, "")
		c.set(always(http.StatusServiceUnavailable))
		sub := r.subscribe(c.URL, hmac)
		id, began := sub.Public.GetSubscriptionId(), r.clock()
		r.start()
		r.happen("")
		r.quiet(sub, 1)
		for next := r.line(sub).NextDue; !next.IsZero(); next = r.line(sub).NextDue {
			r.advance(next, id)
			r.quiet(sub, 1)
		}
		d := r.deliveries(sub)[0]
		if d.GetState() != failed || len(d.GetAttempts()) != 10 {
			t.Fatalf("%v", d)
		}
		if took := r.clock().Sub(began); took < 75*time.Hour || took > 95*time.Hour {
			t.Errorf("with jitter %v it was tried for %s", jitter, took)
		}
		if second := d.GetAttempts()[1].GetTime().AsTime().Sub(began); second != time.Duration((1+0.2*jitter)*float64(5*time.Second)) {
			t.Errorf("with jitter %v the second attempt came after %s", jitter, second)
		}
		r.advance(began.Add(5*24*time.Hour), id)
		r.happen("")
		r.until("it is disabled", func() bool { return r.stored(sub).Public.GetDisabledReason() == failing })
	}
}

package delivery_test

import (
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
)

func TestCloseWaitsForAttemptsUnderWay(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, after(10*time.Second, took))))
		id := r.create(somebody())
		start := time.Now()
		r.close(time.Minute)
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("it took %s", took)
		}
		r.wants(id, "ACTIVE", "")
	})
}

func TestCloseCutsOffAtItsDeadlineAndTheNextStartGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		class         leadmuxv1.IdempotencyClass
		state, reason string // after the cut
		end           string
	}{
		"an upsert":               {keyed, "QUEUED", "VENDOR_UNAVAILABLE", "ACTIVE"},
		"what must not be resent": {atMostOnce, "IN_DOUBT", "VENDOR_UNAVAILABLE", "IN_DOUBT"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(c.class, hangs, took)
				r := newRig(t, at("west", v))
				id := r.create(somebody())
				start := time.Now()
				r.close(4 * time.Second)
				if took := time.Since(start); took != 4*time.Second {
					t.Errorf("it took %s", took)
				}
				r.wants(id, c.state, c.reason)
				if op := r.op(id); !op.GetAmbiguous() || outcomeName(op.GetAttempts()[0].GetOutcome()) != "AMBIGUOUS" {
					t.Errorf("the operation is %v", op)
				}
				r.start()
				pass(time.Minute)
				r.wants(id, c.end, r.engagement(id).GetError().GetReason())
			})
		})
	}
}

func TestCloseEndsThoughTheCutAttemptCannotBeStored(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(detectable, hangs, took)
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		r.store.set(func(w *watched) { w.dead = true })
		start := time.Now()
		r.close(4 * time.Second)
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("it took %s", took)
		}
		r.wants(id, "SENDING", "")
		r.store.set(func(w *watched) { w.dead = false })
		r.start()
		synctest.Wait()
		r.wants(id, "ACTIVE", "")
		interrupted(t, r.op(id).GetAttempts()[0])
	})
}

func TestNothingIsSentAfterClose(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(atMostOnce, took)
		r := newRig(t, at("west", v))
		slots := r.reserve(r.accounts)
		r.stop()
		queued := r.create(somebody())
		r.resume()
		closed := r.d
		r.close(time.Minute)
		seen := len(v.seen(""))

		r.d = closed
		late := r.create(somebody()) // a call that the drain of the listeners did not wait for
		r.wants(late, "QUEUED", "")
		started := r.accept(somebody(), slots, r.accounts...) // one that had its slot before
		r.d.Go(tenant, started)
		r.d.Wake("west")
		pass(time.Hour)
		if got := len(v.seen("")); got != seen {
			t.Errorf("%d attempts after Close", got-seen)
		}

		r.d = nil
		r.start()
		synctest.Wait()
		r.wants(queued, "ACTIVE", "")
		r.wants(late, "ACTIVE", "")
		r.wants(started[0].GetLeadId(), "IN_DOUBT", "INTERRUPTED")
	})
}

func TestAnAttemptHas30Seconds(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(atMostOnce, hangs)))
		lead, took := r.waited(t.Context(), r.create(somebody()), time.Hour)
		if took != 30*time.Second || delivery.AttemptTimeout != 30*time.Second {
			t.Errorf("it took %s", took)
		}
		r.wants(lead.GetLeadId(), "IN_DOUBT", "VENDOR_TIMEOUT")
	})
}

package delivery_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// faultyLine is a line whose breaker opens at the test's will.
type faultyLine struct {
	adapters.Line
	next func() time.Time
}

func (l faultyLine) TryTake() bool {
	next := l.next()
	return !next.IsZero() && !next.After(time.Now()) && l.Line.TryTake()
}

func (l faultyLine) NextTry() time.Time { return l.next() }

// waited is one call of Wait: what it returned and how long it took.
func (r *rig) waited(ctx context.Context, id string, wait time.Duration) (*leadmuxv1.Lead, time.Duration) {
	r.t.Helper()
	start := time.Now()
	lead, err := r.d.Wait(ctx, tenant, id, wait)
	if err != nil {
		r.t.Error(err) // not Fatal: some wait in goroutines of their own
	}
	return lead, time.Since(start)
}

func TestWaitReturnsOnceNothingMoreIsToBeExpected(t *testing.T) {
	const wait = 20 * time.Second
	late := func(answers ...answer) answer { return after(3*time.Second, inTurn(answers...)) }
	for name, c := range map[string]struct {
		answer answer
		state  string
		took   time.Duration
	}{
		"the vendor took it":        {late(took), "ACTIVE", 3 * time.Second},
		"the vendor refused it":     {late(fails(adapters.KindInvalid)), "REJECTED", 3 * time.Second},
		"nobody knows":              {late(loses(adapters.KindUnknown)), "IN_DOUBT", 3 * time.Second},
		"the next try lies beyond":  {late(fails(adapters.KindIntakeClosed)), "QUEUED", 3 * time.Second},
		"the account is stopped":    {late(fails(adapters.KindOnHold)), "QUEUED", 3 * time.Second},
		"the next try is in time":   {inTurn(failure(adapters.Error{Kind: adapters.KindRateLimited, RetryAfter: 7 * time.Second}), took), "ACTIVE", 7 * time.Second},
		"the next try is just late": {failure(adapters.Error{Kind: adapters.KindRateLimited, RetryAfter: wait}), "QUEUED", 0},
		"the vendor does not speak": {hangs, "SENDING", wait},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				r := newRig(t, at("west", newVendor(keyed, c.answer)))
				lead, took := r.waited(t.Context(), r.create(somebody()), wait)
				if got := stateName(lead.GetEngagements()[0].GetState()); got != c.state || took != c.took {
					t.Errorf("%s after %s, want %s after %s", got, took, c.state, c.took)
				}
			})
		})
	}
}

func TestWaitWaitsForTheSlowestAccount(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("east", newVendor(keyed, after(2*time.Second, took))), at("west", newVendor(keyed, after(9*time.Second, took))),
			at("south", newVendor(keyed, fails(adapters.KindInvalid))))
		lead, took := r.waited(t.Context(), r.create(somebody()), 20*time.Second)
		var states, accounts []string
		for _, e := range lead.GetEngagements() {
			states, accounts = append(states, stateName(e.GetState())), append(accounts, e.GetAccount())
		}
		equal(t, "accounts", accounts, []string{"east", "south", "west"})
		equal(t, "states", states, []string{"ACTIVE", "REJECTED", "ACTIVE"})
		if took != 9*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestWaitDoesNotWaitForALineThatIsDown(t *testing.T) {
	for name, c := range map[string]struct {
		opens, took time.Duration // since the lead was created; 0 never
		state       string
	}{
		"stopped":                     {0, 0, "QUEUED"},
		"its breaker is open":         {30 * time.Second, 0, "QUEUED"},
		"its breaker is open briefly": {5 * time.Second, 5 * time.Second, "ACTIVE"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				next := time.Now().Add(c.opens)
				if c.opens == 0 {
					next = time.Time{}
				}
				account := at("west", newVendor(keyed, took))
				account.Line = faultyLine{account.Line, func() time.Time { return next }}
				r := newRig(t, account)
				id := r.create(somebody())
				r.wants(id, "QUEUED", "")
				lead, took := r.waited(t.Context(), id, 20*time.Second)
				if got := stateName(lead.GetEngagements()[0].GetState()); took != c.took || got != c.state {
					t.Errorf("%s after %s, want %s after %s", got, took, c.state, c.took)
				}
			})
		})
	}
}

func TestWaitWaitsForALineThatWasResumed(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, limited("west", newVendor(keyed, took), 1))
		r.stop()
		id := r.create(somebody())
		r.resume()
		r.wants(id, "QUEUED", "ACCOUNT_STOPPED")
		if lead, took := r.waited(t.Context(), id, 20*time.Second); stateName(lead.GetEngagements()[0].GetState()) != "ACTIVE" || took > 1100*time.Millisecond {
			t.Errorf("%s after %s", lead.GetEngagements()[0].GetState(), took)
		}
	})
}

func TestWaitWaitsForARateSlot(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, limited("west", newVendor(keyed, took), 1))
		lead, took := r.waited(t.Context(), r.create(somebody()), 20*time.Second)
		if stateName(lead.GetEngagements()[0].GetState()) != "ACTIVE" || took < time.Second || took > 1100*time.Millisecond {
			t.Errorf("%s after %s", lead.GetEngagements()[0].GetState(), took)
		}
	})
}

func TestWaitEndsWithItsCallerAndTheAttemptDoesNot(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, after(20*time.Second, took))))
		id := r.create(somebody())
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		if lead, took := r.waited(ctx, id, 20*time.Second); took != 4*time.Second || lead.GetLeadId() != id {
			t.Errorf("%v after %s", lead, took)
		}
		// The caller's time is over, and its lead is accepted none the less.
		if lead, took := r.waited(ctx, id, 20*time.Second); took != 0 || lead.GetLeadId() != id {
			t.Errorf("%v after %s", lead, took)
		}
		pass(20 * time.Second)
		r.wants(id, "ACTIVE", "")
	})
}

func TestWaitOfZeroReturnsAtOnce(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, hangs)))
		if lead, took := r.waited(t.Context(), r.create(somebody()), 0); took != 0 || stateName(lead.GetEngagements()[0].GetState()) != "SENDING" {
			t.Errorf("%v after %s", lead, took)
		}
	})
}

func TestWaitEndsWithClose(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, hangs)))
		id := r.create(somebody())
		done := make(chan time.Duration)
		go func() {
			_, took := r.waited(t.Context(), id, 20*time.Second)
			done <- took
		}()
		pass(5 * time.Second)
		go r.close(10 * time.Second)
		if took := <-done; took != 5*time.Second {
			t.Errorf("it took %s", took)
		}
		pass(time.Minute)
	})
}

func TestManyWaitForOneLead(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, after(3*time.Second, took))))
		id := r.create(somebody())
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go r.waited(hasty, id, 20*time.Second) // that one leaves before is nothing to the others
		states := make(chan string)
		for range 20 {
			go func() {
				lead, _ := r.waited(t.Context(), id, 20*time.Second)
				states <- stateName(lead.GetEngagements()[0].GetState())
			}()
		}
		start := time.Now()
		for range 20 {
			if state := <-states; state != "ACTIVE" {
				t.Errorf("one got %s", state)
			}
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestWaitForALeadThatIsNotThere(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, took)))
		id := r.create(somebody())
		synctest.Wait()
		for _, at := range []struct{ tenant, lead string }{{tenant, "lead_0"}, {"other", id}} {
			if _, err := r.d.Wait(t.Context(), at.tenant, at.lead, time.Second); !errors.Is(err, idmap.ErrNotFound) {
				t.Errorf("lead %s of %s: %v", at.lead, at.tenant, err)
			}
		}
	})
}

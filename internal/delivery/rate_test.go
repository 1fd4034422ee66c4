package delivery_test

import (
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// gap is the least time between two attempts at one request a second: the limit and the slack that is kept to it.
const gap = 1050 * time.Millisecond

func TestP8QueuedLeadsLeaveInStepWithTheLimit(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r := newRig(t, limited("west", v, 1))
		start := time.Now()
		r.stop()
		var ids []string
		for range 10 {
			ids = append(ids, r.create(somebody()))
			pass(time.Millisecond)
		}
		r.resume()
		pass(11 * time.Second)
		spaced(t, v.seen(""), start)
		for i, a := range v.seen("") {
			if a.lead.GetLeadId() != ids[i] {
				t.Errorf("lead %d is not the one that was accepted then", i)
			}
		}
	})
}

// spaced checks that ten attempts left one gap apart and no later than that asks for.
func spaced(t *testing.T, seen []attempt, start time.Time) {
	t.Helper()
	if len(seen) != 10 {
		t.Fatalf("%d attempts in 11 seconds", len(seen))
	}
	before := start // a line's first slot comes one gap after the start
	for i, a := range seen {
		if d := a.at.Sub(before); d < gap || d > gap+20*time.Millisecond {
			t.Errorf("attempt %d came %s after the one before", i, d)
		}
		if !a.slot {
			t.Errorf("attempt %d holds no slot", i)
		}
		before = a.at
	}
}

func TestP8AccountsThatShareALimitKeepItTogether(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		shared := vendorhttp.NewSlots(1)
		var accounts []*adapters.Account
		for _, name := range []string{"east", "west"} {
			line := vendorhttp.NewLine(vendorhttp.LineConfig{Slots: shared})
			accounts = append(accounts, &adapters.Account{Name: name, Tenant: tenant, Vendor: "verse", Adapter: v, Line: line})
		}
		r := newRig(t, accounts...)
		start := time.Now()
		for range 5 {
			r.create(somebody()) // at both accounts; those that find a slot at once keep the step too
		}
		pass(11 * time.Second)
		spaced(t, v.seen(""), start)
	})
}

func TestP8NewLeadsThatFindASlotKeepTheStep(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r := newRig(t, limited("west", v, 1))
		start := time.Now()
		for range 10 {
			r.create(somebody())
			pass(gap)
		}
		pass(time.Second)
		spaced(t, v.seen(""), start)
	})
}

func TestP9OneAccountsBacklogDoesNotHoldUpAnother(t *testing.T) {
	inTime(t, func(t *testing.T) {
		slow, quick := newVendor(keyed, hangs), newVendor(keyed, took)
		r := newRig(t, at("slow", slow), at("quick", quick))
		r.stop()
		for range 100 {
			r.create(somebody())
		}
		r.resume()
		pass(time.Second)
		if got := len(quick.seen("")); got != 100 {
			t.Errorf("%d of 100 leads left the quick account", got)
		}
		slow.mu.Lock()
		defer slow.mu.Unlock()
		if slow.mostOpen != 64 {
			t.Errorf("%d attempts under way at once, want 64", slow.mostOpen)
		}
	})
}

func TestAFullAccountGoesOnWhenAnAttemptEnds(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, after(5*time.Second, took))
		r := newRig(t, at("west", v))
		r.stop()
		for range 100 {
			r.create(somebody())
		}
		r.resume()
		pass(11 * time.Second)
		if got := len(v.seen("")); got != 100 {
			t.Errorf("%d of 100 leads left within two rounds", got)
		}
	})
}

package delivery_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
)

func TestRetriesFor48HoursAreJitteredUnderADoublingCeiling(t *testing.T) {
	inTime(t, func(t *testing.T) {
		start := time.Now()
		v := newVendor(keyed, func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
			if time.Since(start) > 48*time.Hour {
				return took(ctx, a)
			}
			return fails(adapters.KindUnavailable)(ctx, a)
		})
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		if next, retry := r.op(id).GetNextAttemptTime().AsTime(), r.engagement(id).GetError().GetRetryTime().AsTime(); !next.Equal(retry) {
			t.Errorf("next attempt at %s, the engagement says %s", next, retry)
		}
		pass(49 * time.Hour)
		r.wants(id, "ACTIVE", "")

		seen := v.seen(id)
		if len(seen) < 100 {
			t.Fatalf("only %d attempts in 48 hours", len(seen))
		}
		var short, long int // waits in the lowest and the highest quarter, once the ceiling stands
		for i := 1; i < len(seen); i++ {
			ceiling := min(usual.Min<<min(i-1, 20), usual.Max)
			gap := seen[i].at.Sub(seen[i-1].at)
			if gap <= 0 || gap > ceiling {
				t.Errorf("wait %d is %s, the ceiling %s", i, gap, ceiling)
			}
			if ceiling == usual.Max && gap < ceiling/4 {
				short++
			}
			if ceiling == usual.Max && gap > ceiling*3/4 {
				long++
			}
		}
		if share := len(seen) / 8; short < share || long < share {
			t.Errorf("of %d waits %d are short and %d long: that is no full jitter", len(seen), short, long)
		}
		journal(t, r, id, seen)
	})
}

// journal checks what is kept of many attempts: the newest 20, and how many there were.
func journal(t *testing.T, r *rig, id string, seen []attempt) {
	t.Helper()
	op := r.op(id)
	if int(op.GetAttemptCount()) != len(seen) || int(r.engagement(id).GetAttempts()) != len(seen) {
		t.Errorf("%d attempts counted, %d made", op.GetAttemptCount(), len(seen))
	}
	kept := op.GetAttempts()
	if len(kept) != 20 {
		t.Fatalf("%d attempts kept", len(kept))
	}
	for i, a := range kept {
		if want := seen[len(seen)-20+i].at; !a.GetStartTime().AsTime().Equal(want) {
			t.Errorf("kept attempt %d started at %s, want %s", i, a.GetStartTime().AsTime(), want)
		}
	}
	if last, before := kept[19], kept[18]; outcomeName(last.GetOutcome()) != "SUCCEEDED" || outcomeName(before.GetOutcome()) != "NO_EFFECT" {
		t.Errorf("the last attempts are %v and %v", before, last)
	}
}

func TestGivesUpAfter72Hours(t *testing.T) {
	// Twenty seconds at first: doubled at each of a hundred attempts, that is more than a number can hold.
	schedule := delivery.Schedule{Min: 20 * time.Second, Max: time.Hour, GiveUpAfter: 72 * time.Hour}
	for name, c := range map[string]struct {
		answer                   answer
		state, reason, op, event string
	}{
		"nothing reached the vendor":   {fails(adapters.KindUnavailable), "REJECTED", "GAVE_UP", "FAILED", "operation.failed"},
		"something may have":           {loses(adapters.KindTimeout), "IN_DOUBT", "VENDOR_TIMEOUT", "IN_DOUBT", "operation.in_doubt"},
		"the first of many may have":   {inTurn(loses(adapters.KindTimeout), fails(adapters.KindUnavailable)), "IN_DOUBT", "VENDOR_UNAVAILABLE", "IN_DOUBT", "operation.in_doubt"},
		"the vendor asks for patience": {failure(adapters.Error{Kind: adapters.KindRateLimited, RetryAfter: time.Hour}), "REJECTED", "GAVE_UP", "FAILED", "operation.failed"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, c.answer)
				r := idleRig(t, schedule, at("west", v))
				r.start()
				start := time.Now()
				id := r.create(somebody())
				pass(100 * time.Hour)
				r.wants(id, c.state, c.reason)
				seen := v.seen(id)
				if len(seen) < 30 {
					t.Errorf("only %d attempts", len(seen))
				}
				if last := seen[len(seen)-1].at.Sub(start); last > schedule.GiveUpAfter || last < schedule.GiveUpAfter-2*schedule.Max {
					t.Errorf("the last attempt came after %s", last)
				}
				op := r.op(id)
				if opName(op.GetState()) != c.op || op.GetNextAttemptTime() != nil || r.engagement(id).GetError().GetRetryTime() != nil {
					t.Errorf("the operation is %v", op)
				}
				equal(t, "events", r.events(id), []string{c.event, "lead.engagement_changed"})
			})
		})
	}
}

func TestAClosedIntakeIsTriedSlowly(t *testing.T) {
	inTime(t, func(t *testing.T) {
		start := time.Now()
		v := newVendor(detectable, func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
			if time.Since(start) > 24*time.Hour {
				return took(ctx, a)
			}
			return fails(adapters.KindIntakeClosed)(ctx, a)
		})
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		pass(26 * time.Hour)
		r.wants(id, "ACTIVE", "")
		seen := v.seen(id)
		shortest, longest := time.Hour, time.Duration(0)
		for i := 1; i < len(seen); i++ {
			gap := seen[i].at.Sub(seen[i-1].at)
			shortest, longest = min(shortest, gap), max(longest, gap)
		}
		if shortest < 15*time.Minute || longest > time.Hour {
			t.Errorf("waits from %s to %s, want 15 to 60 minutes", shortest, longest)
		}
		if longest-shortest < 10*time.Minute {
			t.Errorf("waits from %s to %s: no jitter", shortest, longest)
		}
	})
}

func TestWhatTheVendorAsksForIsTheLeast(t *testing.T) {
	for name, c := range map[string]struct {
		kind        adapters.Kind
		asked       time.Duration
		least, most time.Duration
	}{
		"longer than the ceiling":    {adapters.KindRateLimited, 40 * time.Minute, 40 * time.Minute, 40 * time.Minute},
		"within the ceiling":         {adapters.KindUnavailable, 700 * time.Millisecond, 700 * time.Millisecond, time.Second},
		"longer than the slow retry": {adapters.KindIntakeClosed, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour},
		"nothing":                    {adapters.KindRateLimited, 0, 1, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, failure(adapters.Error{Kind: c.kind, RetryAfter: c.asked}), took)
				r := newRig(t, at("west", v))
				id := r.create(somebody())
				pass(4 * time.Hour)
				r.wants(id, "ACTIVE", "")
				seen := v.seen(id)
				if gap := seen[1].at.Sub(seen[0].at); len(seen) != 2 || gap < c.least || gap > c.most {
					t.Errorf("%d attempts, the second after %s; want %s to %s", len(seen), gap, c.least, c.most)
				}
			})
		})
	}
}

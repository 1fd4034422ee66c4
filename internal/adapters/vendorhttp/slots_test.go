package vendorhttp

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestSlotsAreEvenlySpacedFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const gap = 525 * time.Millisecond // 1.05 s at two per second
		s := NewSlots(2)
		start := time.Now()
		if s.Try() {
			t.Error("a slot is free at the start; a restart would break the limit")
		}
		if next := s.Next(); next < gap-time.Millisecond || next > gap+time.Millisecond {
			t.Errorf("the first slot is %s away, want %s", next, gap)
		}
		for n := 1; n <= 5; n++ {
			if err := s.Wait(t.Context()); err != nil {
				t.Fatalf("slot %d: %v", n, err)
			}
			want := time.Duration(n) * gap
			if got := time.Since(start); got < want-time.Millisecond || got > want+time.Millisecond {
				t.Errorf("slot %d came after %s, want %s", n, got, want)
			}
		}
	})
}

func TestSlotsDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSlots(1)
		<-time.After(time.Hour)
		if !s.Try() {
			t.Error("no slot is free after an hour")
		}
		if s.Try() {
			t.Error("two slots are free at once after an hour")
		}
	})
}

func TestSlotsEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSlots(1)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := s.Wait(ctx); err == nil {
			t.Error("got a slot that comes after the deadline")
		}
		if next := s.Next(); next > 1050*time.Millisecond {
			t.Errorf("the slot not taken was used up: the next is %s away", next)
		}
	})
}

func TestNoLimit(t *testing.T) {
	s := NewSlots(0)
	for range 1000 {
		if !s.Try() || s.Next() != 0 {
			t.Fatal("no slot although there is no limit")
		}
	}
}

func TestARequestLeavesAGapBehindTheLastOneThatLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const gap = 1050 * time.Millisecond
		s := NewSlots(1)
		var left []time.Time
		for _, late := range []time.Duration{0, 700 * time.Millisecond, 0, 0, 5 * time.Second, 0} { // between slot and first byte
			if err := s.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			<-time.After(late)
			s.Leave(t.Context())
			left = append(left, time.Now())
		}
		for i := 1; i < len(left); i++ {
			if d := left[i].Sub(left[i-1]); d < gap {
				t.Errorf("request %d left %s behind the one before", i, d)
			}
		}
		if all := left[5].Sub(left[0]); all > 6*gap+5*time.Second {
			t.Errorf("they took %s: a late one costs the others", all)
		}
	})
}

func TestARequestWhoseTimeIsOverIsNotHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSlots(0.1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		s.Leave(ctx)
		if d := time.Since(start); d != time.Second {
			t.Errorf("held back for %s", d)
		}
	})
}

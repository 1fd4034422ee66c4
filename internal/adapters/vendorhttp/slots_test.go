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
		if s.try() {
			t.Error("a slot is free at the start; a restart would break the limit")
		}
		if next := s.next(); next < gap-time.Millisecond || next > gap+time.Millisecond {
			t.Errorf("the first slot is %s away, want %s", next, gap)
		}
		for n := 1; n <= 5; n++ {
			if err := s.wait(t.Context()); err != nil {
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
		if !s.try() {
			t.Error("no slot is free after an hour")
		}
		if s.try() {
			t.Error("two slots are free at once after an hour")
		}
	})
}

func TestSlotsEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSlots(1)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := s.wait(ctx); err == nil {
			t.Error("got a slot that comes after the deadline")
		}
		if next := s.next(); next > 1050*time.Millisecond {
			t.Errorf("the slot not taken was used up: the next is %s away", next)
		}
	})
}

func TestNoLimit(t *testing.T) {
	s := NewSlots(0)
	for range 1000 {
		if !s.try() || s.next() != 0 {
			t.Fatal("no slot although there is no limit")
		}
	}
}

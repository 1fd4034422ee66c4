package vendorhttp

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// pass sends nothing through the line that ends in e.
func pass(t *testing.T, l *Line, e *adapters.Error) {
	t.Helper()
	if refused := l.enter(t.Context()); refused != nil {
		t.Fatalf("the line is down: %v", refused)
	}
	l.leave(t.Context(), e)
}

func unavailable() *adapters.Error { return &adapters.Error{Kind: adapters.KindUnavailable} }

// open makes the breaker open.
func open(t *testing.T, l *Line) {
	t.Helper()
	for range breakerFailures {
		pass(t, l, unavailable())
	}
}

func wantKind(t *testing.T, e *adapters.Error, kind adapters.Kind) {
	t.Helper()
	if e == nil {
		t.Fatalf("the line is up, want it to refuse with %s", kind)
	}
	if e.Kind != kind || e.Ambiguous {
		t.Errorf("got %s, ambiguous %t; want %s, false", e.Kind, e.Ambiguous, kind)
	}
}

func TestBreakerOpensAtTenOfTwenty(t *testing.T) {
	l := NewLine(LineConfig{})
	for range breakerFailures - 1 {
		pass(t, l, unavailable())
	}
	pass(t, l, nil)
	if !l.TryTake() {
		t.Fatal("the line is down after nine failures")
	}
	pass(t, l, unavailable())
	if l.TryTake() {
		t.Error("the line is up after ten failures of eleven")
	}
	wantKind(t, l.enter(t.Context()), adapters.KindUnavailable)
	if got := l.Health().GetBreaker(); got != leadmuxv1.BreakerState_BREAKER_STATE_OPEN {
		t.Errorf("breaker is %s, want OPEN", got)
	}
}

func TestBreakerCountsOnlyBrokenVendors(t *testing.T) {
	for kind, counts := range map[adapters.Kind]bool{
		adapters.KindUnavailable: true, adapters.KindTimeout: true, adapters.KindBadAnswer: true,
		adapters.KindInvalid: false, adapters.KindNotFound: false, adapters.KindConflict: false,
		adapters.KindRateLimited: false, adapters.KindCredentials: false, adapters.KindOnHold: false,
		adapters.KindIntakeClosed: false, adapters.KindRouteUnknown: false, adapters.KindUnknown: false,
	} {
		l := NewLine(LineConfig{})
		for range breakerWindow {
			if l.enter(t.Context()) != nil {
				break
			}
			l.leave(t.Context(), &adapters.Error{Kind: kind})
		}
		if opened := !l.TryTake(); opened != counts {
			t.Errorf("%s: breaker opened %t, want %t", kind, opened, counts)
		}
	}
}

func TestRateLimitedCountsNeitherWay(t *testing.T) {
	l := NewLine(LineConfig{})
	for range breakerFailures - 1 {
		pass(t, l, unavailable())
	}
	for range breakerWindow {
		pass(t, l, &adapters.Error{Kind: adapters.KindRateLimited})
	}
	pass(t, l, unavailable())
	if l.TryTake() {
		t.Error("requests to slow down pushed the failures out of the window")
	}
}

func TestOwnCancellationIsNoFailure(t *testing.T) {
	l := NewLine(LineConfig{})
	for range breakerWindow {
		pass(t, l, &adapters.Error{Kind: adapters.KindUnavailable, Cause: context.Canceled})
	}
	if !l.TryTake() {
		t.Error("requests that we called off opened the breaker")
	}
	if l.Health().GetLastError() != nil {
		t.Error("a request that we called off is the account's last error")
	}
}

// TestTurned wants to hear once of an outage, however many trials it takes, and once of its end.
func TestTurned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []bool
		l := NewLine(LineConfig{Turned: func(open bool) { told = append(told, open) }})
		open(t, l)
		for range 3 {
			<-time.After(breakerDelay)
			pass(t, l, unavailable())
		}
		<-time.After(breakerDelay)
		pass(t, l, nil)
		if !slices.Equal(told, []bool{true, false}) {
			t.Errorf("told %v", told)
		}
	})
}

func TestHalfOpenLetsOneThrough(t *testing.T) {
	for _, trial := range []struct {
		name   string
		ends   *adapters.Error
		closed bool
	}{
		{"success", nil, true},
		{"a refusal is a sign of life", &adapters.Error{Kind: adapters.KindConflict}, true},
		{"rate limited is a sign of life", &adapters.Error{Kind: adapters.KindRateLimited}, true},
		{"failure", unavailable(), false},
		{"called off", &adapters.Error{Kind: adapters.KindUnavailable, Cause: context.Canceled}, false},
	} {
		t.Run(trial.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := NewLine(LineConfig{})
				open(t, l)
				if got, want := l.NextTry(), time.Now().Add(breakerDelay); !got.Equal(want) {
					t.Errorf("next try in %s, want %s", time.Until(got), breakerDelay)
				}
				<-time.After(breakerDelay)
				if got := l.Health().GetBreaker(); got != leadmuxv1.BreakerState_BREAKER_STATE_HALF_OPEN {
					t.Errorf("breaker is %s, want HALF_OPEN", got)
				}
				if !l.TryTake() || l.TryTake() {
					t.Error("want exactly one grant while half open")
				}
				if got := l.NextTry(); !got.Equal(time.Now().Add(trialGap)) {
					t.Errorf("next try in %s, want %s", time.Until(got), trialGap)
				}
				if e := l.enter(t.Context()); e != nil {
					t.Fatalf("the trial is refused: %v", e)
				}
				wantKind(t, l.enter(t.Context()), adapters.KindUnavailable)
				l.leave(t.Context(), trial.ends)
				if got := l.TryTake(); got != trial.closed {
					t.Errorf("the line is up %t, want %t", got, trial.closed)
				}
			})
		})
	}
}

func TestStopAndResume(t *testing.T) {
	l := NewLine(LineConfig{})
	open(t, l)
	l.Stop(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_CREDENTIALS_REFUSED)
	if l.TryTake() || !l.NextTry().IsZero() {
		t.Error("a stopped line grants slots")
	}
	wantKind(t, l.enter(t.Context()), adapters.KindAccountStopped)
	if h := l.Health(); !h.GetStopped() || h.GetStopReason() != "VENDOR_CREDENTIALS_REFUSED" || h.GetNextSlotTime() != nil {
		t.Errorf("health of a stopped line: %v", h)
	}
	l.Resume()
	if !l.TryTake() {
		t.Error("the line is down after Resume")
	}
	if h := l.Health(); h.GetStopped() || h.GetStopReason() != "" || h.GetBreaker() != leadmuxv1.BreakerState_BREAKER_STATE_CLOSED {
		t.Errorf("health after Resume: %v", h)
	}
}

func TestProbePassesButTakesASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLine(LineConfig{RatePerSecond: 1})
		l.Stop(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_CREDENTIALS_REFUSED)
		start, ctx := time.Now(), Probe(t.Context())
		if e := l.enter(ctx); e != nil {
			t.Fatalf("the probe is refused: %v", e)
		}
		l.leave(ctx, nil)
		if waited := time.Since(start); waited < time.Second {
			t.Errorf("the probe left after %s, without a slot", waited)
		}
		for range breakerWindow {
			if e := l.enter(ctx); e != nil {
				t.Fatalf("the probe is refused: %v", e)
			}
			l.leave(ctx, unavailable())
		}
		if got := l.Health().GetBreaker(); got != leadmuxv1.BreakerState_BREAKER_STATE_CLOSED {
			t.Errorf("probes moved the breaker to %s", got)
		}
	})
}

func TestHeldSlotIsUsedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLine(LineConfig{RatePerSecond: 1})
		ctx := adapters.WithSlot(t.Context())
		start := time.Now()
		if e := l.enter(ctx); e != nil || time.Since(start) != 0 {
			t.Errorf("the held slot was not used: %v after %s", e, time.Since(start))
		}
		if e := l.enter(ctx); e != nil || time.Since(start) < time.Second {
			t.Errorf("the second request did not wait for a slot of its own: %v after %s", e, time.Since(start))
		}
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		wantKind(t, l.enter(short), adapters.KindTimeout)
	})
}

// TestACancelledContextDoesNotSpendTheTrial: what will not be sent must not be the one request that may go.
func TestACancelledContextDoesNotSpendTheTrial(t *testing.T) {
	l := NewLine(LineConfig{})
	ctx, cancel := context.WithCancel(adapters.WithSlot(t.Context()))
	cancel()
	wantKind(t, l.enter(ctx), adapters.KindUnavailable)
}

func TestHealthFacts(t *testing.T) {
	now := time.Date(2026, 3, 4, 15, 6, 7, 0, time.UTC)
	l := NewLine(LineConfig{Slots: NewSlots(5), Now: func() time.Time { return now }})
	if h := l.Health(); h.GetRatePerSecond() != 5 || h.GetLastSuccessTime() != nil || h.GetLastError() != nil {
		t.Errorf("health at the start: %v", h)
	}
	l.leave(t.Context(), nil)
	now = now.Add(time.Minute)
	l.leave(t.Context(), &adapters.Error{Kind: adapters.KindOnHold, Message: "text of an adapter"})
	h := l.Health()
	if got := h.GetLastSuccessTime().AsTime(); !got.Equal(now.Add(-time.Minute)) {
		t.Errorf("last success at %s", got)
	}
	if got := h.GetLastError(); got.GetReason() != "VENDOR_ACCOUNT_ON_HOLD" || got.GetMessage() != "" {
		t.Errorf("last error is %v, want the reason alone", got)
	}
	now = now.Add(time.Minute)
	l.leave(t.Context(), &adapters.Error{Kind: adapters.KindInvalid})
	h = l.Health()
	if !h.GetLastSuccessTime().AsTime().Equal(now) || !h.GetLastErrorTime().AsTime().Equal(now.Add(-time.Minute)) {
		t.Errorf("a refusal of a value must count as a sign of health: %v", h)
	}
}

func TestSharedSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := NewSlots(1)
		a, b := NewLine(LineConfig{Slots: shared}), NewLine(LineConfig{Slots: shared})
		<-time.After(2 * time.Second)
		if !a.TryTake() || b.TryTake() {
			t.Error("two accounts that share a limit both took a slot")
		}
	})
}

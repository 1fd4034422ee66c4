package vendorhttp

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// The circuit breaker: it opens when breakerFailures of the last breakerWindow requests failed, and lets one request through
// after breakerDelay to see.
const (
	breakerFailures = 10
	breakerWindow   = 20
	breakerDelay    = 30 * time.Second
	// trialGap spaces the trials that TryTake grants while the breaker is not closed, so that the one request that may go
	// is not outnumbered by others that would be refused.
	trialGap = time.Second
)

// LineConfig is what a line is made of.
type LineConfig struct {
	// Slots is the shared limit; nil for one of the line's own at RatePerSecond.
	Slots Slots
	// RatePerSecond is the limit the line reports, and of its own Slots if none are shared; zero means no limit.
	RatePerSecond float64
	// Now is the clock of the health facts; nil for time.Now.
	Now func() time.Time
	// Turned is told when the breaker opens, and when it is closed again; nil for nobody. It must not call the line.
	Turned func(open bool)
}

// Line is the way out to one account: adapters.Line over slots, a breaker, a stop flag and health facts, all in memory.
type Line struct {
	slots   Slots
	rate    float64
	now     func() time.Time
	breaker circuitbreaker.CircuitBreaker[any]

	mu          sync.Mutex
	stopped     bool
	stopReason  leadmuxv1.ErrorReason
	trial       time.Time // when TryTake last granted a slot while the breaker was not closed
	lastSuccess time.Time
	lastError   time.Time
	lastReason  leadmuxv1.ErrorReason
}

var _ adapters.Line = (*Line)(nil)

// NewLine makes a line that is up.
func NewLine(cfg LineConfig) *Line {
	l := &Line{slots: cfg.Slots, rate: cfg.RatePerSecond, now: cfg.Now}
	if l.slots == nil {
		l.slots = NewSlots(cfg.RatePerSecond)
	}
	if l.rate == 0 {
		l.rate = l.slots.PerSecond()
	}
	if l.now == nil {
		l.now = time.Now
	}
	l.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureThresholdRatio(breakerFailures, breakerWindow).
		WithSuccessThreshold(1).
		WithDelay(breakerDelay).
		OnStateChanged(turns(cfg.Turned)).
		Build()
	return l
}

// turns tells of the breaker's opening and closing; a trial that fails is no news.
func turns(told func(open bool)) func(circuitbreaker.StateChangedEvent) {
	return func(e circuitbreaker.StateChangedEvent) {
		switch {
		case told == nil:
		case e.NewState == circuitbreaker.ClosedState:
			told(false)
		case e.OldState == circuitbreaker.ClosedState && e.NewState == circuitbreaker.OpenState:
			told(true)
		}
	}
}

// TryTake takes a rate slot if one is free now and the line is up.
func (l *Line) TryTake() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped || l.breaker.RemainingDelay() > 0 {
		return false
	}
	now := l.now()
	trial := !l.breaker.IsClosed()
	if trial && now.Sub(l.trial) < trialGap {
		return false
	}
	if !mutant.IgnoreRateSlots && !l.slots.Try() {
		return false
	}
	if trial {
		l.trial = now
	}
	return true
}

// NextTry is the earliest moment at which TryTake can succeed; the zero time when the line is stopped.
func (l *Line) NextTry() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		return time.Time{}
	}
	now := l.now()
	next := now.Add(max(l.slots.Next(), l.breaker.RemainingDelay()))
	if again := l.trial.Add(trialGap); !l.breaker.IsClosed() && again.After(next) {
		next = again
	}
	return next
}

// Stop lets nothing out until Resume, because of reason.
func (l *Line) Stop(reason leadmuxv1.ErrorReason) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped, l.stopReason = true, reason
}

// Resume ends Stop and closes the breaker.
func (l *Line) Resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped, l.stopReason = false, leadmuxv1.ErrorReason_ERROR_REASON_UNSPECIFIED
	l.trial = time.Time{}
	l.breaker.Close()
}

// Health is how the account is. Queue figures are left empty.
func (l *Line) Health() *leadmuxv1.AccountHealth {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := &leadmuxv1.AccountHealth{Breaker: l.breakerState(), Stopped: l.stopped, RatePerSecond: l.rate}
	if l.stopped {
		h.StopReason = rpcerr.Name(l.stopReason)
	} else if wait := max(l.slots.Next(), l.breaker.RemainingDelay()); wait > 0 {
		h.NextSlotTime = timestamppb.New(l.now().Add(wait))
	}
	if !l.lastSuccess.IsZero() {
		h.LastSuccessTime = timestamppb.New(l.lastSuccess)
	}
	if !l.lastError.IsZero() {
		h.LastError = &leadmuxv1.EngagementError{Reason: rpcerr.Name(l.lastReason)}
		h.LastErrorTime = timestamppb.New(l.lastError)
	}
	return h
}

// breakerState is the breaker's state; one whose delay is over is half open, though no request has come to try it.
func (l *Line) breakerState() leadmuxv1.BreakerState {
	switch {
	case l.breaker.IsClosed():
		return leadmuxv1.BreakerState_BREAKER_STATE_CLOSED
	case l.breaker.RemainingDelay() > 0:
		return leadmuxv1.BreakerState_BREAKER_STATE_OPEN
	default:
		return leadmuxv1.BreakerState_BREAKER_STATE_HALF_OPEN
	}
}

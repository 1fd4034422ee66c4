package vendorhttp

import (
	"context"
	"errors"
	"slices"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// The reasons for sending nothing, as they stand in logs.
var (
	errStopped = errors.New("nothing was sent: the account is stopped")
	errOpen    = errors.New("nothing was sent: the circuit breaker is open")
	errNoSlot  = errors.New("nothing was sent: no rate slot in time")
)

type probeKey struct{}

// Probe marks ctx as that of a test of the account: its requests pass a stopped line and an open breaker, still take rate
// slots, and leave the breaker as it is. A good test is followed by Line.Resume.
func Probe(ctx context.Context) context.Context {
	return context.WithValue(ctx, probeKey{}, true)
}

func isProbe(ctx context.Context) bool { return ctx.Value(probeKey{}) != nil }

// enter waits until a request may leave, or says why none may. After nil, leave must follow.
func (l *Line) enter(ctx context.Context) *adapters.Error {
	probe := isProbe(ctx)
	// Asked before the wait for a slot, so that a line which is down takes none.
	if !probe {
		if e := l.refusal(); e != nil {
			return e
		}
	}
	if !adapters.UseSlot(ctx) {
		if err := l.slots.Wait(ctx); err != nil {
			return unsent(ctx)
		}
	}
	if ctx.Err() != nil {
		return unsent(ctx)
	}
	if probe {
		return nil
	}
	if e := l.refusal(); e != nil {
		return e
	}
	if !l.breaker.TryAcquirePermit() {
		return &adapters.Error{Kind: adapters.KindUnavailable, Cause: errOpen}
	}
	return nil
}

// unsent is the failure of a request whose context ended, or would end, before its slot came.
func unsent(ctx context.Context) *adapters.Error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &adapters.Error{Kind: adapters.KindUnavailable, Cause: context.Canceled}
	}
	return &adapters.Error{Kind: adapters.KindTimeout, Cause: errNoSlot}
}

// refusal says why the line lets nothing out; nil when it does.
func (l *Line) refusal() *adapters.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		return &adapters.Error{Kind: adapters.KindAccountStopped, Cause: errStopped}
	}
	if l.breaker.RemainingDelay() > 0 {
		return &adapters.Error{Kind: adapters.KindUnavailable, Cause: errOpen}
	}
	return nil
}

// brokenKinds count against the breaker: the vendor is not there, or not itself.
var brokenKinds = []adapters.Kind{adapters.KindUnavailable, adapters.KindTimeout, adapters.KindBadAnswer}

// plainKinds are answers about the request, not about the account or the vendor: the account works.
var plainKinds = []adapters.Kind{
	adapters.KindInvalid, adapters.KindNotFound, adapters.KindConflict, adapters.KindNotSupported, adapters.KindWrongState,
}

// leave records how a request that entered ended; nil is success.
func (l *Line) leave(ctx context.Context, e *adapters.Error) {
	if !isProbe(ctx) {
		l.count(e)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case e == nil || slices.Contains(plainKinds, e.Kind):
		l.lastSuccess = l.now()
	case !errors.Is(e.Cause, context.Canceled):
		l.lastError, l.lastReason = l.now(), rpcerr.KindReason(e.Kind)
	}
}

// count tells the breaker. A request that asked for fewer requests, or that we ourselves called off, counts neither way; but
// the trial of a half-open breaker must end somehow, so there the first is a sign of life and the second proves nothing.
func (l *Line) count(e *adapters.Error) {
	switch {
	case e != nil && errors.Is(e.Cause, context.Canceled):
		if l.breaker.IsHalfOpen() {
			l.breaker.RecordFailure()
		}
	case e != nil && e.Kind == adapters.KindRateLimited:
		if l.breaker.IsHalfOpen() {
			l.breaker.RecordSuccess()
		}
	case e != nil && slices.Contains(brokenKinds, e.Kind):
		l.breaker.RecordFailure()
	default:
		l.breaker.RecordSuccess()
	}
}

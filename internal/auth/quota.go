package auth

import (
	"context"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// Quota holds callers to their rate: one call or stream takes one. It belongs after Authenticate; callers without a quota, and
// public methods, pass. The zero Quota is ready.
type Quota struct{}

// Check takes one call of ctx's caller, or fails with QUOTA_EXCEEDED and the time until the next is free. Refused calls take
// nothing.
func (Quota) Check(ctx context.Context) error {
	p, ok := From(ctx)
	if !ok || p.holder == nil || p.holder.limiter == nil {
		return nil
	}
	now := time.Now()
	slot := p.holder.limiter.ReserveN(now, 1)
	wait := slot.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	slot.CancelAt(now)
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_QUOTA_EXCEEDED,
		"the key %q may make %v calls per second, and %d at once", p.Name, p.holder.key.RatePerSecond, p.holder.limiter.Burst()).Retry(wait)
}

package delivery

import (
	"context"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// slotPause is the shortest pause between two tries for a slot that others are let have first.
const slotPause = 10 * time.Millisecond

// slot takes a rate slot for somebody who waits: behind opt-outs, in turns with what is queued. It fails at once when the account lets
// nothing out, or only after the caller's deadline.
func (d *Dispatcher) slot(ctx context.Context, account *adapters.Account) error {
	leave, err := d.turns[account.Name].enter(ctx, account, d.now())
	if err != nil {
		return err
	}
	defer leave()
	for {
		slots, err := d.Reserve(ctx, []*adapters.Account{account}, leadmuxv1.Priority_PRIORITY_OPT_OUT)
		if err != nil {
			return err
		}
		if slots[account.Name] {
			d.turns[account.Name].passed.Store(false)
			return nil
		}
		pause, err := d.untilSlot(ctx, account)
		if err != nil {
			return err
		}
		if err := d.pause(ctx, pause); err != nil {
			return err
		}
	}
}

// pause lets time pass before the next try for a slot, unless the caller or the service stops waiting.
func (d *Dispatcher) pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-d.running.Done():
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SHUTTING_DOWN, "the service is stopping; nothing was sent")
	}
}

// untilSlot is how long to wait for the next try, or why not to.
func (d *Dispatcher) untilSlot(ctx context.Context, account *adapters.Account) (time.Duration, error) {
	health := account.Line.Health()
	next := account.Line.NextTry()
	wait := max(next.Sub(d.now()), slotPause)
	switch {
	case next.IsZero():
		return 0, &adapters.Error{Vendor: account.Vendor, Kind: adapters.KindAccountStopped, Message: health.GetStopReason()}
	case health.GetBreaker() == leadmuxv1.BreakerState_BREAKER_STATE_OPEN:
		return 0, &adapters.Error{
			Vendor: account.Vendor, Kind: adapters.KindUnavailable, RetryAfter: wait,
			Message: "too many requests failed lately; nothing goes out for a while",
		}
	}
	if deadline, ok := ctx.Deadline(); ok && d.now().Add(wait).After(deadline) {
		return 0, noSlot(account, wait)
	}
	return wait, nil
}

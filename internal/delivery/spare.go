package delivery

import (
	"context"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// Spare waits for a rate slot that nobody else wants, for a request that nobody waits for: behind everything that is due or asked for at any
// account that shares the limit, and at most every other slot, so that who comes meanwhile finds the next one free. It fails at once while
// the account lets nothing out. The caller uses it up under adapters.WithSlot.
func (d *Dispatcher) Spare(ctx context.Context, account *adapters.Account) error {
	shared := d.queues[account.Name].contest
	for {
		pause, err := d.untilSlot(ctx, account)
		if err != nil {
			return err
		}
		rested := time.Unix(0, shared.spared.Load()).Add(2 * pace(account))
		if rest := rested.Sub(d.now()); rest > 0 {
			pause = max(pause, rest)
		} else if !d.isWanted(account) {
			slots, err := d.Reserve(ctx, []*adapters.Account{account}, leadmuxv1.Priority_PRIORITY_BULK)
			if err != nil {
				return err
			}
			if slots[account.Name] {
				shared.spared.Store(d.now().UnixNano())
				return nil
			}
		}
		if err := d.pause(ctx, pause); err != nil {
			return err
		}
	}
}

// isWanted says whether somebody waits for a slot of the account, or of one that shares its limit.
func (d *Dispatcher) isWanted(account *adapters.Account) bool {
	for _, q := range d.queues[account.Name].contest.queues {
		if d.turns[q.account.Name].waiting.Load() > 0 {
			return true
		}
	}
	return false
}

package delivery

import (
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// Lot is one batch or import on its way into the queues: by account, when its next operation there may be due at the earliest.
// Its operations become due one after the other, at the pace of the account, and not all at once: so one that comes later, however
// small, has its turn between them and not behind them. It begins with what is next in the queue, for a queue that lags behind
// has nothing to give to those who were there first.
//
// A transaction may run more than once: give it a copy, and keep that when it is durable.
type Lot map[string]time.Time

// turn takes the lot's next turn at an account.
func (l Lot) turn(r idmap.Reader, account *adapters.Account, now time.Time) (time.Time, error) {
	gap := pace(account)
	if gap == 0 {
		return now, nil // all go at once anyway
	}
	waiting, err := r.Queue(account.Tenant, account.Name)
	if err != nil {
		return time.Time{}, err
	}
	due := now
	for _, part := range waiting.Parts {
		if part.Priority == leadmuxv1.Priority_PRIORITY_BULK && part.NextDue.Before(now) {
			due = part.NextDue
		}
	}
	if own := l[account.Name]; own.After(due) {
		due = own
	}
	l[account.Name] = due.Add(gap)
	return due, nil
}

// pace is the time from one slot of an account to the next; zero without a limit.
func pace(account *adapters.Account) time.Duration {
	perSecond := account.Line.Health().GetRatePerSecond()
	if perSecond <= 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / perSecond)
}

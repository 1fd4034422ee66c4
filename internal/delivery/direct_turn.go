package delivery

import (
	"context"
	"sync/atomic"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// turn is the order in which those who wait for a slot of one account get it: as they came, so that whoever asks for the state of a
// job again and again cannot keep a call waiting.
type turn struct {
	first   chan struct{} // holds one entry while somebody tries for a slot; the runtime wakes those behind in their order
	waiting atomic.Int32  // how many try or wait
	passed  atomic.Bool   // what is queued had a slot since the last of those who wait
}

// owns says whether the next slot belongs to one who waits rather than to what is queued with a priority: nobody is passed over twice in
// a row, however long the backlog. Opt-outs stand behind nobody.
func (t *turn) owns(queued leadmuxv1.Priority) bool {
	return queued < leadmuxv1.Priority_PRIORITY_OPT_OUT && t.waiting.Load() > 0 && t.passed.Load()
}

// pass records that what is queued got a slot.
func (t *turn) pass() { t.passed.Store(t.waiting.Load() > 0) }

func newTurns(accounts []*adapters.Account) map[string]*turn {
	turns := make(map[string]*turn, len(accounts))
	for _, account := range accounts {
		turns[account.Name] = &turn{first: make(chan struct{}, 1)}
	}
	return turns
}

// enter waits until nobody is before. It fails at once when so many are that the slot would come after the deadline. The caller calls
// leave once it has its slot or gave up.
func (t *turn) enter(ctx context.Context, account *adapters.Account, now time.Time) (leave func(), err error) {
	before := t.waiting.Add(1) - 1
	if rate := account.Line.Health().GetRatePerSecond(); rate > 0 && before > 0 {
		wait := time.Duration(float64(before) / rate * float64(time.Second))
		if deadline, ok := ctx.Deadline(); ok && now.Add(wait).After(deadline) {
			t.waiting.Add(-1)
			return nil, noSlot(account, wait)
		}
	}
	select {
	case t.first <- struct{}{}:
		return func() { <-t.first; t.waiting.Add(-1) }, nil
	case <-ctx.Done():
		t.waiting.Add(-1)
		return nil, ctx.Err()
	}
}

// noSlot refuses a call whose slot would come too late.
func noSlot(account *adapters.Account, wait time.Duration) error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_NO_RATE_SLOT,
		"the next request to %s may leave after this call's deadline; nothing was sent", account.Name).Retry(wait)
}

package delivery

import (
	"sync/atomic"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// contest is between the accounts that share a vendor's rate limit: each slot goes to the highest priority that waits at any of
// them, and among equals to the account that has waited for one the longest, however many operations another has.
type contest struct {
	queues []*queue
	slots  atomic.Int64 // handed out so far
	spared atomic.Int64 // when Spare last handed one out, in nanoseconds of Unix time
}

// contests finds the accounts that share a limit. An account that shares none is alone in its contest.
func contests(queues map[string]*queue) {
	shared := map[string]*contest{}
	for _, q := range queues {
		c := shared[q.account.Limit]
		if c == nil || q.account.Limit == "" {
			c = &contest{}
			shared[q.account.Limit] = c
		}
		c.queues, q.contest = append(c.queues, q), c
	}
}

// stand says what the queue would send if it got a slot; unset for nothing.
func (q *queue) stand(priority leadmuxv1.Priority) { q.head.Store(int32(priority)) }

// won records that the queue got a slot.
func (q *queue) won() { q.last.Store(q.contest.slots.Add(1)) }

// rival is a queue that the next slot belongs to rather than to q; nil when it is q's.
func (q *queue) rival() *queue {
	mine := q.head.Load()
	for _, other := range q.contest.queues {
		if other == q {
			continue
		}
		theirs := other.head.Load()
		if before := theirs > mine || theirs == mine && other.last.Load() < q.last.Load(); theirs > 0 && before && sendsFirst(other, q) {
			return other
		}
	}
	return nil
}

// sendsFirst says whether another queue would make use of the next slot: its line lets out no later than q's.
func sendsFirst(other, q *queue) bool {
	theirs, mine := other.account.Line.NextTry(), q.account.Line.NextTry()
	return !theirs.IsZero() && !theirs.After(mine.Add(time.Millisecond))
}

// ahead says whether an operation that is due, at the account or at one that shares its limit, does not stand behind a new one of
// this priority.
func (d *Dispatcher) ahead(r idmap.Reader, account *adapters.Account, priority leadmuxv1.Priority) (bool, error) {
	for _, q := range d.queues[account.Name].contest.queues {
		if q.account != account && q.account.Line.NextTry().IsZero() {
			continue // it is stopped, and waits for no slot
		}
		due, err := r.Due(q.account.Tenant, q.account.Name, d.now(), 1)
		if err != nil || len(due) > 0 && idmap.PriorityOf(due[0]) >= priority {
			return true, err
		}
	}
	return false, nil
}

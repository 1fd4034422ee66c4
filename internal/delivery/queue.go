package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
)

// queue is the loop of one account over its QUEUED operations. The operations themselves are in the index only.
type queue struct {
	account *adapters.Account
	stopped time.Time // since when the account is stopped, as the loop last read it; zero when it is not
	woken   chan struct{}
	flight  chan struct{} // holds one value for each attempt under way that the queue began
	contest *contest
	head    atomic.Int32 // the priority it waits with for a slot; 0 while it waits for none
	last    atomic.Int64 // number of the last slot it got, among those of its contest
}

func newQueue(account *adapters.Account) *queue {
	return &queue{account: account, woken: make(chan struct{}, 1), flight: make(chan struct{}, places[leadmuxv1.Priority_PRIORITY_OPT_OUT])}
}

func (q *queue) wake() {
	select {
	case q.woken <- struct{}{}:
	default: // a look is due already
	}
}

// storeRetry is the pause after the index could not be read or written.
const storeRetry = time.Second

// idle is how long a queue sleeps when nothing tells it a time; whatever changes in this process wakes it. What changes in
// another one does not.
func (d *Dispatcher) idle() time.Duration {
	if d.shared {
		return time.Second
	}
	return time.Minute
}

// drain sends what is due, one attempt for each rate slot, until the Dispatcher closes.
func (d *Dispatcher) drain(q *queue) {
	for d.running.Err() == nil {
		pause, err := d.next(q)
		if err == nil {
			err = d.doubtSilence(q.account)
		}
		if err != nil && d.running.Err() == nil {
			d.logger.Error("queue cannot be read or written; trying again",
				slog.String("account", q.account.Name), slog.String("error", err.Error()))
			pause = storeRetry
		}
		if pause <= 0 {
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-q.woken:
		case <-d.running.Done():
		}
		timer.Stop()
	}
}

// next begins the attempt that is due, if a slot is free, and returns how long to pause.
func (d *Dispatcher) next(q *queue) (time.Duration, error) {
	var waiting idmap.Queue
	var stop idmap.Stop
	err := d.store.View(d.running, func(r idmap.Reader) (err error) {
		if stop, _, err = stopOf(r, q.account); err != nil {
			return err
		}
		waiting, err = r.Queue(q.account.Tenant, q.account.Name)
		return err
	})
	if err != nil {
		return 0, err
	}
	q.follow(stop)
	head := due(waiting, d.now())
	q.stand(head)
	switch {
	case waiting.Depth == 0:
		return d.idle(), nil
	case head == leadmuxv1.Priority_PRIORITY_UNSPECIFIED:
		return max(waiting.NextDue.Sub(d.now()), time.Millisecond), nil
	case len(q.flight) >= places[head]:
		q.stand(leadmuxv1.Priority_PRIORITY_UNSPECIFIED)
		return d.idle(), nil // an attempt's end wakes the queue
	}
	if rival := q.rival(); rival != nil {
		rival.wake()
		return d.untilLineIsFree(q.account), nil
	}
	turn := d.turns[q.account.Name]
	if turn.owns(head) || !q.account.Line.TryTake() {
		return d.untilLineIsFree(q.account), nil
	}
	q.won()
	turn.pass()
	q.flight <- struct{}{}
	failpoint.Here(failpoint.SlotTaken)
	op, err := d.take(q.account)
	if err != nil || op == nil { // none although one is due: another process was faster, or it cannot be read any more
		q.stand(leadmuxv1.Priority_PRIORITY_UNSPECIFIED)
		<-q.flight
		return d.idle(), err
	}
	d.attempts.Go(func() {
		defer q.wake()
		defer func() { <-q.flight }()
		d.run(q.account.Tenant, op)
	})
	return 0, nil
}

// due is the highest priority at which something is due; unset when nothing is.
func due(waiting idmap.Queue, now time.Time) leadmuxv1.Priority {
	for _, part := range waiting.Parts {
		if !part.NextDue.After(now) {
			return part.Priority
		}
	}
	return leadmuxv1.Priority_PRIORITY_UNSPECIFIED
}

// untilLineIsFree is how long no slot can be had. A line that is stopped is woken by its resumption.
func (d *Dispatcher) untilLineIsFree(account *adapters.Account) time.Duration {
	next := account.Line.NextTry()
	if next.IsZero() {
		return d.idle()
	}
	return max(next.Sub(d.now()), time.Millisecond)
}

// take marks the next due operation's attempt started; nil when none is due any more, a suppression forbids it, or it was overtaken.
func (d *Dispatcher) take(account *adapters.Account) (*leadmuxv1.Operation, error) {
	var taken *leadmuxv1.Operation
	var again bool // one was dropped, so that the next may be due
	err := d.store.Update(context.Background(), func(tx idmap.Tx) error {
		taken, again = nil, false
		if _, stopped, err := stopOf(tx, account); err != nil || stopped {
			return err // the next look stops the line
		}
		due, err := tx.Due(account.Tenant, account.Name, d.now(), 1)
		if err != nil || len(due) == 0 {
			return err
		}
		op := due[0]
		failpoint.Here(failpoint.OperationTaken)
		lead, leaving, err := leadOf(tx, account.Tenant, op.GetLeadId())
		if err != nil {
			return err
		}
		e := Engagement(lead, op.GetAccount())
		if e == nil {
			return fmt.Errorf("operation %s has no engagement of its own", op.GetOperationId())
		}
		s, err := d.keptNow(tx, lead, account, op)
		if err != nil {
			return err
		}
		if s != nil {
			again = true
			if err := d.keep(tx, account.Tenant, lead, op, s); err != nil {
				return err
			}
			return d.putEither(tx, account.Tenant, lead, leaving)
		}
		if methodOf(op).opens && !MayMove(e.GetState(), sending) { // the vendor, or a person, went past it while it waited
			again = true
			return d.Drop(tx, account.Tenant, lead, op)
		}
		taken = op
		return errors.Join(d.begin(op, e), d.putEither(tx, account.Tenant, lead, leaving), putMark(tx, account.Tenant, op))
	})
	if again {
		d.Wake(account.Name)
	}
	return taken, err
}

// putMark stores that an attempt began.
func putMark(tx idmap.Tx, tenant string, op *leadmuxv1.Operation) error {
	if mutant.SkipAttemptMark {
		return nil
	}
	return tx.PutOperation(tenant, op)
}

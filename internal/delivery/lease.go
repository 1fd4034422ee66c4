package delivery

import (
	"context"
	"log/slog"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// lease is how long an attempt belongs to the process that marked it started. It is twice what the attempt may take: the process
// has let go of the vendor by half of it, and has the other half to store what came. Another process takes the attempt for
// lost only after it, and then by its idempotency class, never blindly.
//
// The fencing number of an attempt is its count: every further attempt raises it, and an outcome is stored only while the
// operation is STARTED with that very number.
const lease = 2 * AttemptTimeout

// repairEvery is how often a process that shares its index looks for attempts that others left.
const repairEvery = lease / 4

// hold marks an attempt as this process's.
func (d *Dispatcher) hold(attempt *leadmuxv1.Attempt) {
	attempt.Holder, attempt.LeaseExpireTime = d.holder, stamp(attempt.GetStartTime().AsTime().Add(lease))
}

// lost says whether the attempt of a STARTED operation has nobody left who could settle it. Alone on its index, a process that
// starts knows that of every one; else the lease tells.
func (d *Dispatcher) lost(op *leadmuxv1.Operation) bool {
	attempt := lastAttempt(op)
	return attempt.GetHolder() != d.holder && (!d.shared || !d.now().Before(attempt.GetLeaseExpireTime().AsTime()))
}

// timeLeft is how long the attempt may still take, from when it was marked: a process that was paused in between does not begin
// with the vendor when another one may.
func (d *Dispatcher) timeLeft(op *leadmuxv1.Operation) time.Duration {
	return AttemptTimeout - d.now().Sub(lastAttempt(op).GetStartTime().AsTime())
}

// repairOthers settles what other processes left, again and again.
func (d *Dispatcher) repairOthers() {
	for {
		timer := time.NewTimer(repairEvery)
		select {
		case <-timer.C:
		case <-d.running.Done():
			timer.Stop()
			return
		}
		if err := d.repair(context.Background()); err != nil {
			d.logger.Error("what other processes left cannot be repaired; trying again", slog.String("error", err.Error()))
		}
	}
}

// lastAttempt is an operation's last attempt; nil when it has none.
func lastAttempt(op *leadmuxv1.Operation) *leadmuxv1.Attempt {
	if n := len(op.GetAttempts()); n > 0 {
		return op.GetAttempts()[n-1]
	}
	return nil
}

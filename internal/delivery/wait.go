package delivery

import (
	"context"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// Wait returns the lead once nothing more is to be expected of its operations within wait: each is closed, or its next attempt
// lies beyond. It returns the lead as it is when wait or ctx ends before.
func (d *Dispatcher) Wait(ctx context.Context, tenant, leadID string, wait time.Duration) (lead *leadmuxv1.Lead, err error) {
	until := d.now().Add(wait)
	err = d.await(ctx, leadID, wait, func(r idmap.Reader) (more bool, err error) {
		lead, more, err = d.look(r, tenant, leadID, until)
		return more, err
	})
	return lead, err
}

// WaitOperation is Wait for one operation, which is about the lead; of a direct one its own ID stands for the lead's.
func (d *Dispatcher) WaitOperation(ctx context.Context, tenant, leadID, operationID string, wait time.Duration) (op *leadmuxv1.Operation, err error) {
	until := d.now().Add(wait)
	err = d.await(ctx, leadID, wait, func(r idmap.Reader) (bool, error) {
		if op, err = r.Operation(tenant, operationID); err != nil {
			return false, err
		}
		blocked := op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_BLOCKED
		return d.now().Before(until) && (blocked || d.moves(tenant, op, until)), nil
	})
	return op, err
}

// await calls look until it says that no more is to be expected, and after each change of the lead. It ends with wait, with ctx
// and with the Dispatcher too; look has then seen the index as it is.
func (d *Dispatcher) await(ctx context.Context, leadID string, wait time.Duration, look func(idmap.Reader) (more bool, err error)) error {
	reading := context.WithoutCancel(ctx) // what is read is the answer even to a caller whose time is over
	changed, done := d.hub.subscribe(leadID)
	defer done()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for last := false; ; {
		var more bool
		err := d.store.View(reading, func(r idmap.Reader) (err error) {
			more, err = look(r)
			return err
		})
		if err != nil || !more || last {
			return err
		}
		select {
		case <-changed:
		case <-timer.C:
			last = true
		case <-ctx.Done():
			last = true
		case <-d.running.Done():
			return nil
		}
	}
}

// look reads the lead, and whether one of its operations may still move before until.
func (d *Dispatcher) look(r idmap.Reader, tenant, leadID string, until time.Time) (lead *leadmuxv1.Lead, more bool, err error) {
	if lead, err = r.Lead(tenant, leadID); err != nil || !d.now().Before(until) {
		return lead, false, err
	}
	for _, e := range lead.GetEngagements() {
		ops, err := r.OpenOperations(tenant, leadID, e.GetAccount())
		if err != nil {
			return nil, false, err
		}
		more = more || len(ops) > 0 && d.moves(tenant, ops[0], until)
	}
	return lead, more, nil
}

// moves says whether the first open operation of an engagement may be attempted or closed before until.
func (d *Dispatcher) moves(tenant string, op *leadmuxv1.Operation, until time.Time) bool {
	switch op.GetState() {
	case leadmuxv1.OperationState_OPERATION_STATE_STARTED:
		return true
	case leadmuxv1.OperationState_OPERATION_STATE_QUEUED:
		account, ok := d.accounts.Get(tenant, op.GetAccount())
		if !ok || !op.GetNextAttemptTime().AsTime().Before(until) {
			return false
		}
		next := account.Line.NextTry() // zero while the line is stopped
		return !next.IsZero() && next.Before(until)
	default: // behind one that is in doubt
		return false
	}
}

package delivery

import (
	"context"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// Wait returns the lead once nothing more is to be expected of its operations within wait: each is closed, or its next attempt
// lies beyond. It returns the lead as it is when wait or ctx ends before.
func (d *Dispatcher) Wait(ctx context.Context, tenant, leadID string, wait time.Duration) (*leadmuxv1.Lead, error) {
	reading := context.WithoutCancel(ctx) // the lead is the answer even to a caller whose time is over
	changed, done := d.hub.subscribe(leadID)
	defer done()
	until := d.now().Add(wait)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		lead, more, err := d.look(reading, tenant, leadID, until)
		if err != nil || !more {
			return lead, err
		}
		select {
		case <-changed:
		case <-timer.C:
			return d.lead(reading, tenant, leadID)
		case <-ctx.Done():
			return d.lead(reading, tenant, leadID)
		case <-d.running.Done():
			return lead, nil
		}
	}
}

func (d *Dispatcher) lead(ctx context.Context, tenant, leadID string) (*leadmuxv1.Lead, error) {
	var lead *leadmuxv1.Lead
	err := d.store.View(ctx, func(r idmap.Reader) (err error) {
		lead, err = r.Lead(tenant, leadID)
		return err
	})
	return lead, err
}

// look reads the lead, and whether one of its operations may still move before until.
func (d *Dispatcher) look(ctx context.Context, tenant, leadID string, until time.Time) (lead *leadmuxv1.Lead, more bool, err error) {
	err = d.store.View(ctx, func(r idmap.Reader) error {
		more = false
		if lead, err = r.Lead(tenant, leadID); err != nil || !d.now().Before(until) {
			return err
		}
		for _, e := range lead.GetEngagements() {
			ops, err := r.OpenOperations(tenant, leadID, e.GetAccount())
			if err != nil {
				return err
			}
			more = more || len(ops) > 0 && d.moves(tenant, ops[0], until)
		}
		return nil
	})
	return lead, more, err
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

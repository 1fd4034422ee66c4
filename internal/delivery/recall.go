package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// recallAtOnce is how many open operations are read at once.
const recallAtOnce = 200

// recall deals with an index that was put back from a backup. What was open then may have been done since, by the service that
// this index does not remember: what may be sent again goes out with the check that its class asks for, the rest stays visibly in
// doubt. What was STARTED then is for the repair, as after any stop. It runs before anything is accepted or sent, and all over
// again after a stop in the middle of it.
func (d *Dispatcher) recall(ctx context.Context) error {
	var backup time.Time
	err := d.store.View(ctx, func(r idmap.Reader) (err error) {
		backup, err = r.Restored()
		return err
	})
	if err != nil || backup.IsZero() {
		return err
	}
	count := 0
	for position, more := "", true; more; more = position != "" {
		var ops []idmap.TenantOperation
		err := d.store.View(ctx, func(r idmap.Reader) (err error) {
			ops, position, err = r.AllOpen(position, recallAtOnce)
			return err
		})
		if err != nil {
			return fmt.Errorf("read what was open in the backup: %w", err)
		}
		for _, op := range ops {
			if err := d.recallOne(ctx, op.Tenant, op.Operation.GetOperationId()); err != nil {
				return fmt.Errorf("recall operation %s: %w", op.Operation.GetOperationId(), err)
			}
		}
		count += len(ops)
	}
	d.logger.Warn("operations that were open in the backup go out with a check, or are in doubt", slog.Time("backup", backup), slog.Int("operations", count))
	return d.store.Update(ctx, func(tx idmap.Tx) error { return tx.ClearRestored() })
}

func (d *Dispatcher) recallOne(ctx context.Context, tenant, operationID string) error {
	return d.store.Update(ctx, func(tx idmap.Tx) error {
		op, err := tx.Operation(tenant, operationID)
		if errors.Is(err, idmap.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_STARTED || op.GetRestored() {
			return nil
		}
		op.Ambiguous, op.Restored, op.UpdateTime = true, true, stamp(d.now())
		op.Decision = className(op) + ": was open in the backup that the index was put back to, and may have been done since"
		if resendable(op.GetIdempotencyClass()) {
			return tx.PutOperation(tenant, op)
		}
		return d.doubtRecalled(tx, tenant, op)
	})
}

// doubtRecalled leaves an operation in doubt that may not be sent twice.
func (d *Dispatcher) doubtRecalled(tx idmap.Tx, tenant string, op *leadmuxv1.Operation) error {
	lead, err := tx.Lead(tenant, op.GetLeadId())
	if err != nil {
		return err
	}
	e := Engagement(lead, op.GetAccount())
	if e == nil {
		return fmt.Errorf("operation %s has no engagement of its own", op.GetOperationId())
	}
	account, _ := d.account(tenant, op.GetAccount(), op.GetVendor())
	s := &settling{d: d, tx: tx, tenant: tenant, account: account, lead: lead, op: op, e: e, attempt: &leadmuxv1.Attempt{}}
	op.NextAttemptTime = nil
	why := &leadmuxv1.EngagementError{
		Reason:  rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_INTERRUPTED),
		Message: "the index was put back from a backup; whether this was sent since is not known",
	}
	if err := s.doubt(why, op.GetDecision()); err != nil {
		return err
	}
	return s.store()
}

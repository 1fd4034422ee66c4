package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// repair settles every attempt that lost its process and has no outcome: what may be sent again, with the check its
// class asks for, is queued; the rest stays visibly in doubt. It runs before anything is accepted or sent, and where processes share
// the index, ever again.
func (d *Dispatcher) repair(ctx context.Context) error {
	var cut []idmap.TenantOperation
	err := d.store.View(ctx, func(r idmap.Reader) (err error) {
		cut, err = r.Started()
		return err
	})
	if err != nil {
		return fmt.Errorf("read the attempts that a stop cut off: %w", err)
	}
	cut = slices.DeleteFunc(cut, func(c idmap.TenantOperation) bool { return !d.lost(c.Operation) })
	for _, c := range cut {
		if err := d.repairOne(ctx, c.Tenant, c.Operation); err != nil {
			return fmt.Errorf("repair operation %s: %w", c.Operation.GetOperationId(), err)
		}
		failpoint.Here(failpoint.OneRepaired)
	}
	if len(cut) > 0 {
		d.logger.Warn("attempts that a stop of the service cut off were repaired", slog.Int("operations", len(cut)))
	}
	return nil
}

func (d *Dispatcher) repairOne(ctx context.Context, tenant string, op *leadmuxv1.Operation) error {
	account, configured := d.account(tenant, op.GetAccount(), op.GetVendor())
	if op.GetDirect() {
		return d.repairDirect(ctx, tenant, account, op)
	}
	var settled *settling
	err := d.store.Update(ctx, func(tx idmap.Tx) error {
		settled = nil
		s, err := d.open(tx, tenant, account, op)
		if err != nil || s == nil {
			return err
		}
		settled = s
		s.op.Ambiguous = true
		s.attempt.Outcome = leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_AMBIGUOUS
		s.attempt.Reason = rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_INTERRUPTED)
		if err := s.interrupted(configured); err != nil {
			return err
		}
		s.attempt.Decision = s.op.GetDecision()
		return s.store()
	})
	if err == nil && settled != nil {
		d.report(settled.op)
	}
	return err
}

// interrupted puts the engagement in doubt and takes it out again where resending is safe.
func (s *settling) interrupted(configured bool) error {
	why := &leadmuxv1.EngagementError{Reason: rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_INTERRUPTED)}
	switch {
	case s.outspoken():
		return s.proven()
	case !configured:
		why.Message = "a stop of the service cut the attempt off, and its account is no longer configured"
		return s.doubt(why, "the account is gone, so nothing can be sent or asked")
	case !resendable(s.op.GetIdempotencyClass()):
		why.Message = "a stop of the service cut the attempt off; whether it reached the vendor is not known"
		return s.doubt(why, className(s.op)+": never sent twice")
	}
	if methodOf(s.op).opens && s.e.GetState() != optedOut {
		if err := move(s.e, inDoubt, s.d.now()); err != nil {
			return err
		}
	}
	now := s.d.now()
	s.requeue(now, decisionToResend(s.op))
	why.Message, why.RetryTime = "a stop of the service cut the attempt off; it is being settled", stamp(now)
	s.e.Error = why
	return s.moved(s.opened(queued))
}

// repairDirect puts a direct write in doubt: nothing is left that could be sent again.
func (d *Dispatcher) repairDirect(ctx context.Context, tenant string, account *adapters.Account, op *leadmuxv1.Operation) error {
	var now *leadmuxv1.Operation
	err := d.store.Update(ctx, func(tx idmap.Tx) (err error) {
		now, err = tx.Operation(tenant, op.GetOperationId())
		if err != nil || now.GetState() != leadmuxv1.OperationState_OPERATION_STATE_STARTED || now.GetAttemptCount() != op.GetAttemptCount() {
			return err
		}
		attempt := lastAttempt(now)
		attempt.Outcome = leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_AMBIGUOUS
		attempt.Reason = rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_INTERRUPTED)
		now.UpdateTime = stamp(d.now())
		in := &intake{d: d, tx: tx, p: Direct{Tenant: tenant, Account: account}, op: now}
		return in.doubt(attempt.GetReason())
	})
	if err == nil {
		d.report(now)
	}
	return err
}

// account is an account by its name. One that is no longer configured has no adapter and no line, so that nothing can be sent: what
// belongs to it is kept where people see it.
func (d *Dispatcher) account(tenant, name, vendor string) (account *adapters.Account, configured bool) {
	if account, configured = d.accounts.Get(tenant, name); configured {
		return account, true
	}
	return &adapters.Account{Name: name, Tenant: tenant, Vendor: vendor}, false
}

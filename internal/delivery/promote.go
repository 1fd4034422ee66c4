package delivery

import (
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// promote lets the next operation of the same lead and account go, once the one before it is over: operations of one lead at
// one account run one at a time, in the order they were accepted. One that has nothing left to work on, because the engagement
// was refused or has ended, fails here.
//
// What a person declared goes first, and does not wait for a doubt about the rest to be settled.
func (s *settling) promote() error {
	if s.op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_QUEUED || s.e == nil || s.behind {
		return nil
	}
	waiting, err := s.tx.OpenOperations(s.tenant, s.lead.GetLeadId(), s.account.Name)
	if err != nil || underWay(waiting) { // one that was in doubt let the next go then
		return err
	}
	slices.SortStableFunc(waiting, tellsFirst)
	for _, next := range waiting {
		if !over(s.op) && !methodOf(next).tells {
			return nil
		}
		if needless, err := s.needless(next); needless || err != nil {
			return err
		}
		if methodOf(next).opens || methodOf(next).tells || Open(s.e) {
			next.State, next.Decision = leadmuxv1.OperationState_OPERATION_STATE_QUEUED, "the operation before it is done"
			next.NextAttemptTime, next.UpdateTime = stamp(s.d.now()), stamp(s.d.now())
			return s.tx.PutOperation(s.tenant, next)
		}
		if err := s.d.Drop(s.tx, s.tenant, s.lead, next); err != nil {
			return err
		}
	}
	return nil
}

// Drop fails an operation that waits and whose engagement is not open any more, or is being forgotten.
func (d *Dispatcher) Drop(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, op *leadmuxv1.Operation) error {
	reason := rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_ENGAGEMENT_NOT_OPEN)
	op.State, op.Decision = leadmuxv1.OperationState_OPERATION_STATE_FAILED, "the engagement was no longer open when its turn came"
	op.UpdateTime, op.NextAttemptTime = stamp(d.now()), nil
	if err := tx.AppendEvent(tenant, d.operationUnsettled("operation.failed", lead, op, reason)); err != nil {
		return err
	}
	return tx.PutOperation(tenant, op)
}

// over says whether an operation is done with, so that the next one may go. One that opens the engagement and is in doubt is
// not: nobody knows whether there is anything to work on, and what came after it waits until that is settled. Any other one in
// doubt is: what was asked for later still comes after it, and would else never reach the vendor.
func over(op *leadmuxv1.Operation) bool {
	switch op.GetState() {
	case leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED, leadmuxv1.OperationState_OPERATION_STATE_FAILED:
		return true
	case leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT:
		return !methodOf(op).opens
	default:
		return false
	}
}

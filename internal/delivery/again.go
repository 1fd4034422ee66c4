package delivery

import (
	"errors"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// NotRetryableError says why an operation cannot be sent again.
type NotRetryableError struct{ Why string }

// Error implements error.
func (e *NotRetryableError) Error() string { return e.Why }

// ErrMayDuplicate says that the vendor may have done an operation of unknown outcome, and could do it twice.
var ErrMayDuplicate = errors.New("the vendor may have done it, and could do it twice")

// Retry sends an operation again that failed or is in doubt. A failed one had no effect: whatever said so, an answer or a person,
// spoke for all attempts before. One in doubt is sent again with the check its class asks for; one that must not be sent twice
// only with allowDuplicate, and what comes of it then does not settle the attempts before. The caller tells Changed once
// the transaction is durable. Errors: *NotRetryableError, ErrMayDuplicate.
func (d *Dispatcher) Retry(tx idmap.Tx, tenant string, op *leadmuxv1.Operation, allowDuplicate bool) error {
	s, err := d.reopen(tx, tenant, op)
	if err != nil {
		return err
	}
	failed := op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_FAILED
	if !failed && op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT {
		return &NotRetryableError{"it is neither failed nor in doubt: it is " + strings.TrimPrefix(op.GetState().String(), "OPERATION_STATE_")}
	}
	if err := s.sendable(); err != nil {
		return err
	}
	switch {
	case failed:
		op.Ambiguous = false
		if methodOf(op).opens {
			s.e = OpenEngagement(s.lead, s.account, d.now())
		}
	case !resendable(op.GetIdempotencyClass()) && !allowDuplicate:
		return ErrMayDuplicate
	}
	if err := s.sendAgain("sent again because somebody asked for it"); err != nil {
		return err
	}
	return s.store()
}

// sendable says why an operation cannot be sent again; nil when it can.
func (s *settling) sendable() error {
	_, queues := methods[s.op.GetMethod()]
	opened := methodOf(s.op).opens && s.op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_FAILED // and is opened anew
	open := Open(s.e) || methodOf(s.op).tells                                                            // what a person declared is told whatever the state
	switch {
	case !s.configured:
		return &NotRetryableError{"its account is no longer configured"}
	case !queues || s.lead == nil:
		return &NotRetryableError{"it is not one that waits for its vendor; make the call again"}
	case s.e == nil:
		return &NotRetryableError{"the lead has no such engagement at the account any more"}
	case opened && (s.e.GetOperationId() != s.op.GetOperationId() || s.e.GetState() != rejected):
		return &NotRetryableError{"the engagement has gone on since; engage the lead again"}
	case !opened && !open:
		return &NotRetryableError{"the engagement is no longer open"}
	}
	return nil
}

// sendAgain queues the operation for a further attempt, behind what is under way for the same lead and account.
func (s *settling) sendAgain(decision string) error {
	now := s.d.now()
	open, err := s.tx.OpenOperations(s.tenant, s.lead.GetLeadId(), s.account.Name)
	if err != nil {
		return err
	}
	s.op.RetryTime, s.op.Priority = stamp(now), max(idmap.PriorityOf(s.op), leadmuxv1.Priority_PRIORITY_INTERACTIVE)
	if s.requeue(now, decision); underWay(open) {
		s.op.State, s.op.NextAttemptTime = leadmuxv1.OperationState_OPERATION_STATE_BLOCKED, nil
	}
	s.e.Error = nil
	if methodOf(s.op).opens {
		s.e.OperationId = s.op.GetOperationId()
	}
	return s.moved(s.opened(queued))
}

// underWay says whether one of the open operations is at the vendor or next: the others wait for it.
func underWay(open []*leadmuxv1.Operation) bool {
	for _, op := range open {
		if op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_BLOCKED {
			return true
		}
	}
	return false
}

package delivery

import (
	"cmp"
	"fmt"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// fail records a failed attempt and decides what follows.
func (s *settling) fail(failure *adapters.Error) error {
	s.attempt.HttpStatus, s.attempt.VendorRequestId = int32(failure.Status), failure.RequestID
	s.attempt.Reason = rpcerr.Name(rpcerr.KindReason(failure.Kind))
	s.attempt.Outcome = leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_NO_EFFECT
	if failure.Ambiguous {
		s.attempt.Outcome = leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_AMBIGUOUS
	}
	if s.outspoken() && !s.refusedAtOnce(failure) {
		return s.proven()
	}
	if failure.Kind == adapters.KindConflict && !failure.Ambiguous {
		return s.conflict(failure)
	}
	s.op.Ambiguous = s.op.GetAmbiguous() || failure.Ambiguous
	if s.op.GetAmbiguous() && !resendable(s.op.GetIdempotencyClass()) {
		return s.doubt(rpcerr.Engagement(failure), fmt.Sprintf("%s: never sent twice", className(s.op)))
	}
	switch s.step(failure) {
	case retry:
		return s.again(failure, s.d.schedule.wait(int(s.op.GetAttemptCount()), failure.RetryAfter))
	case retrySlowly:
		return s.again(failure, max(slowWait(), failure.RetryAfter))
	case stopAndKeep, keep:
		return s.hold(failure)
	case refuse, stopAndRefuse:
	}
	if s.op.GetAmbiguous() && !settlesEarlier(failure) {
		return s.doubt(rpcerr.Engagement(failure), unsettledByRefusal)
	}
	return s.refuse(failure, "the vendor refused it")
}

// outspoken says whether the vendor itself has told what became of the creation while the attempt was under way: the engagement that
// the operation opens is where no attempt of its own has brought it.
func (s *settling) outspoken() bool {
	if mutant.OverlookEarlyWord || !methodOf(s.op).opens {
		return false
	}
	switch s.e.GetState() {
	case active, rejected, suppressed, qualified, unqualified, ended:
		return true
	default: // OPTED_OUT may be a person's word to us, who says nothing of the attempt
		return false
	}
}

// refusedAtOnce says whether a failure is the vendor's plain no to an operation of which nothing else was sent.
func (s *settling) refusedAtOnce(failure *adapters.Error) bool {
	of := s.step(failure)
	return (of == refuse || of == stopAndRefuse) && !failure.Ambiguous && !s.op.GetAmbiguous()
}

// proven closes an operation whose answer was lost, and of which the vendor told by itself that it has the lead.
func (s *settling) proven() error {
	if s.e.GetState() == active {
		s.e.Error = nil
	}
	return s.close(leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED, s.attempt.GetOutcome(), unset,
		"the vendor spoke of the lead under our ID before the attempt was over, so it has the lead")
}

// step is what follows a failure. An opt-out is never given up while the vendor may still hear of it: it waits for a stopped
// account. Where the vendor knows no such conversation although it may have been given the lead, or its answer may be about the path, it
// is asked again until other operations would be given up; the path may be corrected meanwhile.
func (s *settling) step(failure *adapters.Error) step {
	of := steps[failure.Kind]
	switch {
	case s.op.GetMethod() != OptOutLead:
	case of == stopAndRefuse:
		return stopAndKeep
	case s.overdue(s.d.now()):
	case failure.Kind == adapters.KindNotFound && s.e.GetVendorLeadId() == "", failure.Kind == adapters.KindRouteDoubted:
		return retrySlowly
	}
	return of
}

// overdue says whether the operation is given up at a moment.
func (s *settling) overdue(at time.Time) bool {
	since := cmp.Or(s.op.GetRetryTime(), s.op.GetCreateTime())
	return at.Sub(since.AsTime()) > s.d.schedule.GiveUpAfter
}

// unsettledByRefusal is the decision on a refusal that does not say what became of the attempts before it.
const unsettledByRefusal = "an attempt may have reached the vendor, and this refusal does not tell"

// again queues the operation for its next attempt, or gives it up.
func (s *settling) again(failure *adapters.Error, wait time.Duration) error {
	now := s.d.now()
	next := now.Add(wait)
	if s.op.GetMethod() != OptOutLead && s.overdue(next) {
		return s.giveUp(failure)
	}
	s.requeue(next, decisionToResend(s.op)+"; "+s.rule(failure))
	s.e.Error = rpcerr.Engagement(failure)
	s.e.Error.RetryTime = stamp(next)
	return s.moved(s.opened(queued))
}

// hold queues the operation until the account's line lets it out.
func (s *settling) hold(failure *adapters.Error) error {
	s.requeue(s.d.now(), "waits until the account is tested and found good")
	s.e.Error = rpcerr.Engagement(failure)
	return s.moved(s.opened(queued))
}

func (s *settling) requeue(next time.Time, decision string) {
	s.op.State, s.op.Decision = leadmuxv1.OperationState_OPERATION_STATE_QUEUED, decision
	s.op.NextAttemptTime = stamp(next)
}

func (s *settling) refuse(failure *adapters.Error, decision string) error {
	s.e.Error = rpcerr.Engagement(failure)
	if err := s.unsettled("operation.failed"); err != nil {
		return err
	}
	return s.close(leadmuxv1.OperationState_OPERATION_STATE_FAILED, leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_REFUSED, s.opened(rejected), decision)
}

// doubt parks the operation where people can see it.
func (s *settling) doubt(why *leadmuxv1.EngagementError, decision string) error {
	s.e.Error = why
	if err := s.unsettled("operation.in_doubt"); err != nil {
		return err
	}
	s.op.State, s.op.Decision = leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT, decision
	return s.moved(s.opened(inDoubt))
}

// giveUp ends an operation that nothing settled in time.
func (s *settling) giveUp(failure *adapters.Error) error {
	decision := fmt.Sprintf("given up after %s", s.d.schedule.GiveUpAfter)
	if s.op.GetAmbiguous() {
		return s.doubt(rpcerr.Engagement(failure), decision)
	}
	s.e.Error = rpcerr.Engagement(failure)
	s.e.Error.Reason = rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_GAVE_UP)
	s.e.Error.Message = decision + "; at last: " + s.e.GetError().GetMessage()
	if err := s.unsettled("operation.failed"); err != nil {
		return err
	}
	return s.close(leadmuxv1.OperationState_OPERATION_STATE_FAILED, s.attempt.GetOutcome(), s.opened(rejected), decision)
}

func (s *settling) unsettled(event string) error {
	if mutant.SilentDoubt && event == "operation.in_doubt" {
		return nil
	}
	return s.tx.AppendEvent(s.tenant, s.d.operationUnsettled(event, s.lead, s.op, s.e.GetError().GetReason()))
}

// rule is the one by which the next attempt waits.
func (s *settling) rule(failure *adapters.Error) string {
	switch {
	case failure.Kind == adapters.KindIntakeClosed:
		return "slowly, until the vendor takes leads again"
	case failure.Kind == adapters.KindRouteDoubted:
		return "slowly, for the path may be wrong"
	case s.step(failure) == retrySlowly:
		return "slowly, for the vendor may not have the lead yet"
	case failure.RetryAfter > 0:
		return "no sooner than the vendor asked for"
	default:
		return "on the schedule"
	}
}

func decisionToResend(op *leadmuxv1.Operation) string {
	if op.GetAmbiguous() {
		return className(op) + ": sent again after an unknown outcome"
	}
	return "sent again: the last attempt had no effect"
}

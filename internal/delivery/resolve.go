package delivery

import (
	"errors"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// ErrNotInDoubt says that nothing about an operation needs to be resolved.
var ErrNotInDoubt = errors.New("the operation is not in doubt")

// Resolution is what somebody found out about an operation: a person who looked at the vendor, or an event of the vendor's.
type Resolution struct {
	Verdict      leadmuxv1.Verdict
	Reason       string // how it is known
	By           string // who says it
	VendorLeadID string // with HAPPENED of a CreateLead, where it is known
}

// Resolve settles an operation that is in doubt, or that waits for an account which is no longer configured. Its engagement moves
// along the table, and what waits behind it goes on. The caller tells Changed once the transaction is durable.
// Errors: ErrNotInDoubt, *NotRetryableError for SEND_AGAIN, idmap.ErrBound where VendorLeadID is another lead's.
func (d *Dispatcher) Resolve(tx idmap.Tx, tenant string, op *leadmuxv1.Operation, found Resolution) error {
	s, err := d.reopen(tx, tenant, op)
	if err != nil {
		return err
	}
	if !s.resolvable() {
		return ErrNotInDoubt
	}
	op.Resolutions = append(op.Resolutions, &leadmuxv1.Resolution{
		Verdict: found.Verdict, Reason: found.Reason, ResolvedBy: found.By, ResolveTime: stamp(d.now()),
	})
	switch found.Verdict {
	case leadmuxv1.Verdict_VERDICT_HAPPENED:
		err = s.happened(found.VendorLeadID)
	case leadmuxv1.Verdict_VERDICT_SEND_AGAIN:
		if err = s.sendable(); err == nil {
			op.Ambiguous = false // somebody looked
			err = s.sendAgain("resolved: it did not happen, and is sent again")
		}
	default:
		err = s.didNotHappen()
	}
	if err != nil {
		return err
	}
	return s.store()
}

// reopen reads what an operation belongs to, whatever its state: it may have no lead, and its lead no engagement of it any more.
func (d *Dispatcher) reopen(tx idmap.Tx, tenant string, op *leadmuxv1.Operation) (*settling, error) {
	account, configured := d.account(tenant, op.GetAccount(), op.GetVendor())
	s := &settling{d: d, tx: tx, tenant: tenant, account: account, configured: configured, op: op, attempt: lastAttempt(op)}
	s.behind = op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_BLOCKED
	if op.GetLeadId() == "" {
		return s, nil
	}
	var err error
	if s.lead, err = tx.Lead(tenant, op.GetLeadId()); err != nil {
		return nil, err
	}
	if _, ofEngagement := methods[op.GetMethod()]; !ofEngagement { // a call, a message: it is about the person, and in nobody's line
		return s, nil
	}
	e := Engagement(s.lead, op.GetAccount())
	if e.GetOperationId() == op.GetOperationId() || !e.GetCreateTime().AsTime().After(op.GetCreateTime().AsTime()) {
		s.e = e // else it is a later one, which the operation has nothing to do with
	}
	return s, nil
}

// resolvable says whether only a person can settle the operation.
func (s *settling) resolvable() bool {
	switch s.op.GetState() {
	case leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT:
		return true
	case leadmuxv1.OperationState_OPERATION_STATE_QUEUED, leadmuxv1.OperationState_OPERATION_STATE_BLOCKED:
		return !s.configured
	default:
		return false
	}
}

// happened closes the operation as done.
func (s *settling) happened(vendorLeadID string) error {
	outcome := outcomeOf(s.op)
	s.settled(leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED, "resolved: the vendor did it")
	if s.e == nil {
		return nil
	}
	s.e.Error = nil
	if outcome != nil && Open(s.e) {
		s.e.Outcome = outcome
	}
	if !methodOf(s.op).opens {
		if !Open(s.e) {
			return nil
		}
		return s.moved(methodOf(s.op).after)
	}
	if vendorLeadID != "" {
		ref := idmap.VendorRef{Account: s.account.Name, Kind: idmap.KindLead, VendorID: vendorLeadID}
		if err := s.tx.Bind(s.tenant, ref, s.lead.GetLeadId()); err != nil {
			return err
		}
		KnownAs(s.e, vendorLeadID)
	} else if s.e.GetVendorLeadId() == "" {
		s.idPending("it was found that %s has the lead; its ID there is not known yet")
	}
	return s.unsure(active)
}

// didNotHappen closes the operation as failed.
func (s *settling) didNotHappen() error {
	s.settled(leadmuxv1.OperationState_OPERATION_STATE_FAILED, "resolved: the vendor did not do it")
	s.op.Ambiguous = false
	reason := rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_NOT_DONE)
	event := s.d.operationUnsettled("operation.failed", s.lead, s.op, reason)
	if err := s.tx.AppendEvent(s.tenant, event); err != nil || s.e == nil {
		return err
	}
	if s.e.GetOperationId() == s.op.GetOperationId() {
		s.e.Error = &leadmuxv1.EngagementError{Reason: reason, Message: "it was found that " + s.account.Vendor + " did not do it"}
	}
	if !methodOf(s.op).opens {
		return nil
	}
	return s.unsure(rejected)
}

// settled closes the operation without an attempt.
func (s *settling) settled(state leadmuxv1.OperationState, decision string) {
	s.op.State, s.op.Decision, s.op.NextAttemptTime = state, decision, nil
	s.forget()
}

// unsure moves an engagement whose beginning is not known: in doubt, or queued for an account that is gone. One that a vendor's
// event has moved on stays where it is.
func (s *settling) unsure(to leadmuxv1.EngagementState) error {
	switch s.e.GetState() {
	case queued:
		if err := move(s.e, inDoubt, s.d.now()); err != nil {
			return err
		}
	case inDoubt:
	default:
		return nil
	}
	return s.moved(to)
}

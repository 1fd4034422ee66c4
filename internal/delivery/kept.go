package delivery

import (
	"errors"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// kept is the suppression that forbids an account an operation of this method; nil when there is none, or when the operation
// makes nobody contact the person.
func kept(r idmap.Reader, tenant string, lead *leadmuxv1.Lead, account *adapters.Account, rpc string) (*leadmuxv1.Suppression, error) {
	if !methods[rpc].contacts {
		return nil, nil //nolint:nilnil // nothing to forbid is no error
	}
	return KeptFrom(r, tenant, lead, account)
}

// keptNow is kept for an operation that was accepted before.
func (d *Dispatcher) keptNow(r idmap.Reader, lead *leadmuxv1.Lead, account *adapters.Account, op *leadmuxv1.Operation) (*leadmuxv1.Suppression, error) {
	if mutant.CheckSuppressionOnlyAtAccept {
		return nil, nil //nolint:nilnil // the fault
	}
	return kept(r, account.Tenant, lead, account, op.GetMethod())
}

// hindrance is an account that a suppression keeps the person from.
type hindrance struct {
	account     *adapters.Account
	suppression *leadmuxv1.Suppression
}

// hinder does what Accept does where a suppression keeps the person from the account. The lead is stored before, because its
// events need it, and after.
func (d *Dispatcher) hinder(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, rpc string, hindered []hindrance) ([]*leadmuxv1.Operation, error) {
	if !methods[rpc].opens {
		return d.Honour(tx, tenant, lead)
	}
	for _, h := range hindered {
		if err := d.refused(tx, tenant, lead, OpenEngagement(lead, h.account, d.now()), h.suppression); err != nil {
			return nil, err
		}
	}
	return nil, d.putLead(tx, tenant, lead)
}

// attach makes the suppressions that hold for a new lead hold for it whatever becomes of its values.
func (d *Dispatcher) attach(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead) error {
	found, err := tx.SuppressionsOf(tenant, PersonOf(lead).keys())
	if err != nil {
		return err
	}
	for _, s := range found {
		if !blocks(s, allChannels) || slices.Contains(s.GetLeadIds(), lead.GetLeadId()) || len(s.GetLeadIds()) >= maxLeadsTold {
			continue
		}
		s.LeadIds = append(s.LeadIds, lead.GetLeadId())
		if err := tx.PutSuppression(tenant, s, []idmap.PersonKey{{Kind: idmap.PersonLead, Value: lead.GetLeadId()}}); err != nil {
			return err
		}
	}
	return nil
}

// respect looks again at the suppressions when an attempt has ended: one that was stored meanwhile forbids the next attempt,
// and whatever waits behind an opt-out that is to be told.
func (s *settling) respect() error {
	if mutant.CheckSuppressionOnlyAtAccept || methodOf(s.op).tells {
		return nil
	}
	by, err := KeptFrom(s.tx, s.tenant, s.lead, s.account)
	if err != nil || by == nil {
		return err
	}
	if s.op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_QUEUED {
		return s.d.keep(s.tx, s.tenant, s.lead, s.op, by)
	}
	begun := methodOf(s.op).opens && s.op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED
	if s.e == nil || !Open(s.e) && !begun { // begun: a vendor that was thought not to have the lead has it after all
		return nil
	}
	if _, err := s.d.honourAt(s.tx, s.tenant, s.lead, s.e, by); err != nil {
		return err
	}
	return s.tx.PutSuppression(s.tenant, by, nil)
}

// unsent takes an attempt back that was marked, and then found forbidden before anything was sent.
func (s *settling) unsent() error {
	s.attempt.Outcome = leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_NO_EFFECT
	s.attempt.Reason = rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_PERSON_SUPPRESSED)
	s.requeue(s.d.now(), "not sent: the person opted out meanwhile")
	return s.moved(s.opened(queued))
}

// tellsFirst orders what waits: what a person declared comes before the rest.
func tellsFirst(a, b *leadmuxv1.Operation) int {
	switch first := methodOf(a).tells; {
	case first == methodOf(b).tells:
		return 0
	case first:
		return -1
	default:
		return 1
	}
}

// needless closes an opt-out whose turn has come when it turns out that the vendor never got the lead.
func (s *settling) needless(next *leadmuxv1.Operation) (bool, error) {
	failed := s.op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_FAILED && methodOf(s.op).opens
	if next.GetMethod() != OptOutLead || !failed || s.op.GetAmbiguous() || vendorHas(s.e) {
		return false, nil
	}
	next.State, next.Decision = leadmuxv1.OperationState_OPERATION_STATE_FAILED, "not needed: the lead never reached the vendor"
	next.UpdateTime = stamp(s.d.now())
	if err := s.tx.PutOperation(s.tenant, next); err != nil {
		return false, err
	}
	why := &leadmuxv1.EngagementError{
		Reason:  rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_NOT_FOUND),
		Message: "the lead never reached the vendor",
	}
	return true, s.recordNotice(next, why, "")
}

func isNotFound(err error) bool { return errors.Is(err, idmap.ErrNotFound) }

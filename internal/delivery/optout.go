package delivery

import (
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// honour applies a suppression to a lead: every account that it keeps the person from has opted out from then on, what waited
// to be sent there is dropped, and the vendor is told. The caller stores both. It returns the operations that tell.
//
// Where again is set, accounts that would not hear of it before are told again.
func (d *Dispatcher) honour(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, s *leadmuxv1.Suppression, again bool) ([]*leadmuxv1.Operation, error) {
	if !slices.Contains(s.GetLeadIds(), lead.GetLeadId()) {
		s.LeadIds = append(s.LeadIds, lead.GetLeadId())
	}
	var ops []*leadmuxv1.Operation
	for i, e := range lead.GetEngagements() {
		if !holdsAt(s, e.GetAccount()) || mutant.SkipVendorInOptOut && i == 0 || !again && noticed(s, lead, e) {
			continue
		}
		op, err := d.honourAt(tx, tenant, lead, e, s)
		if err != nil {
			return nil, err
		}
		if op != nil {
			ops = append(ops, op)
		}
		failpoint.Here(failpoint.OptOutPartlyTold)
	}
	return ops, nil
}

// noticed says whether a suppression was applied to an engagement before.
func noticed(s *leadmuxv1.Suppression, lead *leadmuxv1.Lead, e *leadmuxv1.Engagement) bool {
	return (e.GetState() == optedOut || !Open(e)) && slices.ContainsFunc(s.GetNotices(), func(n *leadmuxv1.VendorNotice) bool {
		return n.GetLeadId() == lead.GetLeadId() && n.GetAccount() == e.GetAccount()
	})
}

// honourAt applies a suppression to one engagement. It returns the operation that tells the vendor, nil when it has none.
func (d *Dispatcher) honourAt(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, e *leadmuxv1.Engagement, s *leadmuxv1.Suppression) (*leadmuxv1.Operation, error) {
	account, _ := d.account(tenant, e.GetAccount(), e.GetVendor())
	ends := endsAt(s, account)
	if !ends && !slices.ContainsFunc(s.GetBlocked(), func(c leadmuxv1.ContactChannel) bool { return reach(account, c) == adapters.ReachUnlessTold }) {
		return nil, nil //nolint:nilnil // the account uses none of the channels
	}
	has := vendorHas(e)
	if ends {
		dropped, err := d.dropWaiting(tx, tenant, lead, e, s)
		if err != nil {
			return nil, err
		}
		has = has || slices.ContainsFunc(dropped, (*leadmuxv1.Operation).GetAmbiguous)
		if err := d.optedOut(tx, tenant, lead, e, s); err != nil {
			return nil, err
		}
	}
	return d.tell(tx, tenant, telling{method: OptOutLead, account: account, lead: lead, e: e, has: has, suppression: s, notices: &s.Notices})
}

// optedOut ends an engagement because of a suppression.
func (d *Dispatcher) optedOut(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, e *leadmuxv1.Engagement, s *leadmuxv1.Suppression) error {
	e.Error = nil
	before := e.GetState()
	if !MayMove(before, optedOut) {
		return nil
	}
	e.SuppressionId = s.GetSuppressionId()
	if err := move(e, optedOut, d.now()); err != nil {
		return err
	}
	return tx.AppendEvent(tenant, d.engagementChanged(lead, e, before))
}

// vendorHas says whether the vendor has or may have the lead of an engagement: nobody is told of a person it never had.
func vendorHas(e *leadmuxv1.Engagement) bool {
	switch e.GetState() {
	case sending, active, inDoubt, qualified, unqualified, ended:
		return true
	case rejected: // because it has the person from elsewhere
		return e.GetVendorLeadId() != "" || e.GetError().GetReason() == rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_DUPLICATE_AT_VENDOR)
	default:
		return e.GetVendorLeadId() != "" || slices.ContainsFunc(e.GetClosed(), func(c *leadmuxv1.ClosedEngagement) bool { return c.GetVendorLeadId() != "" })
	}
}

// dropWaiting drops all that waits for an engagement's account, but for what tells it of another opt-out, and returns it. What
// is under way stays: its end lets the opt-out go.
func (d *Dispatcher) dropWaiting(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, e *leadmuxv1.Engagement, s *leadmuxv1.Suppression) ([]*leadmuxv1.Operation, error) {
	open, err := tx.OpenOperations(tenant, lead.GetLeadId(), e.GetAccount())
	if err != nil || mutant.CheckSuppressionOnlyAtAccept {
		return nil, err
	}
	var dropped []*leadmuxv1.Operation
	for _, op := range open {
		if op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_STARTED || op.GetMethod() == OptOutLead {
			continue
		}
		if err := d.dropFor(tx, tenant, lead, op, s); err != nil {
			return nil, err
		}
		dropped = append(dropped, op)
	}
	return dropped, nil
}

// dropFor fails an operation that was not sent, or not sent again, because of a suppression.
func (d *Dispatcher) dropFor(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, op *leadmuxv1.Operation, s *leadmuxv1.Suppression) error {
	op.State, op.NextAttemptTime, op.VendorOptions, op.Reason = leadmuxv1.OperationState_OPERATION_STATE_FAILED, nil, nil, ""
	op.UpdateTime, op.Decision = stamp(d.now()), "dropped: "+optedOutBy(s)
	if op.GetAmbiguous() {
		op.Decision += "; an earlier attempt may have reached the vendor, which is told of the opt-out"
	}
	reason := rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_PERSON_SUPPRESSED)
	if err := tx.AppendEvent(tenant, d.operationUnsettled("operation.failed", lead, op, reason)); err != nil {
		return err
	}
	return tx.PutOperation(tenant, op)
}

// keep holds an operation back that a suppression was found for when its turn came: it is dropped, and where it is not known
// yet that the person has opted out at the account, that is so from now on. The caller stores the lead.
func (d *Dispatcher) keep(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, op *leadmuxv1.Operation, s *leadmuxv1.Suppression) error {
	e := Engagement(lead, op.GetAccount())
	if err := d.dropFor(tx, tenant, lead, op, s); err != nil {
		return err
	}
	if op.GetAmbiguous() && e.GetState() == queued { // so that the vendor is told: it may have the lead
		if err := move(e, inDoubt, d.now()); err != nil {
			return err
		}
	}
	if _, err := d.honourAt(tx, tenant, lead, e, s); err != nil {
		return err
	}
	return tx.PutSuppression(tenant, s, nil)
}

// refused marks the engagement that a suppressed lead would have had: nothing is sent.
func (d *Dispatcher) refused(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, e *leadmuxv1.Engagement, s *leadmuxv1.Suppression) error {
	hindered := SuppressedEngagement(&adapters.Account{}, s)
	e.SuppressionId, e.Error = hindered.GetSuppressionId(), hindered.GetError()
	before := e.GetState()
	if err := move(e, suppressed, d.now()); err != nil {
		return err
	}
	return tx.AppendEvent(tenant, d.engagementChanged(lead, e, before))
}

// SuppressedEngagement is the engagement of a lead at an account that a suppression keeps the person from.
func SuppressedEngagement(account *adapters.Account, s *leadmuxv1.Suppression) *leadmuxv1.Engagement {
	return &leadmuxv1.Engagement{
		Account: account.Name, Vendor: account.Vendor, State: suppressed, SuppressionId: s.GetSuppressionId(),
		Error: &leadmuxv1.EngagementError{Reason: rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_PERSON_SUPPRESSED), Message: optedOutBy(s)},
	}
}

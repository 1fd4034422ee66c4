package delivery

import (
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// Proved settles what is open of the lead's creation at the account, because the vendor itself has spoken of the lead under our ID: an
// attempt whose outcome was not known took effect. It changes the lead in place and stores it with the operation. An attempt under way is
// left to its own answer; the engagement is then no more behind what the vendor said.
func (d *Dispatcher) Proved(tx idmap.Tx, tenant string, account *adapters.Account, lead *leadmuxv1.Lead) error {
	e := Engagement(lead, account.Name)
	switch e.GetState() {
	case queued, sending, inDoubt:
	default:
		return nil
	}
	op, err := tx.Operation(tenant, e.GetOperationId())
	if err != nil {
		return err
	}
	if !methodOf(op).opens || e.GetState() == queued && !op.GetAmbiguous() {
		return nil
	}
	if op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_STARTED {
		return nil
	}
	s := &settling{d: d, tx: tx, tenant: tenant, account: account, lead: lead, op: op, e: e, attempt: &leadmuxv1.Attempt{}}
	if n := len(op.GetAttempts()); n > 0 {
		s.attempt = op.GetAttempts()[n-1]
	}
	e.Error = nil
	if e.GetState() == queued { // by the table, what was queued again is first in doubt
		if err := move(e, inDoubt, d.now()); err != nil {
			return err
		}
	}
	err = s.close(leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED, leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_AMBIGUOUS, active,
		"the vendor spoke of the lead under our ID, so an attempt of unknown outcome took effect")
	if err != nil {
		return err
	}
	return s.store()
}

package delivery

import (
	"fmt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// conflict decides what "I have this person already" means. It means our own lead only if an earlier attempt of this very
// operation may have reached the vendor, and no other lead of ours at this account can be the one the vendor has. Then the
// lead is there, under an ID that the first event with our own ID will tell. Else it is a stranger's, and never adopted. Where
// it may be this lead or another one, neither with a known outcome, it stays in doubt: a guess could give each of the two what
// the vendor says of the other.
func (s *settling) conflict(failure *adapters.Error) error {
	other, known, err := s.otherAtVendor()
	if err != nil {
		return err
	}
	switch {
	case mutant.AdoptEveryConflict:
		return s.ours()
	case other != "" && !known && s.op.GetAmbiguous() && methodOf(s.op).opens:
		why := rpcerr.Engagement(failure)
		why.Message = fmt.Sprintf("%s has this person already, either from this lead or from %s", s.account.Vendor, other)
		return s.doubt(why, "the vendor has the person, and neither of two leads is known to be the one")
	case other != "":
		named := *failure
		named.Message = "it is " + other
		return s.refuse(&named, "the vendor has the person already, from another lead")
	case !s.op.GetAmbiguous():
		return s.refuse(failure, "the vendor has the person already, and not from this operation")
	case !methodOf(s.op).opens:
		return s.doubt(rpcerr.Engagement(failure), unsettledByRefusal)
	case s.op.GetRestored():
		return s.doubt(rpcerr.Engagement(failure), "the vendor has the person, and the index was put back from a backup: it may be from this operation, or a stranger's")
	case s.op.GetIdempotencyClass() != leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE:
		return s.doubt(rpcerr.Engagement(failure), unsettledByRefusal)
	default:
		return s.ours()
	}
}

// ours records that the vendor has the lead from an attempt whose answer was lost.
func (s *settling) ours() error {
	s.e.Error = nil
	if s.e.GetVendorLeadId() == "" { // else an event of the vendor's has brought it
		s.idPending("%s has the lead from an earlier attempt whose answer was lost; its ID there is not known yet")
		s.awaitWord()
	}
	return s.close(leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED, leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_NO_EFFECT, active,
		"DETECTABLE: the vendor reports a duplicate after an attempt of unknown outcome, so that attempt took effect")
}

// idPending warns that the vendor has the lead, under an ID that is not known yet. says names the vendor as %s.
func (s *settling) idPending(says string) {
	Warn(s.e, &leadmuxv1.Warning{
		Code: rpcerr.WarningName(leadmuxv1.WarningCode_WARNING_CODE_VENDOR_ID_PENDING), Message: fmt.Sprintf(says, s.account.Vendor),
	})
}

// otherAtVendor finds another lead of the tenant with the same phone or e-mail that the vendor may have from us, and whether it
// is known to have that one. One that is known comes before one that is not.
func (s *settling) otherAtVendor() (other string, known bool, err error) {
	for _, key := range contactKeys(s.lead) {
		ids, err := s.tx.FindLeads(s.tenant, key, maxTwins)
		if err != nil {
			return "", false, err
		}
		for _, id := range ids {
			at, sure, err := s.isAtVendor(id)
			if err != nil || sure {
				return id, sure, err
			}
			if at && other == "" {
				other = id
			}
		}
	}
	return other, false, nil
}

// maxTwins bounds how many leads with one phone or e-mail are looked at.
const maxTwins = 100

// isAtVendor says whether the vendor may have a lead from us, and whether it is known to: it told us its ID there.
func (s *settling) isAtVendor(leadID string) (at, sure bool, err error) {
	if leadID == s.lead.GetLeadId() {
		return false, false, nil
	}
	lead, err := s.tx.Lead(s.tenant, leadID)
	if err != nil {
		return false, false, err
	}
	e := Engagement(lead, s.account.Name)
	at, err = s.live(e)
	return at, at && e.GetVendorLeadId() != "", err
}

// live says whether the vendor has or may have a running conversation for the engagement.
func (s *settling) live(e *leadmuxv1.Engagement) (bool, error) {
	switch e.GetState() {
	case sending, active, inDoubt:
		return true, nil
	case suppressed: // by the vendor, which has it; not by us, who never sent it
		return e.GetSuppressionId() == "", nil
	case queued: // once sent with unknown outcome, it may be there; attempts without effect do not count
		op, err := s.tx.Operation(s.tenant, e.GetOperationId())
		return op.GetAmbiguous(), err
	default:
		return false, nil
	}
}

package delivery

import (
	"fmt"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// conflict decides what "I have this person already" means. It means our own lead only if an earlier attempt of this very
// operation may have reached the vendor, and no other lead of ours at this account can be the one the vendor has. Then the
// lead is there, under an ID that the first event with our own ID will tell. Else it is a stranger's, and never adopted.
func (s *settling) conflict(failure *adapters.Error) error {
	other, err := s.otherAtVendor()
	if err != nil {
		return err
	}
	switch {
	case mutant.AdoptEveryConflict:
		return s.ours()
	case other != "":
		named := *failure
		named.Message = "it is " + other
		return s.refuse(&named, "the vendor has the person already, from another lead")
	case !s.op.GetAmbiguous():
		return s.refuse(failure, "the vendor has the person already, and not from this operation")
	case !methodOf(s.op).opens:
		return s.doubt(rpcerr.Engagement(failure), unsettledByRefusal)
	case s.op.GetIdempotencyClass() != leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE:
		return s.doubt(rpcerr.Engagement(failure), unsettledByRefusal)
	default:
		return s.ours()
	}
}

// ours records that the vendor has the lead from an attempt whose answer was lost.
func (s *settling) ours() error {
	s.e.Error = nil
	Warn(s.e, &leadmuxv1.Warning{
		Code:    rpcerr.WarningName(leadmuxv1.WarningCode_WARNING_CODE_VENDOR_ID_PENDING),
		Message: fmt.Sprintf("%s has the lead from an earlier attempt whose answer was lost; its ID there is not known yet", s.account.Vendor),
	})
	return s.close(leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED, leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_NO_EFFECT, active,
		"DETECTABLE: the vendor reports a duplicate after an attempt of unknown outcome, so that attempt took effect")
}

// otherAtVendor finds another lead of the tenant with the same phone or e-mail that the vendor may have from us.
func (s *settling) otherAtVendor() (string, error) {
	keys := []idmap.LeadKey{
		{Kind: idmap.KeyPhone, Value: s.lead.GetPhone()},
		{Kind: idmap.KeyEmail, Value: strings.ToLower(s.lead.GetEmail())},
	}
	for _, key := range keys {
		if key.Value == "" {
			continue
		}
		ids, err := s.tx.FindLeads(s.tenant, key, maxTwins)
		if err != nil {
			return "", err
		}
		for _, id := range ids {
			if at, err := s.isAtVendor(id); err != nil || at {
				return id, err
			}
		}
	}
	return "", nil
}

// maxTwins bounds how many leads with one phone or e-mail are looked at.
const maxTwins = 100

func (s *settling) isAtVendor(leadID string) (bool, error) {
	if leadID == s.lead.GetLeadId() {
		return false, nil
	}
	lead, err := s.tx.Lead(s.tenant, leadID)
	if err != nil {
		return false, err
	}
	for _, e := range lead.GetEngagements() {
		if e.GetAccount() != s.account.Name {
			continue
		}
		if is, err := s.live(e); err != nil || is {
			return is, err
		}
	}
	return false, nil
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

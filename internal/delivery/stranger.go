package delivery

import (
	"slices"
	"strings"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// Sighting is a conversation that a vendor tells of under an ID which none of our leads has.
type Sighting struct {
	// Person is what the vendor knows of the person.
	Person *leadmuxv1.Lead
	// Time is when it was running.
	Time time.Time
	// Born says that it began then.
	Born bool
}

// Refute takes back that a vendor's "I have this person already" was about our own lead, where a stranger's conversation turns out to be
// the one: the engagement is REJECTED. A vendor that refuses a second running conversation with a person has none of ours while
// another's runs. It returns the leads that it changed; the caller tells Changed once the transaction is durable. The stranger's ID is
// bound to nothing.
func (d *Dispatcher) Refute(tx idmap.Tx, tenant string, account *adapters.Account, seen Sighting) ([]string, error) {
	var candidates, refuted []string
	for _, key := range contactKeys(seen.Person) {
		found, err := tx.FindLeads(tenant, key, maxTwins)
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, found...)
	}
	slices.Sort(candidates)
	for _, id := range slices.Compact(candidates) {
		op, err := d.assumedOurs(tx, tenant, account, id, seen)
		if err != nil {
			return nil, err
		}
		if op == nil || mutant.AdoptEveryConflict {
			continue
		}
		s, err := d.reopen(tx, tenant, op)
		if err == nil {
			err = s.refuted()
		}
		if err != nil {
			return nil, err
		}
		refuted = append(refuted, id)
	}
	return refuted, nil
}

// contactKeys are what a vendor may know a person by.
func contactKeys(person *leadmuxv1.Lead) []idmap.LeadKey {
	keys := []idmap.LeadKey{
		{Kind: idmap.KeyPhone, Value: person.GetPhone()},
		{Kind: idmap.KeyEmail, Value: strings.ToLower(person.GetEmail())},
	}
	return slices.DeleteFunc(keys, func(key idmap.LeadKey) bool { return key.Value == "" })
}

// assumedOurs is the creation of a lead at the account that a sighting refutes; nil when it refutes none.
//
// Whether a vendor goes by phone or by e-mail is not known, so the stranger's conversation must have all that the lead has: then it is in
// the way by either. It must have been running after the last attempt that may have created ours, and not have begun after the answer
// that was taken for ours.
func (d *Dispatcher) assumedOurs(tx idmap.Tx, tenant string, account *adapters.Account, leadID string, seen Sighting) (*leadmuxv1.Operation, error) {
	lead, err := tx.Lead(tenant, leadID)
	if err != nil || !mayBeAnothers(Engagement(lead, account.Name)) || !hasAllOf(seen.Person, lead) {
		return nil, err
	}
	open, err := tx.OpenOperations(tenant, leadID, account.Name)
	if err != nil || len(open) > 0 { // the next sighting comes when it is over
		return nil, err
	}
	ops, _, err := tx.ListOperations(tenant, idmap.OperationFilter{LeadID: leadID, Account: account.Name, Method: CreateLead}, "", 1)
	if err != nil || len(ops) == 0 || !byConflict(ops[0]) {
		return nil, err
	}
	op, told := ops[0], lastAttempt(ops[0]).GetEndTime().AsTime()
	if seen.Time.Before(lastUnsure(op)) || seen.Born && seen.Time.After(told) {
		return nil, nil //nolint:nilnil // none is no error
	}
	return op, nil
}

// mayBeAnothers says whether nothing but a report of a duplicate stands for an engagement. Where the lead was changed since it was sent,
// the vendor has other values than we.
func mayBeAnothers(e *leadmuxv1.Engagement) bool {
	return (e.GetState() == active || e.GetState() == inDoubt) && e.GetVendorLeadId() == "" &&
		!warned(e, leadmuxv1.WarningCode_WARNING_CODE_UPDATE_NOT_SENT)
}

// byConflict says whether a creation was settled, or doubted, by a duplicate that the vendor reported. One from a backup may have been made
// at any time.
func byConflict(op *leadmuxv1.Operation) bool {
	settled := op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED || op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT
	last := lastAttempt(op)
	return settled && !op.GetRestored() && last.GetOutcome() == leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_NO_EFFECT &&
		last.GetReason() == rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_DUPLICATE_AT_VENDOR)
}

// lastUnsure is when the last attempt began that may have had an effect. Vendors date to the second.
func lastUnsure(op *leadmuxv1.Operation) time.Time {
	began := op.GetCreateTime()
	for _, attempt := range op.GetAttempts() {
		if attempt.GetOutcome() == leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_AMBIGUOUS {
			began = attempt.GetStartTime()
		}
	}
	return began.AsTime().Truncate(time.Second)
}

// hasAllOf says whether a person has every value that a lead can be reached by.
func hasAllOf(person, lead *leadmuxv1.Lead) bool {
	phone, email := lead.GetPhone(), lead.GetEmail()
	return (phone == "" || phone == person.GetPhone()) && (email == "" || strings.EqualFold(email, person.GetEmail()))
}

// refuted closes the creation as refused: the vendor has the person from somebody else.
func (s *settling) refuted() error {
	s.e.Error = rpcerr.Engagement(&adapters.Error{
		Vendor: s.account.Vendor, Op: s.op.GetMethod(), Kind: adapters.KindConflict,
		Message: "the conversation that it has with them was seen, and is another's",
	})
	dropWarnings(s.e, leadmuxv1.WarningCode_WARNING_CODE_VENDOR_ID_PENDING)
	if err := s.unsettled("operation.failed"); err != nil {
		return err
	}
	s.settled(leadmuxv1.OperationState_OPERATION_STATE_FAILED, "taken back: the vendor told of a conversation with the person that is not ours, so the duplicate it reported was that one")
	s.op.Ambiguous, s.op.ConfirmTime, s.e.OperationId = false, nil, s.op.GetOperationId()
	if err := s.moved(rejected); err != nil {
		return err
	}
	return s.store()
}

package delivery

import (
	"errors"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/typeid"
)

// Short names of where the telling of a vendor stands.
const (
	requested    = leadmuxv1.VendorNoticeState_VENDOR_NOTICE_STATE_REQUESTED
	acknowledged = leadmuxv1.VendorNoticeState_VENDOR_NOTICE_STATE_ACKNOWLEDGED
	unsupported  = leadmuxv1.VendorNoticeState_VENDOR_NOTICE_STATE_UNSUPPORTED
	notTaken     = leadmuxv1.VendorNoticeState_VENDOR_NOTICE_STATE_FAILED
)

// telling is one vendor account to be told of a suppression, or of a reconsent to one, for one lead.
type telling struct {
	method      string // OptOutLead or Reconsent
	account     *adapters.Account
	lead        *leadmuxv1.Lead
	e           *leadmuxv1.Engagement
	has         bool // the vendor has or may have the lead
	suppression *leadmuxv1.Suppression
	scope       leadmuxv1.ContactChannel // unset: the suppression's
	notices     *[]*leadmuxv1.VendorNotice
}

// tell records that the vendor is to be told and stores the operation that does it, unless it was told before or cannot be. It
// goes before everything else, but for an attempt under way.
func (d *Dispatcher) tell(tx idmap.Tx, tenant string, t telling) (*leadmuxv1.Operation, error) {
	notice := noticeOf(t.notices, t.lead, t.account)
	if state := notice.GetState(); state == requested || state == acknowledged {
		return nil, nil //nolint:nilnil // told already
	}
	notice.Time, notice.OperationId, notice.HttpStatus = stamp(d.now()), "", 0
	way, able := wayOf(t)
	switch {
	case t.account.Adapter == nil:
		notice.State, notice.Note = unsupported, "the account is no longer configured; blocked here only"
		return nil, nil //nolint:nilnil // nothing to send
	case !t.has:
		notice.State, notice.Note = unsupported, "the lead never reached the vendor; blocked here only"
		return nil, nil //nolint:nilnil // nothing to send
	case !able:
		notice.State, notice.Note = unsupported, cannotTell(t)
		return nil, nil //nolint:nilnil // nothing to send
	}
	op, err := d.tellingOperation(tx, tenant, t, way)
	if err != nil {
		return nil, err
	}
	notice.State, notice.OperationId, notice.Note = requested, op.GetOperationId(), ""
	return op, nil
}

func wayOf(t telling) (adapters.LeadWrite, bool) {
	way, cannot := WriteOf(t.account, t.method)
	return way, cannot == nil
}

// cannotTell says why a vendor cannot be told.
func cannotTell(t telling) string {
	if t.method == Reconsent {
		return t.account.Vendor + " has no way to be told; ask its account manager"
	}
	return t.account.Vendor + " has no way to be told; blocked here only"
}

// WouldTell says whether an account would be told of an opt-out of this scope from an engagement.
func WouldTell(account *adapters.Account, e *leadmuxv1.Engagement, scope leadmuxv1.ContactChannel) bool {
	_, cannot := WriteOf(account, OptOutLead)
	return cannot == nil && vendorHas(e) && reach(account, scope) != adapters.ReachNever
}

// noticeOf is the notice to an account about a lead; a new one when there is none.
func noticeOf(notices *[]*leadmuxv1.VendorNotice, lead *leadmuxv1.Lead, account *adapters.Account) *leadmuxv1.VendorNotice {
	i := slices.IndexFunc(*notices, func(n *leadmuxv1.VendorNotice) bool {
		return n.GetLeadId() == lead.GetLeadId() && n.GetAccount() == account.Name
	})
	if i >= 0 {
		return (*notices)[i]
	}
	fresh := &leadmuxv1.VendorNotice{Account: account.Name, Vendor: account.Vendor, LeadId: lead.GetLeadId()}
	*notices = append(*notices, fresh)
	return fresh
}

// tellingOperation stores the operation that tells a vendor.
func (d *Dispatcher) tellingOperation(tx idmap.Tx, tenant string, t telling, way adapters.LeadWrite) (*leadmuxv1.Operation, error) {
	open, err := tx.OpenOperations(tenant, t.lead.GetLeadId(), t.account.Name)
	if err != nil {
		return nil, err
	}
	now, scope := stamp(d.now()), t.scope
	if scope == leadmuxv1.ContactChannel_CONTACT_CHANNEL_UNSPECIFIED {
		scope = t.suppression.GetScope()
	}
	op := &leadmuxv1.Operation{
		OperationId: typeid.New(typeid.Operation), Method: t.method, LeadId: t.lead.GetLeadId(),
		Account: t.account.Name, Vendor: t.account.Vendor, SuppressionId: t.suppression.GetSuppressionId(), Scope: scope,
		IdempotencyClass: way.Class(adapters.LeadInput{Lead: t.lead, Engagement: t.e, Scope: scope}),
		Priority:         leadmuxv1.Priority_PRIORITY_OPT_OUT, CreateTime: now, UpdateTime: now,
		State: leadmuxv1.OperationState_OPERATION_STATE_QUEUED, NextAttemptTime: now, Decision: "queued before all others",
	}
	if len(open) == 0 {
		if t.e.Error, err = heldUp(tx, t.account); err != nil {
			return nil, err
		}
		t.e.OperationId = op.GetOperationId()
		return op, tx.PutOperation(tenant, op)
	}
	op.State, op.NextAttemptTime = leadmuxv1.OperationState_OPERATION_STATE_BLOCKED, nil
	op.Decision = "waits for another operation of this lead and account"
	if err := hurry(tx, tenant, open, op.GetPriority()); err != nil {
		return nil, err
	}
	return op, tx.PutOperation(tenant, op)
}

// recordNotice writes what became of an operation that tells a vendor into its suppression, and into the story of the lead.
func (s *settling) recordNotice(op *leadmuxv1.Operation, why *leadmuxv1.EngagementError, note string) error {
	suppression, err := s.tx.Suppression(s.tenant, op.GetSuppressionId())
	if errors.Is(err, idmap.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	notice := noticeBy(suppression, op.GetOperationId())
	if notice == nil {
		return nil
	}
	before := notice.GetState()
	notice.State, notice.Note = noticeState(op, why, note)
	notice.Time, suppression.UpdateTime = stamp(s.d.now()), stamp(s.d.now())
	if n := len(op.GetAttempts()); n > 0 && op.GetAttempts()[n-1].GetHttpStatus() != 0 {
		notice.HttpStatus = op.GetAttempts()[n-1].GetHttpStatus()
	}
	if err := s.tx.PutSuppression(s.tenant, suppression, nil); err != nil || s.leaving || notice.GetState() == before {
		return err
	}
	return s.tx.AppendEvent(s.tenant, s.d.consentTold(s.lead, op, suppression, notice))
}

// noticeBy is the notice that an operation is about, nil when it is about none any more.
func noticeBy(s *leadmuxv1.Suppression, operationID string) *leadmuxv1.VendorNotice {
	all := [][]*leadmuxv1.VendorNotice{s.GetNotices()}
	for _, r := range s.GetReconsents() {
		all = append(all, r.GetNotices())
	}
	for _, n := range slices.Concat(all...) {
		if n.GetOperationId() == operationID {
			return n
		}
	}
	return nil
}

// noticeState is what an operation's state means for the notice. A vendor that has no such conversation was not to be told
// more: nothing of it is left there to stop.
func noticeState(op *leadmuxv1.Operation, why *leadmuxv1.EngagementError, note string) (leadmuxv1.VendorNoticeState, string) {
	switch op.GetState() {
	case leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED:
		return acknowledged, note
	case leadmuxv1.OperationState_OPERATION_STATE_FAILED, leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT:
		switch why.GetReason() {
		case rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_NOT_FOUND),
			rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_CAPABILITY_NOT_SUPPORTED):
			return unsupported, why.GetMessage() + "; blocked here only"
		}
		return notTaken, why.GetMessage()
	default:
		return requested, why.GetMessage()
	}
}

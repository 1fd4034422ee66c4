package delivery

import (
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// Short names of what a receipt says of an account.
const (
	neverSent = leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_NEVER_SENT
	noDelete  = leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_NO_DELETE
	unknown   = leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_UNKNOWN
	pending   = leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_PENDING
	deleted   = leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_DELETED
	undeleted = leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_FAILED
)

// leftAt is what a receipt says of an account at the moment of the erasure. last is what the account still gets.
func (d *Dispatcher) leftAt(tenant string, e *leadmuxv1.Engagement, refs []idmap.VendorRef, open, last []*leadmuxv1.Operation) *leadmuxv1.AccountErasure {
	at := &leadmuxv1.AccountErasure{Account: e.GetAccount(), Vendor: e.GetVendor(), VendorLeadIds: vendorIDs(e, refs)}
	at.Unsure = e.GetState() == inDoubt || slices.ContainsFunc(open, func(op *leadmuxv1.Operation) bool {
		return !methodOf(op).tells && (op.GetAmbiguous() || op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_STARTED)
	})
	switch {
	case len(last) > 0 && last[0].GetMethod() == EraseLead:
		at.State, at.Note = pending, "the vendor is being asked to delete what it can"
	case len(last) > 0:
		at.State, at.Note = pending, "the vendor has still to be told of the opt-out; "+d.advice(tenant, at)
	case !at.GetUnsure() && e.GetAttempts() == 0 && len(at.GetVendorLeadIds()) == 0 && len(e.GetClosed()) == 0:
		at.State, at.Note = neverSent, "nothing was sent to this account; there is nothing to ask for"
	default:
		d.hasThem(tenant, at, "")
	}
	return at
}

// vendorIDs are the IDs that a person has at an account, each once.
func vendorIDs(e *leadmuxv1.Engagement, refs []idmap.VendorRef) (ids []string) {
	add := func(id string) {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, closed := range e.GetClosed() {
		add(closed.GetVendorLeadId())
	}
	for _, ref := range refs {
		if ref.Account == e.GetAccount() && ref.Kind == idmap.KindLead {
			add(ref.VendorID)
		}
	}
	add(e.GetVendorLeadId())
	return ids
}

// ended is what a receipt says of an account once it got the last that it was to get: op.
func (d *Dispatcher) ended(tenant string, at *leadmuxv1.AccountErasure, op *leadmuxv1.Operation) {
	succeeded := op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED
	switch {
	case op.GetMethod() == EraseLead && succeeded && !at.GetUnsure():
		at.State, at.Note = deleted, "the vendor deleted what it can; as to the rest, "+d.advice(tenant, at)
	case op.GetMethod() == EraseLead && succeeded:
		d.hasThem(tenant, at, "the vendor deleted what it can; ")
	case op.GetMethod() == EraseLead:
		at.State, at.Note = undeleted, "the vendor did not delete what it was asked to; "+d.advice(tenant, at)
	case succeeded:
		d.hasThem(tenant, at, "the vendor was told of the opt-out; ")
	default:
		d.hasThem(tenant, at, "the vendor could not be told of the opt-out; ")
	}
}

// hasThem says that the vendor has the person, or may have, and what to ask for.
func (d *Dispatcher) hasThem(tenant string, at *leadmuxv1.AccountErasure, first string) {
	at.State, at.Note = noDelete, first+d.advice(tenant, at)
	if at.GetUnsure() {
		at.State, at.Note = unknown, first+"a request may have reached the vendor without its answer reaching us; "+d.advice(tenant, at)
	}
}

// advice is what a person has to ask the vendor for.
func (d *Dispatcher) advice(tenant string, at *leadmuxv1.AccountErasure) string {
	if account, configured := d.accounts.Get(tenant, at.GetAccount()); configured {
		if adviser, ok := account.Adapter.(adapters.ErasureAdviser); ok {
			return adviser.ErasureAdvice()
		}
	}
	return "ask the vendor to delete the person"
}

func isPending(at *leadmuxv1.AccountErasure) bool { return at.GetState() == pending }

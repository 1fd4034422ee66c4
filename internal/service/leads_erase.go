package service

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// EraseLead forgets a person. The index knows it at once; the answer comes when the data key is dropped, so that it is true of
// copies of the index, too. A repeat finds the receipt, and drops a key that could not be dropped before.
func (s *LeadService) EraseLead(ctx context.Context, request *leadmuxv1.EraseLeadRequest) (*leadmuxv1.EraseLeadResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	key, err := s.requestKey(p.Tenant, "EraseLead", request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	var receipt *leadmuxv1.ErasureReceipt
	err = s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		twin, err := key.before(tx, s.cfg.Now())
		if err != nil {
			return err
		}
		if receipt, err = s.eraseIn(tx, p.Tenant, request.GetLeadId()); err != nil || twin != "" {
			return err
		}
		return key.put(tx, request.GetLeadId(), s.cfg.Now())
	})
	if err != nil {
		return nil, leadNotFound(err)
	}
	if err := s.cfg.Store.DropErased(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	s.cfg.Dispatcher.Changed(request.GetLeadId())
	return &leadmuxv1.EraseLeadResponse{Receipt: receipt}, nil
}

// eraseIn erases within a transaction; the receipt of a lead that is erased already is returned as it is.
func (s *LeadService) eraseIn(tx idmap.Tx, tenant, leadID string) (*leadmuxv1.ErasureReceipt, error) {
	receipt, err := tx.Erasure(tenant, leadID)
	if !errors.Is(err, idmap.ErrNotFound) {
		return receipt, err
	}
	lead, err := tx.Lead(tenant, leadID)
	if err != nil {
		return nil, err
	}
	if receipt, err = s.receipt(tx, tenant, lead); err != nil {
		return nil, err
	}
	return receipt, tx.EraseLead(tenant, receipt, s.cfg.Dispatcher.NewEvent("lead.erased", lead))
}

func (s *LeadService) receipt(r idmap.Reader, tenant string, lead *leadmuxv1.Lead) (*leadmuxv1.ErasureReceipt, error) {
	receipt := &leadmuxv1.ErasureReceipt{LeadId: lead.GetLeadId(), EraseTime: timestamppb.New(s.cfg.Now())}
	refs, err := r.Bindings(tenant, lead.GetLeadId())
	if err != nil {
		return nil, err
	}
	for _, e := range lead.GetEngagements() {
		at := &leadmuxv1.AccountErasure{Account: e.GetAccount(), Vendor: e.GetVendor(), VendorLeadIds: vendorIDs(e, refs)}
		open, err := r.OpenOperations(tenant, lead.GetLeadId(), e.GetAccount())
		if err != nil {
			return nil, err
		}
		at.State = leftAt(e, at.GetVendorLeadIds(), open)
		at.Note = s.erasureNote(tenant, at)
		receipt.Accounts = append(receipt.Accounts, at)
	}
	return receipt, nil
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

// leftAt is whether a vendor has the person.
func leftAt(e *leadmuxv1.Engagement, ids []string, open []*leadmuxv1.Operation) leadmuxv1.VendorErasureState {
	unsure := e.GetState() == leadmuxv1.EngagementState_ENGAGEMENT_STATE_IN_DOUBT
	for _, op := range open {
		unsure = unsure || op.GetAmbiguous() || op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_STARTED
	}
	switch {
	case unsure:
		return leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_UNKNOWN
	case e.GetAttempts() == 0 && len(ids) == 0 && len(e.GetClosed()) == 0:
		return leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_NEVER_SENT
	default:
		return leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_NO_DELETE
	}
}

// erasureNote says what was done at a vendor, or what a person has to do.
func (s *LeadService) erasureNote(tenant string, at *leadmuxv1.AccountErasure) string {
	if at.GetState() == leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_NEVER_SENT {
		return "nothing was sent to this account; there is nothing to ask for"
	}
	advice := "ask the vendor to delete the person"
	if account, configured := s.cfg.Accounts.Get(tenant, at.GetAccount()); configured {
		if adviser, ok := account.Adapter.(adapters.ErasureAdviser); ok {
			advice = adviser.ErasureAdvice()
		}
	}
	if at.GetState() == leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_UNKNOWN {
		return "a request may have reached the vendor without its answer reaching us; " + advice
	}
	return advice
}

package service

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// LinkLead ties a vendor's lead to ours. Nothing is sent.
func (s *LeadService) LinkLead(ctx context.Context, request *leadmuxv1.LinkLeadRequest) (*leadmuxv1.LinkLeadResponse, error) {
	lead, err := s.rebind(ctx, "LinkLead", request, func(tx idmap.Tx, t tie) error {
		return s.link(tx, t, request.GetVendorLeadId())
	})
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.LinkLeadResponse{Lead: lead}, nil
}

// UnlinkLead forgets an engagement with its vendor IDs. Nothing is sent.
func (s *LeadService) UnlinkLead(ctx context.Context, request *leadmuxv1.UnlinkLeadRequest) (*leadmuxv1.UnlinkLeadResponse, error) {
	lead, err := s.rebind(ctx, "UnlinkLead", request, s.unlink)
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.UnlinkLeadResponse{Lead: lead}, nil
}

// tie is a lead and an account that are being linked or unlinked.
type tie struct {
	tenant  string
	lead    *leadmuxv1.Lead
	account *adapters.Account
	e       *leadmuxv1.Engagement // nil when there is none
}

// tieRequest is what the two requests have in common.
type tieRequest interface {
	proto.Message
	GetLeadId() string
	GetAccount() string
	GetRequestId() string
}

// rebind changes which vendor's lead is ours, in one transaction. No vendor is told, but of an opt-out.
func (s *LeadService) rebind(ctx context.Context, method string, request tieRequest, do func(idmap.Tx, tie) error) (lead *leadmuxv1.Lead, err error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	account, err := s.accountFor(p, request.GetAccount())
	if err != nil {
		return nil, err
	}
	key, err := s.requestKey(p.Tenant, method, request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	var ops []*leadmuxv1.Operation
	err = s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		ops = nil
		twin, err := key.before(tx, s.cfg.Now())
		if err != nil {
			return err
		}
		if lead, err = tx.Lead(p.Tenant, request.GetLeadId()); err != nil || twin != "" {
			return leadNotFound(err)
		}
		t := tie{tenant: p.Tenant, lead: lead, account: account, e: delivery.Engagement(lead, account.Name)}
		if err := do(tx, t); err != nil {
			return err
		}
		delivery.Touch(lead, s.cfg.Now())
		if err := tx.PutLead(p.Tenant, lead); err != nil {
			return err
		}
		if ops, err = s.cfg.Dispatcher.Honour(tx, p.Tenant, lead); err != nil { // it may be a suppressed person's
			return err
		}
		return key.put(tx, lead.GetLeadId(), s.cfg.Now())
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Dispatcher.Go(p.Tenant, ops)
	return lead, nil
}

// accountFor is accountOf as a plain error.
func (s *LeadService) accountFor(p auth.Principal, name string) (*adapters.Account, error) {
	account, refusal := accountOf(s.cfg.Accounts, p, name)
	if refusal != nil {
		return nil, refusal
	}
	return account, nil
}

func (s *LeadService) link(tx idmap.Tx, t tie, vendorLeadID string) error {
	if delivery.Open(t.e) {
		if t.e.GetVendorLeadId() == vendorLeadID {
			return nil
		}
		if t.e.GetState() != leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE || t.e.GetVendorLeadId() != "" {
			return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_ENGAGEMENT_OPEN,
				"the lead has an open engagement at %s; end or unlink it first", t.account.Name)
		}
	}
	if t.e.GetState() == leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT {
		return optedOut(t.account)
	}
	ref := idmap.VendorRef{Account: t.account.Name, Kind: idmap.KindLead, VendorID: vendorLeadID}
	if err := notOfErased(tx, t.tenant, ref); err != nil {
		return err
	}
	err := tx.Bind(t.tenant, ref, t.lead.GetLeadId())
	if errors.Is(err, idmap.ErrBound) {
		return vendorIDTaken(tx, t.tenant, ref)
	}
	if err != nil {
		return err
	}
	if delivery.Open(t.e) { // ACTIVE with its vendor ID pending: this is that ID
		delivery.KnownAs(t.e, vendorLeadID)
		return nil
	}
	e := delivery.OpenEngagement(t.lead, t.account, s.cfg.Now())
	e.VendorLeadId = vendorLeadID
	event, err := s.cfg.Dispatcher.Move(t.lead, e, leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE)
	if err != nil {
		return err
	}
	return tx.AppendEvent(t.tenant, event)
}

// notOfErased refuses a vendor's lead that was one of ours and is erased: what the vendor still has of the person is to be
// deleted, not adopted.
func notOfErased(r idmap.Reader, tenant string, ref idmap.VendorRef) error {
	owner, err := r.Owner(tenant, ref)
	if errors.Is(err, idmap.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = r.Lead(tenant, owner)
	if errors.Is(err, idmap.ErrErased) {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_LEAD_ERASED, "this vendor ID belongs to %s, which was erased", owner).
			With("lead_id", owner).Field("vendor_lead_id", "belongs to a lead that was erased")
	}
	return err
}

func vendorIDTaken(r idmap.Reader, tenant string, ref idmap.VendorRef) error {
	owner, err := r.Owner(tenant, ref)
	if err != nil {
		return err
	}
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ID_TAKEN, "this vendor ID belongs to %s; unlink it there first", owner).
		With("lead_id", owner).Field("vendor_lead_id", "belongs to "+owner)
}

func (s *LeadService) unlink(tx idmap.Tx, t tie) error {
	if t.e == nil {
		return notOpen("the lead has no engagement at " + t.account.Name)
	}
	waiting, err := tx.OpenOperations(t.tenant, t.lead.GetLeadId(), t.account.Name)
	if err != nil {
		return err
	}
	for _, op := range waiting {
		if t.e.GetState() != leadmuxv1.EngagementState_ENGAGEMENT_STATE_IN_DOUBT {
			return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_ENGAGEMENT_BUSY,
				"an operation of this engagement is under way or waits; try again when it is done")
		}
		if err := s.cfg.Dispatcher.Drop(tx, t.tenant, t.lead, op); err != nil { // nothing else would ever let it go
			return err
		}
	}
	refs, err := tx.Bindings(t.tenant, t.lead.GetLeadId())
	if err != nil {
		return err
	}
	for _, ref := range refs {
		if ref.Account == t.account.Name && ref.Kind == idmap.KindLead {
			if err := tx.Unbind(t.tenant, ref); err != nil {
				return err
			}
		}
	}
	t.lead.Engagements = slices.DeleteFunc(t.lead.GetEngagements(), func(e *leadmuxv1.Engagement) bool { return e == t.e })
	return nil
}

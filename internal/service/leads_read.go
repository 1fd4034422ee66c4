package service

import (
	"context"
	"errors"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// maxMatches bounds LookupLeadResponse.lead_ids.
const maxMatches = 100

// GetLead returns a lead by our ID.
func (s *LeadService) GetLead(ctx context.Context, request *leadmuxv1.GetLeadRequest) (*leadmuxv1.GetLeadResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	response := &leadmuxv1.GetLeadResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) (err error) {
		if response.Lead, err = r.Lead(p.Tenant, request.GetLeadId()); err != nil || request.GetAsOf() == nil {
			return leadNotFound(err)
		}
		return s.asOf(r, p.Tenant, response.GetLead(), request.GetAsOf().AsTime())
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// LookupLead finds a lead by one key. A vendor ID that is not known here is asked for at the vendor, where it can tell.
func (s *LeadService) LookupLead(ctx context.Context, request *leadmuxv1.LookupLeadRequest) (*leadmuxv1.LookupLeadResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	find, err := s.finder(request, p.Tenant)
	if err != nil {
		return nil, err
	}
	var account *adapters.Account
	if request.GetAccount() != "" {
		if account, err = s.accountFor(p, request.GetAccount()); err != nil {
			return nil, err
		}
	}
	response, err := s.lookup(ctx, p.Tenant, find)
	if !errors.Is(err, idmap.ErrNotFound) || errors.Is(err, idmap.ErrErased) || account == nil {
		return response, leadNotFound(err)
	}
	if err := s.askVendor(ctx, p.Tenant, account, request.GetVendorLeadId()); err != nil {
		return nil, err
	}
	response, err = s.lookup(ctx, p.Tenant, find)
	return response, leadNotFound(err)
}

func (s *LeadService) lookup(ctx context.Context, tenant string, find func(idmap.Reader) ([]string, error)) (*leadmuxv1.LookupLeadResponse, error) {
	response := &leadmuxv1.LookupLeadResponse{}
	err := s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		ids, err := find(r)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return idmap.ErrNotFound
		}
		response.LeadIds = ids
		response.Lead, err = r.Lead(tenant, ids[0])
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// askVendor binds a vendor ID to the lead of ours that the vendor keeps beside it, if that lead is engaged there and its ID
// there is not known otherwise.
func (s *LeadService) askVendor(ctx context.Context, tenant string, account *adapters.Account, vendorLeadID string) error {
	finder, ok := account.Adapter.(adapters.LeadFinder)
	if !ok {
		return nil
	}
	leadID, err := finder.FindLead(ctx, vendorLeadID)
	s.cfg.Dispatcher.Met(account, err)
	if err != nil || leadID == "" {
		return err
	}
	return s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		lead, err := tx.Lead(tenant, leadID)
		if errors.Is(err, idmap.ErrNotFound) {
			return nil // an ID of another tenant, or of another service's
		}
		if e := delivery.Engagement(lead, account.Name); err != nil || e == nil || e.GetVendorLeadId() != "" {
			return err
		}
		err = tx.Bind(tenant, idmap.VendorRef{Account: account.Name, Kind: idmap.KindLead, VendorID: vendorLeadID}, leadID)
		if errors.Is(err, idmap.ErrBound) {
			return nil // meanwhile, to another lead: the look-up finds that one
		}
		if err != nil {
			return err
		}
		delivery.KnownAs(delivery.Engagement(lead, account.Name), vendorLeadID)
		delivery.Touch(lead, s.cfg.Now())
		return tx.PutLead(tenant, lead)
	})
}

// finder turns the request into a look-up, or says what is wrong with its keys.
func (s *LeadService) finder(q *leadmuxv1.LookupLeadRequest, tenant string) (func(idmap.Reader) ([]string, error), error) {
	if err := oneKey(q); err != nil {
		return nil, err
	}
	if (q.GetAccount() != "") != (q.GetVendorLeadId() != "") {
		return nil, rpcerr.Invalid("account", "goes with vendor_lead_id, and vendor_lead_id with account")
	}
	if q.GetVendorLeadId() != "" {
		ref := idmap.VendorRef{Account: q.GetAccount(), Kind: idmap.KindLead, VendorID: q.GetVendorLeadId()}
		return func(r idmap.Reader) ([]string, error) {
			id, err := r.Owner(tenant, ref)
			return []string{id}, err
		}, nil
	}
	keys, err := s.lookupKeys(q)
	if err != nil {
		return nil, err
	}
	return func(r idmap.Reader) (ids []string, err error) {
		for _, key := range keys {
			if ids, err = r.FindLeads(tenant, key, maxMatches); err != nil || len(ids) > 0 {
				return ids, err
			}
		}
		return nil, nil
	}, nil
}

// oneKey refuses a request with no key or several. The error names those given, or else all there are.
func oneKey(q *leadmuxv1.LookupLeadRequest) error {
	const rule = "give exactly one of vendor_lead_id (with account), phone, email, external_id"
	var all, given []string
	for _, key := range []struct{ field, value string }{
		{"vendor_lead_id", q.GetVendorLeadId()}, {"phone", q.GetPhone()}, {"email", q.GetEmail()}, {"external_id", q.GetExternalId()},
	} {
		all = append(all, key.field)
		if key.value != "" {
			given = append(given, key.field)
		}
	}
	if len(given) == 1 {
		return nil
	}
	if len(given) == 0 {
		given = all
	}
	refusal := rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "%s", rule)
	for _, field := range given {
		refusal = refusal.Field(field, rule)
	}
	return refusal
}

// lookupKeys are the keys to try, in order.
func (s *LeadService) lookupKeys(q *leadmuxv1.LookupLeadRequest) ([]idmap.LeadKey, error) {
	switch {
	case q.GetExternalId() != "":
		return []idmap.LeadKey{{Kind: idmap.KeyExternalID, Value: strings.TrimSpace(q.GetExternalId())}}, nil
	case q.GetEmail() != "":
		return []idmap.LeadKey{{Kind: idmap.KeyEmail, Value: strings.ToLower(strings.TrimSpace(q.GetEmail()))}}, nil
	}
	e164, _, err := s.phone("phone", q.GetPhone())
	if err != nil {
		return nil, err
	}
	return []idmap.LeadKey{{Kind: idmap.KeyPhone, Value: e164}, {Kind: idmap.KeyOtherPhone, Value: e164}}, nil
}

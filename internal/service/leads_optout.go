package service

import (
	"context"
	"slices"
	"strconv"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// sourceOptOutLead is the source of a suppression that OptOutLead made.
const sourceOptOutLead = "opt_out_lead"

// OptOutLead stores that the lead's person opted out, and tells the vendors.
func (s *LeadService) OptOutLead(ctx context.Context, request *leadmuxv1.OptOutLeadRequest) (*leadmuxv1.OptOutLeadResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	if len(request.GetAccounts()) > 0 {
		if _, err := s.pickAccounts(p, request.GetAccounts()); err != nil {
			return nil, err
		}
	}
	if request.GetValidateOnly() {
		return s.previewOptOut(ctx, p, request)
	}
	key, err := s.requestKey(p.Tenant, delivery.OptOutLead, request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	if err := s.optOutNow(ctx, p, key, request); err != nil {
		return nil, leadNotFound(err)
	}
	lead, err := s.cfg.Dispatcher.Wait(ctx, p.Tenant, request.GetLeadId(), waitOf(request.GetWait()))
	if err != nil {
		return nil, leadNotFound(err)
	}
	return &leadmuxv1.OptOutLeadResponse{Lead: lead}, nil
}

func (s *LeadService) optOutNow(ctx context.Context, p auth.Principal, key requestKey, request *leadmuxv1.OptOutLeadRequest) error {
	said := delivery.Declaration{
		Person: delivery.Person{LeadID: request.GetLeadId()}, Scope: s.cfg.OptOutScope, Accounts: slices.Sorted(slices.Values(request.GetAccounts())),
		Source: sourceOptOutLead, Evidence: request.GetReason(),
	}
	var made delivery.Declared
	err := s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		made = delivery.Declared{}
		twin, err := key.before(tx, s.cfg.Now())
		if err != nil || twin != "" {
			return err
		}
		lead, err := tx.Lead(p.Tenant, request.GetLeadId())
		if err != nil {
			return err
		}
		if err := everGiven(lead, request.GetAccounts()); err != nil {
			return err
		}
		if made, err = s.cfg.Dispatcher.Suppress(tx, p.Tenant, said); err != nil {
			return err
		}
		return key.put(tx, request.GetLeadId(), s.cfg.Now())
	})
	if err != nil {
		return err
	}
	s.cfg.Dispatcher.Go(p.Tenant, made.Ops)
	return nil
}

// everGiven refuses a named account that the lead was never given to: it would be a mistake in the name.
func everGiven(lead *leadmuxv1.Lead, accounts []string) error {
	for i, name := range accounts {
		if delivery.Engagement(lead, name) == nil {
			return notOpen("the lead has no engagement at "+name).Field("accounts["+strconv.Itoa(i)+"]", "has no engagement; leave accounts empty to opt out everywhere")
		}
	}
	return nil
}

// previewOptOut shows the requests that would tell the vendors of this lead.
func (s *LeadService) previewOptOut(ctx context.Context, p auth.Principal, request *leadmuxv1.OptOutLeadRequest) (*leadmuxv1.OptOutLeadResponse, error) {
	var lead *leadmuxv1.Lead
	err := s.cfg.Store.View(ctx, func(r idmap.Reader) (err error) {
		if lead, err = r.Lead(p.Tenant, request.GetLeadId()); err != nil {
			return err
		}
		return everGiven(lead, request.GetAccounts())
	})
	if err != nil {
		return nil, leadNotFound(err)
	}
	response := &leadmuxv1.OptOutLeadResponse{Lead: lead}
	for _, e := range lead.GetEngagements() {
		account, configured := s.cfg.Accounts.Get(p.Tenant, e.GetAccount())
		named := len(request.GetAccounts()) == 0 || slices.Contains(request.GetAccounts(), e.GetAccount())
		if !named || !configured || !delivery.WouldTell(account, e, s.cfg.OptOutScope) {
			continue
		}
		in := adapters.LeadInput{Lead: lead, Engagement: e, Scope: s.cfg.OptOutScope}
		_, shown, err := previewAt(account, delivery.OptOutLead, in)
		if err != nil {
			return nil, err
		}
		response.VendorRequests = append(response.VendorRequests, shown...)
	}
	return response, nil
}

// mayEngageAgain says whether a person who opted out has agreed again since: then a new engagement may follow one that was
// opted out. Without a suppression of ours the vendor's word stands.
func mayEngageAgain(r idmap.Reader, tenant string, lead *leadmuxv1.Lead, account *adapters.Account) (bool, error) {
	found, err := r.SuppressionsOf(tenant, []idmap.PersonKey{{Kind: idmap.PersonLead, Value: lead.GetLeadId()}})
	if err != nil || len(found) == 0 {
		return false, err
	}
	by, err := delivery.KeptFrom(r, tenant, lead, account)
	return by == nil, err
}

func optedOut(account *adapters.Account) error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_LEAD_OPTED_OUT,
		"the person opted out at %s; only a Reconsent with evidence changes that", account.Name)
}

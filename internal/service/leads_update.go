package service

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/typeid"
)

// UpdateLead changes fields of a lead and tells every account that has an open engagement, whoever asks: a vendor that goes on
// with an old number would be wrong for all callers.
func (s *LeadService) UpdateLead(ctx context.Context, request *leadmuxv1.UpdateLeadRequest) (*leadmuxv1.UpdateLeadResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := typeid.UUID(typeid.Lead, request.GetLead().GetLeadId()); err != nil {
		return nil, rpcerr.Invalid("lead.lead_id", "is no lead ID; it is \"lead_\" and 26 characters")
	}
	paths, err := updatePaths(request)
	if err != nil {
		return nil, err
	}
	meaning, err := s.meaningOf(request, paths)
	if err != nil {
		return nil, err
	}
	key, err := s.requestKey(p.Tenant, delivery.UpdateLead, request.GetRequestId(), meaning)
	if err != nil {
		return nil, err
	}
	lead, requests, err := s.apply(ctx, change{
		tenant: p.Tenant, leadID: request.GetLead().GetLeadId(), key: key, updates: true,
		write: delivery.Write{Method: delivery.UpdateLead}, wait: waitOf(request.GetWait()), validateOnly: request.GetValidateOnly(),
		edit: func(r idmap.Reader, lead *leadmuxv1.Lead) ([]*adapters.Account, error) {
			before := proto.CloneOf(lead)
			changed, err := s.edit(lead, request.GetLead(), paths)
			if err != nil {
				return nil, err
			}
			if !changed {
				return s.toldAgain(r, p.Tenant, lead)
			}
			return s.toldOfUpdates(r, p.Tenant, lead, taken(before, lead))
		},
	})
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.UpdateLeadResponse{Lead: lead, VendorRequests: requests}, nil
}

// meaningOf is an update without what makes no difference: the order of its mask, the spelling of a phone, fields that the mask
// does not name.
func (s *LeadService) meaningOf(request *leadmuxv1.UpdateLeadRequest, paths []fieldPath) (*leadmuxv1.UpdateLeadRequest, error) {
	given, names := &leadmuxv1.Lead{}, []string{}
	for _, path := range paths {
		path.set(given.ProtoReflect(), request.GetLead().ProtoReflect())
		names = append(names, path.String())
	}
	normal, err := s.normalise(given)
	if err != nil {
		return nil, err
	}
	normal.LeadId, normal.Etag, normal.Warnings = request.GetLead().GetLeadId(), request.GetLead().GetEtag(), nil
	slices.Sort(names)
	meaning := proto.CloneOf(request)
	meaning.Lead, meaning.UpdateMask = normal, &fieldmaskpb.FieldMask{Paths: slices.Compact(names)}
	return meaning, nil
}

// edit sets the fields at paths of lead from given, and says whether that changed anything.
func (s *LeadService) edit(lead, given *leadmuxv1.Lead, paths []fieldPath) (bool, error) {
	if given.GetEtag() != "" && given.GetEtag() != lead.GetEtag() {
		return false, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH,
			"the lead has changed since it had this etag; read it again and decide anew").Field("lead.etag", "is not that of the lead as it is now")
	}
	edited := proto.CloneOf(lead)
	for _, path := range paths {
		path.set(edited.ProtoReflect(), given.ProtoReflect())
	}
	normal, err := s.normalise(edited)
	if err != nil {
		return false, err
	}
	if err := staysSound(lead, normal); err != nil {
		return false, err
	}
	normal.LeadId, normal.Engagements, normal.Etag = lead.GetLeadId(), lead.GetEngagements(), lead.GetEtag()
	normal.CreateTime, normal.UpdateTime = lead.GetCreateTime(), lead.GetUpdateTime()
	if proto.Equal(normal, lead) {
		return false, nil
	}
	proto.Reset(lead)
	proto.Merge(lead, normal)
	return true, nil
}

// maxAttributes is the limit that the schema sets for a request; an update by keys could pass it step by step.
const maxAttributes = 50

// staysSound refuses an update that leaves a lead which no create would take. One that a vendor made without phone and e-mail
// may stay so.
func staysSound(before, after *leadmuxv1.Lead) error {
	if n := len(after.GetAttributes()); n > maxAttributes && n > len(before.GetAttributes()) {
		return rpcerr.Invalid("lead.attributes", "a lead has at most %d", maxAttributes)
	}
	if before.GetPhone() == "" && before.GetEmail() == "" {
		return nil
	}
	return contactable(after)
}

// toldAgain are the accounts that an update without a change is sent to: those that an earlier one did not reach, and that are
// not to be reached any more.
func (s *LeadService) toldAgain(r idmap.Reader, tenant string, lead *leadmuxv1.Lead) ([]*adapters.Account, error) {
	var accounts []*adapters.Account
	for _, e := range lead.GetEngagements() {
		account, configured := s.cfg.Accounts.Get(tenant, e.GetAccount())
		if !configured || !delivery.Open(e) || e.GetError() == nil || !can(account, delivery.UpdateLead) {
			continue
		}
		open, err := r.OpenOperations(tenant, lead.GetLeadId(), account.Name)
		if err != nil {
			return nil, err
		}
		if len(open) == 0 {
			accounts = append(accounts, account)
		}
	}
	return accounts, nil
}

// toldOfUpdates are the accounts with an open engagement that take changes; the others are warned about, unless they are still
// to get the lead. What was taken away is a warning at each, since none can be told of it.
func (s *LeadService) toldOfUpdates(r idmap.Reader, tenant string, lead *leadmuxv1.Lead, taken []string) ([]*adapters.Account, error) {
	var accounts []*adapters.Account
	for _, e := range lead.GetEngagements() {
		account, configured := s.cfg.Accounts.Get(tenant, e.GetAccount())
		if !delivery.Open(e) || !configured {
			continue
		}
		if _, unsupported := delivery.WriteOf(account, delivery.UpdateLead); unsupported == nil {
			accounts = append(accounts, account)
			warnTaken(e, lead, taken)
			continue
		}
		carried, err := delivery.Carries(r, tenant, lead.GetLeadId(), account.Name)
		if err != nil {
			return nil, err
		}
		if !carried {
			warn(e, leadmuxv1.WarningCode_WARNING_CODE_UPDATE_NOT_SENT, account.Vendor+" cannot change a lead it has; the change is kept here only")
		}
	}
	return accounts, nil
}

package service

import (
	"cmp"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// duplicate applies the duplicate policy: "" when the lead may be created, else the lead to return instead of it.
func (s *LeadService) duplicate(r idmap.Reader, c *creation) (string, error) {
	policy := c.request.GetDuplicatePolicy()
	if policy == leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_UNSPECIFIED {
		policy = cmp.Or(s.cfg.DuplicatesOf[c.tenant], s.cfg.Duplicates)
	}
	for _, key := range identity(c.lead) {
		id, err := newest(r, c.tenant, key.LeadKey)
		if err != nil {
			return "", err
		}
		switch {
		case id == "":
		case key.Kind == idmap.KeyExternalID || policy == leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_REJECT:
			return "", leadExists(id, key.field)
		case policy == leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_RETURN_EXISTING:
			return id, nil
		}
	}
	return "", nil
}

func leadExists(id, field string) error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_LEAD_EXISTS, "%s has the same %s", id, field).
		With("lead_id", id).With("matched", field).Field("lead."+field, "belongs to "+id)
}

// namedKey is a look-up key with the field of the lead that it comes from.
type namedKey struct {
	idmap.LeadKey
	field string
}

// identity is what makes two leads the same person, the strongest first.
func identity(lead *leadmuxv1.Lead) []namedKey {
	all := []namedKey{
		{idmap.LeadKey{Kind: idmap.KeyExternalID, Value: lead.GetExternalId()}, "external_id"},
		{idmap.LeadKey{Kind: idmap.KeyPhone, Value: lead.GetPhone()}, "phone"},
		{idmap.LeadKey{Kind: idmap.KeyEmail, Value: strings.ToLower(lead.GetEmail())}, "email"},
	}
	set := all[:0]
	for _, key := range all {
		if key.Value != "" {
			set = append(set, key)
		}
	}
	return set
}

// newest is the newest lead with a key, "" when there is none.
func newest(r idmap.Reader, tenant string, key idmap.LeadKey) (string, error) {
	ids, err := r.FindLeads(tenant, key, 1)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

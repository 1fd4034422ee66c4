package idmaptest

import (
	"errors"
	"fmt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// crafted are names made to be taken for one another, or for a part of a store's own layout.
var crafted = []string{acme, "acm", "acme ", "acme/leads", "leads", "tenants", "acme\"", "acme\x01e", "ACME", "äcme"}

var tenantTests = []contractTest{
	{"no tenant reads or changes another's, whatever the names", func(f *fixture) {
		lead := leadOf(func(l *leadmuxv1.Lead) { l.ExternalId, l.Phone = "x", phoneA })
		id := lead.GetLeadId()
		for i, tenant := range crafted {
			for _, later := range crafted[i:] {
				f.empty(later, id)
			}
			mine := leadOf(func(l *leadmuxv1.Lead) {
				l.LeadId, l.ExternalId, l.Phone, l.FirstName = id, lead.GetExternalId(), lead.GetPhone(), tenant
			})
			f.update(func(tx idmap.Tx) error {
				return errors.Join(tx.PutLead(tenant, mine), tx.Bind(tenant, leadRef(west, "v1"), id),
					tx.PutRequest(tenant, "CreateLead", "r1", claimOf(lead, 60), at(0)),
					tx.PutOperation(tenant, operationOf(id, west, 0, 0)), tx.AppendEvent(tenant, eventOf(id)))
			})
		}
		f.reopen()
		for _, tenant := range crafted {
			f.one(tenant, id)
		}
	}},
}

// empty wants a tenant to have nothing that the test stores.
func (f *fixture) empty(tenant, id string) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		_, errLead := r.Lead(tenant, id)
		_, errOwner := r.Owner(tenant, leadRef(west, "v1"))
		_, errRequest := r.Request(tenant, "CreateLead", "r1", at(0))
		for _, err := range []error{errLead, errOwner, errRequest} {
			if !errors.Is(err, idmap.ErrNotFound) {
				return fmt.Errorf("tenant %q: got %w", tenant, err)
			}
		}
		return f.counts(r, tenant, id, 0)
	})
}

// one wants a tenant to have its own one of each.
func (f *fixture) one(tenant, id string) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		lead, err := r.Lead(tenant, id)
		if err == nil && lead.GetFirstName() != tenant {
			err = fmt.Errorf("tenant %q reads the lead of %q", tenant, lead.GetFirstName())
		}
		return errors.Join(err, f.counts(r, tenant, id, 1))
	})
}

// counts wants every list of a tenant to be this long.
func (f *fixture) counts(r idmap.Reader, tenant, id string, want int) error {
	leads, _, errList := r.ListLeads(tenant, idmap.LeadFilter{}, "", 9)
	found, errFind := r.FindLeads(tenant, idmap.LeadKey{Kind: idmap.KeyPhone, Value: phoneA}, 9)
	bound, errBound := r.Bindings(tenant, id)
	due, errDue := r.Due(tenant, west, at(60), 9)
	queue, errQueue := r.Queue(tenant, west)
	open, errOpen := r.OpenOperations(tenant, id, west)
	events, errEvents := r.Events(tenant, "", 9)
	if err := errors.Join(errList, errFind, errBound, errDue, errQueue, errOpen, errEvents); err != nil {
		return err
	}
	got := []int{len(leads), len(found), len(bound), len(due), queue.Depth, len(open), len(events)}
	return sameValues(fmt.Sprintf("tenant %q: lengths", tenant), got, []int{want, want, want, want, want, want, want})
}

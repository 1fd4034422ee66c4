package idmaptest

import (
	"errors"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

const (
	phoneA = "+14155550101"
	phoneB = "+14155550102"
	phoneC = "+14155550103"
)

var lookupTests = []contractTest{
	{"a lead is found by each of its keys and no other", func(f *fixture) {
		lead := leadOf(func(l *leadmuxv1.Lead) {
			l.ExternalId, l.Email, l.Phone, l.HomePhone, l.WorkPhone = "x", "Ann@Example.com", phoneA, phoneB, phoneC
		})
		f.update(putLeads(acme, lead, leadOf()))
		for _, key := range []idmap.LeadKey{
			{Kind: idmap.KeyExternalID, Value: "x"}, {Kind: idmap.KeyEmail, Value: "ann@example.com"},
			{Kind: idmap.KeyPhone, Value: phoneA}, {Kind: idmap.KeyOtherPhone, Value: phoneB}, {Kind: idmap.KeyOtherPhone, Value: phoneC},
		} {
			f.wantFound(acme, key, 9, lead)
			f.wantFound("other", key, 9)
		}
		for _, key := range []idmap.LeadKey{
			{Kind: idmap.KeyExternalID, Value: "X"}, {Kind: idmap.KeyExternalID, Value: ""}, {Kind: idmap.KeyEmail, Value: "x"},
			{Kind: idmap.KeyEmail, Value: ""}, {Kind: idmap.KeyPhone, Value: phoneB}, {Kind: idmap.KeyOtherPhone, Value: phoneA},
		} {
			f.wantFound(acme, key, 9)
		}
	}},
	{"leads are found newest first, at most limit", func(f *fixture) {
		var leads []*leadmuxv1.Lead
		for range 5 {
			leads = append(leads, leadOf(func(l *leadmuxv1.Lead) { l.Phone, l.Email = phoneA, "ann@example.com" }))
		}
		f.update(putLeads(acme, leads[3], leads[0], leads[4])) // not in the order of their IDs
		f.update(putLeads(acme, leads[1], leads[2]))
		key := idmap.LeadKey{Kind: idmap.KeyPhone, Value: phoneA}
		f.wantFound(acme, key, 9, leads[4], leads[3], leads[2], leads[1], leads[0])
		f.wantFound(acme, key, 2, leads[4], leads[3])
		f.wantFound(acme, idmap.LeadKey{Kind: idmap.KeyEmail, Value: "ann@example.com"}, 1, leads[4])
	}},
	{"a changed lead is found by its new keys only", func(f *fixture) {
		lead := leadOf(func(l *leadmuxv1.Lead) { l.Email, l.Phone, l.HomePhone = "ann@example.com", phoneA, phoneB })
		f.update(putLeads(acme, lead))
		lead.Email, lead.Phone, lead.HomePhone, lead.WorkPhone = "bea@example.com", phoneB, "", phoneA
		f.update(putLeads(acme, lead))
		for value, found := range map[idmap.LeadKey]bool{
			{Kind: idmap.KeyEmail, Value: "ann@example.com"}: false, {Kind: idmap.KeyEmail, Value: "bea@example.com"}: true,
			{Kind: idmap.KeyPhone, Value: phoneA}: false, {Kind: idmap.KeyPhone, Value: phoneB}: true,
			{Kind: idmap.KeyOtherPhone, Value: phoneA}: true, {Kind: idmap.KeyOtherPhone, Value: phoneB}: false,
		} {
			if found {
				f.wantFound(acme, value, 9, lead)
			} else {
				f.wantFound(acme, value, 9)
			}
		}
	}},
	{"a value in two fields is found once, and until it is in neither", func(f *fixture) {
		lead := leadOf(func(l *leadmuxv1.Lead) { l.HomePhone, l.WorkPhone = phoneA, phoneA })
		key := idmap.LeadKey{Kind: idmap.KeyOtherPhone, Value: phoneA}
		f.update(putLeads(acme, lead))
		f.wantFound(acme, key, 9, lead)
		lead.HomePhone = ""
		f.update(putLeads(acme, lead))
		f.wantFound(acme, key, 9, lead)
		lead.WorkPhone = ""
		f.update(putLeads(acme, lead))
		f.wantFound(acme, key, 9)
	}},
}

// wantFound wants exactly these leads to be found, in this order.
func (f *fixture) wantFound(tenant string, key idmap.LeadKey, limit int, leads ...*leadmuxv1.Lead) {
	f.Helper()
	var want []string
	for _, l := range leads {
		want = append(want, l.GetLeadId())
	}
	f.view(func(r idmap.Reader) error {
		got, err := r.FindLeads(tenant, key, limit)
		return errors.Join(err, sameValues("found", got, want))
	})
}

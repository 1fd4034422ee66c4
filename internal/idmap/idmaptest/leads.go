package idmaptest

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

var leadTests = []contractTest{
	{"an unknown lead is not found", func(f *fixture) {
		f.update(putLeads(acme, leadOf()))
		f.view(func(r idmap.Reader) error {
			for _, tenant := range []string{acme, "nobody"} {
				if _, err := r.Lead(tenant, leadOf().GetLeadId()); !errors.Is(err, idmap.ErrNotFound) {
					return fmt.Errorf("tenant %s: got %w", tenant, err)
				}
			}
			return nil
		})
	}},
	{"a lead comes back as it was stored, and as it was changed", func(f *fixture) {
		lead := leadOf(engaged(west, leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUEUED), func(l *leadmuxv1.Lead) {
			l.ExternalId, l.Email, l.Phone, l.Attributes = "x", "Ann@example.com", "+14155550101", map[string]string{"k": "v"}
		})
		f.update(putLeads(acme, lead))
		changed := proto.CloneOf(lead)
		changed.FirstName, changed.Engagements = "Bea", nil
		f.wantLead(lead)
		f.update(putLeads(acme, changed))
		f.wantLead(changed)
		f.reopen()
		f.wantLead(changed)
		if n := f.sound().Leads; n != 1 {
			f.Fatalf("%d leads, want 1", n)
		}
	}},
	{"messages belong to the caller, before and after", func(f *fixture) {
		given := leadOf()
		stored := proto.CloneOf(given)
		f.update(putLeads(acme, given))
		given.FirstName = "changed after PutLead"
		f.view(func(r idmap.Reader) error {
			got, err := r.Lead(acme, stored.GetLeadId())
			if err != nil {
				return err
			}
			got.FirstName = "changed after Lead"
			again, err := r.Lead(acme, stored.GetLeadId())
			return errors.Join(err, same("lead", again, stored))
		})
	}},
	{"an external ID belongs to one lead of a tenant", func(f *fixture) {
		first, second := leadWithExternalID("x"), leadWithExternalID("x")
		f.update(putLeads(acme, first))
		f.refused(idmap.ErrKeyTaken, putLeads(acme, second))
		f.update(putLeads("other", second))
		f.update(putLeads(acme, first)) // its own is not taken
		f.reopen()
		f.refused(idmap.ErrKeyTaken, putLeads(acme, second))
	}},
	{"a refused lead changes nothing, and the transaction may go on", func(f *fixture) {
		first, second := leadWithExternalID("x"), leadWithExternalID("y")
		f.update(putLeads(acme, first, second))
		clash := proto.CloneOf(second)
		clash.ExternalId, clash.Email = "x", "ann@example.com"
		f.update(func(tx idmap.Tx) error {
			if err := tx.PutLead(acme, clash); !errors.Is(err, idmap.ErrKeyTaken) {
				return fmt.Errorf("got %w", err)
			}
			return nil
		})
		f.wantLead(second)
		f.wantFound(acme, idmap.LeadKey{Kind: idmap.KeyEmail, Value: "ann@example.com"}, 9)
	}},
	{"an external ID is free again when its lead gives it up", func(f *fixture) {
		first, second := leadWithExternalID("x"), leadWithExternalID("x")
		f.update(putLeads(acme, first))
		first.ExternalId = ""
		f.update(putLeads(acme, first, second))
		f.wantFound(acme, idmap.LeadKey{Kind: idmap.KeyExternalID, Value: "x"}, 9, second)
	}},
	{"two leads may have no external ID", func(f *fixture) {
		f.update(putLeads(acme, leadOf(), leadOf()))
	}},
}

func leadWithExternalID(id string) *leadmuxv1.Lead {
	return leadOf(func(l *leadmuxv1.Lead) { l.ExternalId = id })
}

// wantLead wants a lead of acme to be stored as given.
func (f *fixture) wantLead(want *leadmuxv1.Lead) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Lead(acme, want.GetLeadId())
		return errors.Join(err, same("lead", got, want))
	})
}

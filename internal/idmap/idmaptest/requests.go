package idmaptest

import (
	"bytes"
	"errors"
	"fmt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

var requestTests = []contractTest{
	{"a claim comes back as it was made", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		claim := claimOf(lead, 60)
		f.update(claimKey(acme, "CreateLead", "r1", claim, 0))
		f.reopen()
		f.wantClaim(acme, "CreateLead", "r1", 59, &claim)
	}},
	{"a key is of one tenant and one method", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		f.update(putLeads("other", lead))
		f.update(claimKey(acme, "CreateLead", "r1", claimOf(lead, 60), 0))
		f.wantClaim(acme, "UpdateLead", "r1", 0, nil)
		f.wantClaim(acme, "CreateLead", "r2", 0, nil)
		f.wantClaim(acme, "CreateLeadr", "1", 0, nil)
		f.wantClaim("other", "CreateLead", "r1", 0, nil)
		f.update(claimKey("other", "CreateLead", "r1", claimOf(lead, 60), 0))
		f.update(claimKey(acme, "UpdateLead", "r1", claimOf(lead, 60), 0))
	}},
	{"a claimed key is refused until it expires, with nothing changed", func(f *fixture) {
		first, second := leadOf(), leadOf()
		f.update(putLeads(acme, first, second))
		claim, other := claimOf(first, 60), claimOf(second, 200)
		f.update(claimKey(acme, "CreateLead", "r1", claim, 0))
		f.refused(idmap.ErrClaimed, claimKey(acme, "CreateLead", "r1", other, 59))
		f.update(func(tx idmap.Tx) error {
			if err := claimKey(acme, "CreateLead", "r1", other, 59)(tx); !errors.Is(err, idmap.ErrClaimed) {
				return fmt.Errorf("got %w", err)
			}
			return nil
		})
		f.wantClaim(acme, "CreateLead", "r1", 59, &claim)
	}},
	{"an expired claim is not found and may be claimed anew", func(f *fixture) {
		first, second := leadOf(), leadOf()
		f.update(putLeads(acme, first, second))
		f.update(claimKey(acme, "CreateLead", "r1", claimOf(first, 60), 0))
		f.wantClaim(acme, "CreateLead", "r1", 60, nil)
		f.wantClaim(acme, "CreateLead", "r1", 61, nil)
		again := claimOf(second, 120)
		f.update(claimKey(acme, "CreateLead", "r1", again, 60))
		f.wantClaim(acme, "CreateLead", "r1", 60, &again)
		f.refused(idmap.ErrClaimed, claimKey(acme, "CreateLead", "r1", again, 119))
		f.update(claimKey(acme, "CreateLead", "r1", claimOf(second, 180), 120))
		if n := f.sound().Requests; n != 1 {
			f.Fatalf("%d requests, want 1", n)
		}
	}},
	{"expired claims do not pile up", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		const batch = 100
		for round := range 4 {
			now := round * 100
			f.update(func(tx idmap.Tx) error {
				for i := range batch {
					if err := claimKey(acme, "CreateLead", fmt.Sprint(round, i), claimOf(lead, now+50), now)(tx); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if n := f.sound().Requests; n > 2*batch {
			f.Fatalf("%d claims are kept, %d of them expired", n, n-batch)
		}
	}},
}

// claimOf is a claim that made a lead and expires at the given minute.
func claimOf(lead *leadmuxv1.Lead, expire int) idmap.Request {
	return idmap.Request{Fingerprint: []byte("print of " + lead.GetLeadId()), LeadID: lead.GetLeadId(), ExpireTime: at(expire)}
}

func claimKey(tenant, method, id string, request idmap.Request, minute int) func(tx idmap.Tx) error {
	return func(tx idmap.Tx) error { return tx.PutRequest(tenant, method, id, request, at(minute)) }
}

// wantClaim wants a key to be claimed like this at a minute; nil: not at all.
func (f *fixture) wantClaim(tenant, method, id string, minute int, want *idmap.Request) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Request(tenant, method, id, at(minute))
		return sameClaim(got, err, want)
	})
}

func sameClaim(got idmap.Request, err error, want *idmap.Request) error {
	if want == nil {
		if !errors.Is(err, idmap.ErrNotFound) {
			return fmt.Errorf("request: got %v, error %w; want none", got, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(got.Fingerprint, want.Fingerprint) || got.LeadID != want.LeadID || !got.ExpireTime.Equal(want.ExpireTime) {
		return fmt.Errorf("request: got %v, want %v", got, *want)
	}
	return nil
}

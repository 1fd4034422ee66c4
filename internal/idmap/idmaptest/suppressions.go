package idmaptest

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

var suppressionTests = []contractTest{
	{"an unknown suppression is not found", func(f *fixture) {
		s := suppressionOf()
		f.update(putSuppression(acme, s))
		f.view(func(r idmap.Reader) error {
			for tenant, id := range map[string]string{acme: suppressionOf().GetSuppressionId(), "other": s.GetSuppressionId()} {
				if _, err := r.Suppression(tenant, id); !errors.Is(err, idmap.ErrNotFound) {
					return fmt.Errorf("tenant %s: got %w", tenant, err)
				}
			}
			return nil
		})
	}},
	{"a suppression is found by each of its keys and no other, also after reopening", func(f *fixture) {
		s := suppressionOf()
		f.update(putSuppression(acme, s, phoneKey(phoneA), mailKey("Ann@Example.com"), leadKey("lead_1")))
		for range 2 {
			for _, key := range []idmap.PersonKey{phoneKey(phoneA), mailKey("ann@example.COM"), leadKey("lead_1")} {
				f.wantSuppressed(acme, []idmap.PersonKey{key}, s)
				f.wantSuppressed("other", []idmap.PersonKey{key})
			}
			f.wantSuppressed(acme, []idmap.PersonKey{phoneKey(phoneB), phoneKey(""), mailKey(phoneA), leadKey("lead_"), leadKey("lead_12")})
			f.reopen()
		}
		if n := f.sound().Suppressions; n != 1 {
			f.Fatalf("%d suppressions, want 1", n)
		}
	}},
	{"several are found once each, the oldest first", func(f *fixture) {
		first, second, third := suppressionOf(), suppressionOf(), suppressionOf()
		f.update(putSuppression(acme, third, phoneKey(phoneA)))
		f.update(putSuppression(acme, first, phoneKey(phoneA), mailKey("ann@example.com")))
		f.update(putSuppression(acme, second, mailKey("ann@example.com")))
		f.wantSuppressed(acme, []idmap.PersonKey{mailKey("ann@example.com"), phoneKey(phoneA), phoneKey(phoneA)}, first, second, third)
		f.wantSuppressed(acme, nil)
	}},
	{"a change keeps the keys and adds to them", func(f *fixture) {
		s := suppressionOf()
		f.update(putSuppression(acme, s, phoneKey(phoneA)))
		s.Source, s.Reconsents = "other", []*leadmuxv1.ReconsentRecord{{Source: "form", Evidence: "said so"}}
		f.update(putSuppression(acme, s, phoneKey(phoneB)))
		f.wantSuppressed(acme, []idmap.PersonKey{phoneKey(phoneA)}, s)
		f.wantSuppressed(acme, []idmap.PersonKey{phoneKey(phoneB)}, s)
	}},
	{"what was said of the person is kept, with a lead and without", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		of, without := suppressionOf(), suppressionOf()
		of.LeadIds = []string{lead.GetLeadId()}
		for _, s := range []*leadmuxv1.Suppression{of, without} {
			s.Evidence = "replied STOP"
			s.Reconsents = []*leadmuxv1.ReconsentRecord{{Evidence: "wrote again"}, {Evidence: ""}, {Evidence: "and again"}}
			f.update(putSuppression(acme, s, phoneKey(phoneA)))
		}
		f.reopen()
		f.wantSuppressed(acme, []idmap.PersonKey{phoneKey(phoneA)}, of, without)
	}},
	{"an erased person stays suppressed, and what was said of the person goes", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		s := suppressionOf()
		s.LeadIds, s.Evidence = []string{lead.GetLeadId()}, "replied STOP"
		s.Reconsents = []*leadmuxv1.ReconsentRecord{{Evidence: "wrote again", Source: "form"}}
		f.update(putSuppression(acme, s, phoneKey(phoneA)))
		f.erase(lead.GetLeadId())
		s.Evidence, s.Reconsents[0].Evidence = "", ""
		for range 2 {
			f.wantSuppressed(acme, []idmap.PersonKey{phoneKey(phoneA)}, s)
			s.Source = "changed"
			f.update(putSuppression(acme, s))
			f.reopen()
		}
	}},
	{"a transaction sees its own suppression, and a failed one leaves none", func(f *fixture) {
		s := suppressionOf()
		f.refused(errGiveUp, func(tx idmap.Tx) error {
			if err := putSuppression(acme, s, phoneKey(phoneA))(tx); err != nil {
				return err
			}
			found, err := tx.SuppressionsOf(acme, []idmap.PersonKey{phoneKey(phoneA)})
			return errors.Join(err, sameAll("found", found, []*leadmuxv1.Suppression{s}), errGiveUp)
		})
		f.wantSuppressed(acme, []idmap.PersonKey{phoneKey(phoneA)})
	}},
	{"they are listed newest first, page by page, as filtered", func(f *fixture) {
		var all []*leadmuxv1.Suppression
		for i := range 7 {
			s := suppressionOf()
			s.LeadIds = []string{fmt.Sprint("lead_", i%2)}
			s.Notices = []*leadmuxv1.VendorNotice{{Account: west, State: requested}, {Account: east, State: acknowledged}}
			if i == 3 {
				s.Blocked = nil
			}
			all = append(all, s)
			f.update(putSuppression(acme, s, phoneKey(phoneA)))
		}
		slices.Reverse(all)
		f.wantSuppressions(idmap.SuppressionFilter{}, all...)
		f.wantSuppressions(idmap.SuppressionFilter{Blocking: true}, slices.Delete(slices.Clone(all), 3, 4)...)
		f.wantSuppressions(idmap.SuppressionFilter{LeadID: "lead_1"}, all[1], all[3], all[5])
		f.wantSuppressions(idmap.SuppressionFilter{Account: west, Notice: requested}, all...)
		f.wantSuppressions(idmap.SuppressionFilter{Account: west, Notice: acknowledged})
		f.wantSuppressions(idmap.SuppressionFilter{Notice: acknowledged}, all...)
	}},
}

const (
	requested    = leadmuxv1.VendorNoticeState_VENDOR_NOTICE_STATE_REQUESTED
	acknowledged = leadmuxv1.VendorNoticeState_VENDOR_NOTICE_STATE_ACKNOWLEDGED
)

func phoneKey(phone string) idmap.PersonKey {
	return idmap.PersonKey{Kind: idmap.PersonPhone, Value: phone}
}

func mailKey(mail string) idmap.PersonKey {
	return idmap.PersonKey{Kind: idmap.PersonEmail, Value: mail}
}

func leadKey(id string) idmap.PersonKey { return idmap.PersonKey{Kind: idmap.PersonLead, Value: id} }

// suppressionOf makes a suppression of every channel with a new ID.
func suppressionOf() *leadmuxv1.Suppression {
	const all = leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL
	return &leadmuxv1.Suppression{
		SuppressionId: typeid.New(typeid.Suppression), Scope: all, Blocked: []leadmuxv1.ContactChannel{all}, Source: "test", CreateTime: stamp(0),
	}
}

func putSuppression(tenant string, s *leadmuxv1.Suppression, keys ...idmap.PersonKey) func(tx idmap.Tx) error {
	return func(tx idmap.Tx) error { return tx.PutSuppression(tenant, s, keys) }
}

// wantSuppressed wants exactly these suppressions of a person, in this order, and each by its ID.
func (f *fixture) wantSuppressed(tenant string, keys []idmap.PersonKey, want ...*leadmuxv1.Suppression) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.SuppressionsOf(tenant, keys)
		err = errors.Join(err, sameAll("suppressions", got, want))
		for _, s := range want {
			one, errOne := r.Suppression(tenant, s.GetSuppressionId())
			err = errors.Join(err, errOne, same("suppression", one, s))
		}
		return err
	})
}

// wantSuppressions wants exactly these suppressions to be listed by pages of two.
func (f *fixture) wantSuppressions(filter idmap.SuppressionFilter, want ...*leadmuxv1.Suppression) {
	f.Helper()
	var got []*leadmuxv1.Suppression
	for before := ""; ; {
		f.view(func(r idmap.Reader) error {
			page, next, err := r.ListSuppressions(acme, filter, before, 2)
			got, before = append(got, page...), next
			return err
		})
		if before == "" {
			break
		}
	}
	if err := sameAll("listed", got, want); err != nil {
		f.Fatal(err)
	}
}

// suppressionModel is a suppression and what it is found by.
type suppressionModel struct {
	message *leadmuxv1.Suppression
	keys    []idmap.PersonKey
	sealed  bool   // it has, or had, texts
	of      string // the lead whose key they are sealed under; empty for a key of their own
}

func (t *tenantModel) putSuppression(s *leadmuxv1.Suppression, keys []idmap.PersonKey) error {
	m := t.suppressions[s.GetSuppressionId()]
	m.message, m.keys = s, slices.Concat(m.keys, keys)
	if !m.sealed && (s.GetEvidence() != "" || s.GetReconsents()[0].GetEvidence() != "") {
		m.sealed = true
		for _, id := range s.GetLeadIds() {
			if m.of == "" && t.leads[id] != nil {
				m.of = id
			}
		}
	}
	t.suppressions[s.GetSuppressionId()] = m
	return nil
}

// shown is a suppression as it is read: without its texts once their lead was erased.
func (t *tenantModel) shown(id string) *leadmuxv1.Suppression {
	m := t.suppressions[id]
	if m.of == "" || t.erased[m.of] == nil {
		return m.message
	}
	s := proto.CloneOf(m.message)
	s.Evidence = ""
	for _, r := range s.GetReconsents() {
		r.Evidence = ""
	}
	return s
}

// suppressionsOf returns the suppressions that have a key, the oldest first.
func (t *tenantModel) suppressionsOf(key idmap.PersonKey) []*leadmuxv1.Suppression {
	var found []*leadmuxv1.Suppression
	for id, s := range t.suppressions {
		if slices.Contains(s.keys, key) {
			found = append(found, t.shown(id))
		}
	}
	slices.SortFunc(found, func(a, b *leadmuxv1.Suppression) int {
		if a.GetSuppressionId() < b.GetSuppressionId() {
			return -1
		}
		return 1
	})
	return found
}

func (c comparer) suppressions() error {
	for _, key := range c.pool.persons {
		got, err := c.r.SuppressionsOf(c.tenant, []idmap.PersonKey{key})
		if err = errors.Join(err, sameAll(fmt.Sprintf("suppressions of %v", key), got, c.want.suppressionsOf(key))); err != nil {
			return err
		}
	}
	for _, id := range c.pool.suppressions {
		got, err := found(c.r.Suppression(c.tenant, id))
		if err = errors.Join(err, same("suppression", got, c.want.shown(id))); err != nil {
			return err
		}
	}
	return nil
}

package idmaptest

import (
	"fmt"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

const (
	active = leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE
	queued = leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUEUED
)

var listTests = []contractTest{
	{"an empty list ends at once", func(f *fixture) { f.wantList(idmap.LeadFilter{}, "", 3, nil) }},
	{"leads are listed newest first, in pages of limit", func(f *fixture) {
		leads := manyLeads(7)
		f.update(putLeads(acme, leads...))
		f.update(putLeads("other", leadOf()))
		slices.Reverse(leads)
		for limit := 1; limit <= 8; limit++ {
			f.wantList(idmap.LeadFilter{}, "", limit, leads)
		}
	}},
	{"a full last page says that it is the last", func(f *fixture) {
		f.update(putLeads(acme, manyLeads(4)...))
		f.view(func(r idmap.Reader) error {
			leads, next, err := r.ListLeads(acme, idmap.LeadFilter{}, "", 4)
			if err == nil && (next != "" || len(leads) != 4) {
				err = fmt.Errorf("%d leads, next %q", len(leads), next)
			}
			return err
		})
	}},
	{"before need not be a stored lead", func(f *fixture) {
		older := manyLeads(2)
		between := typeid.New(typeid.Lead)
		newer := manyLeads(2)
		f.update(putLeads(acme, append(older, newer...)...))
		f.wantList(idmap.LeadFilter{}, between, 9, []*leadmuxv1.Lead{older[1], older[0]})
		f.wantList(idmap.LeadFilter{}, typeid.New(typeid.Lead), 9, []*leadmuxv1.Lead{newer[1], newer[0], older[1], older[0]})
		f.wantList(idmap.LeadFilter{}, older[0].GetLeadId(), 9, nil)
	}},
	{"filters narrow", filtersNarrow},
	{"pages are stable while leads are added and changed", pagesAreStable},
	{"a filter that few pass comes to its end in bounded steps", boundedSteps},
}

func manyLeads(n int) []*leadmuxv1.Lead {
	leads := make([]*leadmuxv1.Lead, n)
	for i := range leads {
		leads[i] = leadOf()
	}
	return leads
}

func filtersNarrow(f *fixture) {
	updated := func(minutes int) func(*leadmuxv1.Lead) {
		return func(l *leadmuxv1.Lead) { l.UpdateTime = stamp(minutes) }
	}
	a := leadOf(updated(10), engaged(east, queued), engaged(west, active))
	b := leadOf(updated(20), engaged(east, active))
	c := leadOf(updated(30), engaged(west, queued))
	d := leadOf(updated(40))
	f.update(putLeads(acme, a, b, c, d))
	for _, test := range []struct {
		name   string
		filter idmap.LeadFilter
		want   []*leadmuxv1.Lead
	}{
		{"account", idmap.LeadFilter{Account: west}, []*leadmuxv1.Lead{c, a}},
		{"state", idmap.LeadFilter{State: active}, []*leadmuxv1.Lead{b, a}},
		{"account and state of one engagement", idmap.LeadFilter{Account: east, State: active}, []*leadmuxv1.Lead{b}},
		{"updated after, exclusive", idmap.LeadFilter{UpdatedAfter: at(20)}, []*leadmuxv1.Lead{d, c}},
		{"updated before, exclusive", idmap.LeadFilter{UpdatedBefore: at(30)}, []*leadmuxv1.Lead{b, a}},
		{"updated between", idmap.LeadFilter{UpdatedAfter: at(10), UpdatedBefore: at(40)}, []*leadmuxv1.Lead{c, b}},
		{"all", idmap.LeadFilter{Account: east, State: active, UpdatedAfter: at(20)}, nil},
		{"unknown account", idmap.LeadFilter{Account: "nowhere"}, nil},
	} {
		f.Log(test.name)
		f.wantList(test.filter, "", 1, test.want)
	}
	b.Engagements, b.UpdateTime = nil, stamp(50)
	f.update(putLeads(acme, b))
	f.wantList(idmap.LeadFilter{State: active}, "", 9, []*leadmuxv1.Lead{a})
	f.wantList(idmap.LeadFilter{UpdatedAfter: at(30)}, "", 9, []*leadmuxv1.Lead{d, b})
}

func pagesAreStable(f *fixture) {
	leads := manyLeads(9)
	f.update(putLeads(acme, leads...))
	var seen []string
	for before, page := "", 0; page == 0 || before != ""; page++ {
		f.view(func(r idmap.Reader) error {
			got, next, err := r.ListLeads(acme, idmap.LeadFilter{}, before, 2)
			for _, l := range got {
				seen = append(seen, l.GetLeadId())
			}
			before = next
			return err
		})
		leads[page].UpdateTime = stamp(page + 1)
		f.update(putLeads(acme, leadOf(), leads[page]))
	}
	var want []string
	for _, l := range slices.Backward(leads) {
		want = append(want, l.GetLeadId())
	}
	if err := sameValues("seen", seen, want); err != nil {
		f.Fatal(err)
	}
}

func boundedSteps(f *fixture) {
	const many = 5000
	rare := leadOf(engaged(west, active))
	f.update(putLeads(acme, rare))
	f.update(putLeads(acme, manyLeads(many)...))
	var found []*leadmuxv1.Lead
	steps := 0
	for before := ""; steps == 0 || before != ""; steps++ {
		f.view(func(r idmap.Reader) error {
			got, next, err := r.ListLeads(acme, idmap.LeadFilter{Account: west}, before, 50)
			if err == nil && next != "" && before != "" && next >= before {
				err = fmt.Errorf("next %s is no step on from %s", next, before)
			}
			found, before = append(found, got...), next
			return err
		})
	}
	if steps < 2 || steps > 100 {
		f.Errorf("%d steps for %d leads", steps, many)
	}
	if err := sameAll("found", found, []*leadmuxv1.Lead{rare}); err != nil {
		f.Error(err)
	}
}

// wantList wants exactly these leads, whatever the pages.
func (f *fixture) wantList(filter idmap.LeadFilter, before string, limit int, want []*leadmuxv1.Lead) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := listAll(r, acme, filter, before, limit)
		if err != nil {
			return err
		}
		return sameAll("list", got, want)
	})
}

// listAll reads all pages.
func listAll(r idmap.Reader, tenant string, filter idmap.LeadFilter, before string, limit int) ([]*leadmuxv1.Lead, error) {
	var all []*leadmuxv1.Lead
	for {
		leads, next, err := r.ListLeads(tenant, filter, before, limit)
		if err != nil {
			return nil, err
		}
		if len(leads) > limit {
			return nil, fmt.Errorf("a page of %d, limit %d", len(leads), limit)
		}
		all = append(all, leads...)
		if next == "" {
			return all, nil
		}
		before = next
	}
}

package service_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
)

// maxModelLeads is from how many leads on no more are created, so that much happens to each.
const maxModelLeads = 8

// do carries out one step.
func (m *model) do(s step) {
	id := m.ids0(s.lead)
	if (s.what == "create" || s.what == "batch") && len(m.ids) >= maxModelLeads {
		s.what = "engage"
	}
	switch s.what {
	case "create":
		m.create(s)
	case "batch":
		m.batch(s)
	case "update", "update by etag", "race", "clear":
		m.update(s, id)
	case "end", "stop", "defer":
		m.converse(s, id)
	case "engage":
		request := &leadmuxv1.EngageLeadRequest{LeadId: id, Accounts: []string{s.account}, RequestId: m.request(s), Wait: seconds(0)}
		request.VendorOptions = m.options(s.n, request.GetAccounts())
		m.called(s.what, request.GetRequestId(), func() (*leadmuxv1.Lead, error) {
			got, err := m.EngageLead(m.ctx, request)
			return got.GetLead(), err
		})
	case "link":
		m.link(s, id)
	case "unlink":
		request := &leadmuxv1.UnlinkLeadRequest{LeadId: id, Account: s.account, RequestId: m.request(s)}
		if m.called(s.what, request.GetRequestId(), func() (*leadmuxv1.Lead, error) {
			got, err := m.UnlinkLead(m.ctx, request)
			return got.GetLead(), err
		}) != nil {
			m.unlinked[at{id, s.account}] = true
			m.strangers[m.leads[id].email] = true // nobody here knows any more that the vendor has the person from us
		}
	case "list":
		m.list(int32(s.n + 1))
	case "repeat":
		m.repeat()
	default:
		m.happen(s)
	}
}

// happen is what comes from outside.
func (m *model) happen(s step) {
	read := m.vendors[m.readable]
	switch s.what {
	case "a visitor comes":
		if len(m.ids) < 2*maxModelLeads {
			m.visitors++
			read.stranger(fmt.Sprintf("visitor%d@example.com", m.visitors))
		}
	case "the vendor closes", "the vendor opens":
		read.turn(s.lead, s.what == "the vendor opens")
	case "the vendor fails":
		m.vendors[s.account].plan(s.faults)
	case "resume":
		for _, account := range m.set.All() {
			for m.d.Resume(context.Background(), account) != nil {
			}
		}
	case "crash", "stop and start":
		m.end(time.Duration(s.n)*10*time.Second, s.what == "crash")
		m.start()
	case "break the index":
		m.store.set(m.index, s.n, false)
	}
}

// ids0 is a lead by number; "" before there is one.
func (m *model) ids0(n int) string {
	if len(m.ids) == 0 {
		return "lead_00000000000000000000000000"
	}
	return m.ids[n%len(m.ids)]
}

// request is a request_id of its own, for one step in two.
func (m *model) request(s step) string {
	m.version++
	if s.n%2 == 0 {
		return ""
	}
	return "req-" + strconv.Itoa(m.version)
}

// called makes a call, remembers how to repeat it, and notes what its lead must be at the vendors. It is nil when refused.
func (m *model) called(what, requestID string, call func() (*leadmuxv1.Lead, error)) *leadmuxv1.Lead {
	lead, err := call()
	if !m.allowed(what, err) {
		return nil
	}
	if requestID != "" {
		m.again = func() (string, error) {
			again, err := call()
			return again.GetLeadId(), err
		}
	}
	m.note(lead)
	return lead
}

// note compares a lead that a call returned with what is expected of it, and remembers what its vendors must be told.
func (m *model) note(lead *leadmuxv1.Lead) {
	want := m.leads[lead.GetLeadId()]
	if want == nil {
		m.wrong("a call returned a lead that nobody made: %v", lead)
		return
	}
	if got := lead.GetAttributes()["k"]; want.adopted && want.attr == "" {
		want.attr = got // while we have sent it nothing, the vendor's record fills in what we do not know
	}
	if lead.GetEmail() != want.email || lead.GetLastName() != word(want.version) || lead.GetAttributes()["k"] != want.attr {
		m.wrong("lead %s is %q %q %v, want %+v", lead.GetLeadId(), lead.GetEmail(), lead.GetLastName(), lead.GetAttributes(), *want)
	}
	for _, e := range lead.GetEngagements() {
		if of := (at{lead.GetLeadId(), e.GetAccount()}); delivery.Open(e) && m.must[of] < want.version && !m.missed[of] {
			m.must[of] = want.version
		}
	}
}

// word is a version as the last name that carries it.
func word(version int) string {
	if version == 0 {
		return ""
	}
	return strconv.Itoa(version)
}

func (m *model) newRequest(s step) (*leadmuxv1.CreateLeadRequest, *expected) {
	requestID := m.request(s)
	want := &expected{email: fmt.Sprintf("ada%d@example.com", m.version), version: m.version}
	accounts := [][]string{{s.account}, nil, slices.Sorted(maps.Keys(m.vendors))[:2]}[s.n%3] // nil: all
	return &leadmuxv1.CreateLeadRequest{
		Lead:     &leadmuxv1.Lead{FirstName: "Ada", LastName: word(want.version), Email: want.email, Phone: m.phone()},
		Accounts: accounts, VendorOptions: m.options(s.n, accounts), RequestId: requestID, Wait: seconds(0),
	}, want
}

// phone is a number of an invented person; there are so many of those.
func (m *model) phone() string {
	m.phones++
	return fmt.Sprintf("+141555501%02d", m.phones%100)
}

func (m *model) created(lead *leadmuxv1.Lead, want *expected) {
	m.ids = append(m.ids, lead.GetLeadId())
	m.leads[lead.GetLeadId()] = want
}

func (m *model) create(s step) {
	request, want := m.newRequest(s)
	if s.n == 5 { // somebody else was faster
		m.strangers[want.email] = true
		for _, v := range m.vendors {
			if v.is().unique {
				v.stranger(want.email)
			}
		}
	}
	m.called("create", request.GetRequestId(), func() (*leadmuxv1.Lead, error) {
		got, err := m.CreateLead(m.ctx, request)
		if err == nil && m.leads[got.GetLead().GetLeadId()] == nil {
			m.created(got.GetLead(), want)
		}
		return got.GetLead(), err
	})
}

// batch creates two leads, one of them twice.
func (m *model) batch(s step) {
	first, one := m.newRequest(s)
	second, two := m.newRequest(s)
	got, err := m.BatchCreateLeads(m.ctx, &leadmuxv1.BatchCreateLeadsRequest{
		Requests: []*leadmuxv1.CreateLeadRequest{first, second, first}, Wait: seconds(0),
	})
	if !m.allowed("batch", err) {
		return
	}
	for i, want := range []*expected{one, two} {
		if lead := got.GetResults()[i].GetLead(); lead != nil {
			m.created(lead, want)
			m.note(lead)
		}
	}
	third := got.GetResults()[2].GetLead()
	if third.GetLeadId() != got.GetResults()[0].GetLead().GetLeadId() && third != nil {
		m.wrong("the third of the batch is %v", third)
	}
	if third != nil && first.GetRequestId() == "" {
		m.wrong("the same person was created twice: %v", third)
	}
}

// update changes a lead: plainly, by its etag or an old one, in a race of two, or by taking something away.
func (m *model) update(s step, id string) {
	request := &leadmuxv1.UpdateLeadRequest{Lead: &leadmuxv1.Lead{LeadId: id}, RequestId: m.request(s), Wait: seconds(0)}
	version := m.version
	request.Lead.LastName, request.UpdateMask = word(version), mask("last_name", "attributes.k")
	attr := ""
	if s.what != "clear" {
		attr = word(version)
		request.Lead.Attributes = map[string]string{"k": attr}
	}
	if before := m.stored(id); before != nil && s.what != "update" && s.what != "clear" {
		request.Lead.Etag = before.GetEtag()
	}
	stale := s.what == "update by etag" && s.n > 3
	if stale {
		request.Lead.Etag = "stale"
	}
	if s.what == "race" {
		m.race(request, version)
		return
	}
	m.called(s.what, request.GetRequestId(), func() (*leadmuxv1.Lead, error) {
		got, err := m.UpdateLead(m.ctx, request)
		if err == nil && m.leads[id].version < version {
			m.changed(id, version, attr)
		}
		if err == nil && stale {
			m.wrong("an update with an old etag was taken")
		}
		return got.GetLead(), err
	})
}

// race makes the same change of one etag from two callers, of which at most one is taken.
func (m *model) race(request *leadmuxv1.UpdateLeadRequest, version int) {
	request.RequestId = ""
	won := make(chan error)
	for range 2 {
		go func() {
			_, err := m.UpdateLead(m.ctx, request)
			won <- err
		}()
	}
	first, second := <-won, <-won
	if first == nil && second == nil {
		m.wrong("two updates of one etag were taken")
	}
	for _, err := range []error{first, second} {
		if m.allowed("race", err) {
			m.changed(request.GetLead().GetLeadId(), version, word(version))
		}
	}
}

// changed notes an acknowledged change.
func (m *model) changed(id string, version int, attr string) {
	m.leads[id].version, m.leads[id].attr = version, attr
	for _, e := range m.stored(id).GetEngagements() {
		m.missed[at{id, e.GetAccount()}] = !delivery.Open(e)
	}
	m.note(m.stored(id))
}

package service_test

import (
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
)

// converse ends or defers a lead's conversations: at one account, or at all.
func (m *model) converse(s step, id string) {
	request := &leadmuxv1.EndConversationRequest{LeadId: id, RequestId: m.request(s), Wait: seconds(0), Reason: "because"}
	if s.n%3 > 0 {
		request.Accounts = []string{s.account}
	}
	m.called(s.what, request.GetRequestId(), func() (*leadmuxv1.Lead, error) {
		switch s.what {
		case "end":
			got, err := m.EndConversation(m.ctx, request)
			return got.GetLead(), err
		case "stop":
			got, err := m.StopConversation(m.ctx, likewise(request, &leadmuxv1.StopConversationRequest{}))
			return got.GetLead(), err
		default:
			got, err := m.DeferConversation(m.ctx, likewise(request, &leadmuxv1.DeferConversationRequest{}))
			return got.GetLead(), err
		}
	})
}

// link ties a lead to one of the vendor's, preferably to one of its own making.
func (m *model) link(s step, id string) {
	vendorID := ""
	for _, e := range m.vendors[s.account].entries() {
		if e.live && (e.leadID == "" || s.n == 0) {
			vendorID = e.id
		}
	}
	if vendorID == "" {
		return
	}
	request := &leadmuxv1.LinkLeadRequest{LeadId: id, Account: s.account, VendorLeadId: vendorID, RequestId: m.request(s)}
	before := m.stored(id)
	linked := m.called(s.what, request.GetRequestId(), func() (*leadmuxv1.Lead, error) {
		got, err := m.LinkLead(m.ctx, request)
		return got.GetLead(), err
	})
	if of := (at{id, s.account}); linked != nil && delivery.Engagement(before, s.account).GetVendorLeadId() != vendorID {
		m.missed[of], m.unlinked[of] = true, true // the vendor has what it has, and whatever it had of the lead before
		delete(m.must, of)
	}
}

// list walks through the vendor's leads. Each of the vendor's comes exactly once, and leads to the lead it came as.
func (m *model) list(size int32) {
	seen := map[string]int{}
	request := &leadmuxv1.ListVendorLeadsRequest{Account: m.readable, PageSize: size}
	for {
		got, err := m.ListVendorLeads(m.ctx, request)
		if !m.allowed("list", err) {
			return
		}
		for _, lead := range got.GetLeads() {
			seen[lead.GetLeadId()]++
			if m.leads[lead.GetLeadId()] == nil {
				m.created(lead, &expected{lead.GetEmail(), number(lead.GetLastName()), lead.GetAttributes()["k"], true})
				if e := by(m.vendors[m.readable], delivery.Engagement(lead, m.readable).GetVendorLeadId()); e != nil && e.leadID != "" {
					m.unlinked[at{lead.GetLeadId(), m.readable}] = true // another lead of ours can still reach it by its own ID
				}
			}
			m.note(lead)
		}
		if request.PageToken = got.GetNextPageToken(); request.GetPageToken() == "" {
			break
		}
	}
	for _, e := range m.vendors[m.readable].entries() {
		got, err := m.LookupLead(m.ctx, &leadmuxv1.LookupLeadRequest{Account: m.readable, VendorLeadId: e.id})
		if err != nil {
			m.wrong("the vendor's %s is not found: %v", e.id, err)
		}
		seen[got.GetLead().GetLeadId()]--
	}
	for id, n := range seen {
		if n != 0 {
			m.wrong("a walk returned lead %s %d times more than the vendor has it", id, n)
		}
	}
}

// repeat makes the last call again that had a request_id: nothing is done a second time.
func (m *model) repeat() {
	if m.again == nil {
		return
	}
	before, ids := m.store.count(), len(m.ids)
	id, err := m.again()
	if m.allowed("repeat", err) && (m.store.count() != before || len(m.ids) != ids || m.leads[id] == nil) {
		m.wrong("a repeated request made %d operations", m.store.count()-before)
	}
}

// stored is a lead as the index has it; nil when it has none.
func (m *model) stored(id string) *leadmuxv1.Lead {
	got, err := m.GetLead(m.ctx, &leadmuxv1.GetLeadRequest{LeadId: id})
	if err != nil {
		return nil
	}
	return proto.CloneOf(got.GetLead())
}

package e2e_test

import (
	"net/http"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// engagesAgain ends a conversation and opens another: the old one is kept with its vendor ID, and both IDs lead to the lead.
// What is done next is done to the new one.
func (w *worker) engagesAgain(t *testing.T) {
	lead := w.lead(t)
	old := harness.At(lead, w.vendor)
	open := w.client.Try(t, "LeadService.EngageLead", &leadmuxv1.EngageLeadRequest{LeadId: lead.GetLeadId(), Accounts: []string{w.vendor}})
	if open.Reason() != "ENGAGEMENT_OPEN" {
		t.Errorf("a second engagement beside an open one is answered %s", open.Body)
	}
	w.client.Change(t, "LeadService.EndConversation", endConversation.request(lead, w.vendor))
	w.noted(t, "CreateLead", func() {
		lead = w.client.Change(t, "LeadService.EngageLead", &leadmuxv1.EngageLeadRequest{
			LeadId: lead.GetLeadId(), Accounts: []string{w.vendor}, VendorOptions: atOne(w.vendor, 0).GetVendorOptions(),
		})
	})
	e := harness.At(lead, w.vendor)
	if len(e.GetClosed()) != 1 || e.GetClosed()[0].GetVendorLeadId() != old.GetVendorLeadId() || !e.GetClosed()[0].GetOutcome().GetQualified() || !is(e, "ACTIVE", "") {
		t.Fatalf("the new engagement is %v", e)
	}
	if anew := e.GetVendorLeadId() != old.GetVendorLeadId(); anew != (w.vendor == harness.Verse) { // the others know a person by one ID
		t.Errorf("the vendor IDs are %s and then %s", old.GetVendorLeadId(), e.GetVendorLeadId())
	}
	for _, id := range []string{old.GetVendorLeadId(), e.GetVendorLeadId()} {
		if found := w.client.Lookup(t, &leadmuxv1.LookupLeadRequest{Account: w.vendor, VendorLeadId: id}); found != lead.GetLeadId() {
			t.Errorf("the look-up by %s finds %q", id, found)
		}
	}
	w.endsTheNewOne(t, lead)
}

// endsTheNewOne stops the second conversation and looks at what the vendor has of both.
func (w *worker) endsTheNewOne(t *testing.T, lead *leadmuxv1.Lead) {
	t.Helper()
	lead = w.client.Change(t, "LeadService.StopConversation", stopConversation.request(lead, w.vendor))
	e := harness.At(lead, w.vendor)
	if !is(e, "UNQUALIFIED", "") || !e.GetOutcome().GetUnqualified() || !e.GetClosed()[0].GetOutcome().GetQualified() {
		t.Errorf("the stopped engagement is %v", e)
	}
	says := map[string]string{}
	for _, r := range w.at().Records(t, lead.GetEmail()) {
		says[r.ID] = r.Says
	}
	if w.vendor == harness.Verse && (len(says) != 2 || says[e.GetVendorLeadId()] != "unqualified" || says[e.GetClosed()[0].GetVendorLeadId()] != "qualified") {
		t.Errorf("Verse has %v", says)
	}
	if w.vendor != harness.Verse && len(says) != 1 {
		t.Errorf("%s has %v", w.vendor, says)
	}
	if w.vendor == harness.UJET && len(w.at().Contacts(t, lead.GetEmail())) != 0 {
		t.Error("the person is still in the campaign")
	}
}

// lostAnswer loses the answer to a contact that UJET added: its campaign's list shows the contact. Meanwhile the end user's ID
// is not known here, so UJET is asked for whom it stands.
func (w *worker) lostAnswer(t *testing.T) {
	w.at().Plan(t, kit.Fault{Method: "POST", Path: "/outbound_dialer", Drop: true, After: true}, kit.Fault{Method: "GET", Path: "/outbound_dialer", DelayMS: 600})
	request := atOne(w.vendor, w.next)
	request.Wait = harness.Wait(0)
	w.next++
	before := len(w.at().Requests(t))
	lead := w.client.Create(t, request)
	user := harness.Eventually(t, settled, "UJET has the contact", func() (string, bool) {
		users := w.at().Records(t, lead.GetEmail())
		if len(users) != 1 || len(w.at().Contacts(t, lead.GetEmail())) != 1 {
			return "", false
		}
		return users[0].ID, true
	})
	if found := w.client.Lookup(t, &leadmuxv1.LookupLeadRequest{Account: w.vendor, VendorLeadId: user}); found != lead.GetLeadId() {
		t.Errorf("the look-up by end user %s finds %q", user, found)
	}
	w.client.Reaches(t, lead.GetLeadId(), "ujet=ACTIVE", settled)
	for _, r := range w.at().Requests(t)[before:] {
		rpc := "CreateLead"
		if r.Method == http.MethodGet && r.Path == "/end_users" {
			rpc = "LookupLead" // somebody new is created without asking
		}
		w.seen.note(cell{rpc, w.vendor}, []kit.Request{r})
	}
	if contacts := w.at().Contacts(t, lead.GetEmail()); len(contacts) != 1 {
		t.Errorf("the campaign has %v", contacts)
	}
}

// waysAround takes the ways at UJET that need a look before something is done.
func (w *worker) waysAround(t *testing.T) {
	t.Run("lost answer", w.lostAnswer)
	t.Run("end user of others", func(t *testing.T) {
		person := harness.Person(w.next)
		w.next++
		user := w.at().Stranger(t, person)
		lead := w.client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: person, Accounts: []string{harness.Convertalk}})
		lead = w.client.Change(t, "LeadService.LinkLead", &leadmuxv1.LinkLeadRequest{LeadId: lead.GetLeadId(), Account: w.vendor, VendorLeadId: user})
		w.noted(t, "UpdateLead", func() { lead = w.client.Change(t, "LeadService.UpdateLead", updateLead.request(lead, w.vendor)) })
		records := w.at().Records(t, lead.GetEmail())
		if len(records) != 1 || records[0].Ours != "app-user-7" || records[0].Name != renamed(lead) {
			t.Errorf("UJET has %+v", records)
		}
	})
	for _, op := range []operation{updateLead, endConversation, stopConversation, optOutLead} {
		t.Run("contact that left/"+op.rpc, func(t *testing.T) {
			lead := w.lead(t)
			w.at().Plan(t, opPlans[noContact]...)
			w.noted(t, op.rpc, func() { lead = w.client.Change(t, "LeadService."+op.rpc, op.request(lead, w.vendor)) })
			w.at().Clear()
			e := harness.At(lead, w.vendor)
			if !is(e, op.after, "") || e.GetVendorRefs()["campaign_id"] != "" || warned(e, "UPDATE_NOT_SENT") != (op.rpc == "UpdateLead") {
				t.Errorf("the engagement is %v", e)
			}
		})
	}
}

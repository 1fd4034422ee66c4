package e2e_test

import (
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

// TestP3AStrangerAtVerseIsFoundOut loses the answer to a lead whose person has a conversation of somebody else's there. The 409 that follows
// reads like our own; the first thing that Verse tells of that conversation shows whose it is. The emulator's ledger judges.
func TestP3AStrangerAtVerseIsFoundOut(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			env := suite.Start(t, harness.Options{})
			client, vendor := env.Server.Client(via), env.Vendors.Get(harness.Verse)
			request := createPerson(1)
			theirs := vendor.Stranger(t, request.GetLead())
			hooksAt(t, env, via, harness.Verse).create("", "ACTIVITY http://"+env.Server.HTTP+" own")
			vendor.Plan(t, kit.Fault{Method: "POST", Path: "/zapier", After: true, Drop: true})
			request.Accounts = []string{harness.Verse}
			id := client.Create(t, request).GetLeadId()
			lead := client.Reaches(t, id, "verse=ACTIVE", settled)
			if !warned(harness.At(lead, harness.Verse), "VENDOR_ID_PENDING") {
				t.Fatalf("%v", lead)
			}

			vendor.Happens(t, verse.Activity{ID: theirs, Title: "Inbound SMS", Message: "Inbound SMS: Yes"})
			lead = client.Reaches(t, id, "verse=REJECTED DUPLICATE_AT_VENDOR", settled)
			if e := harness.At(lead, harness.Verse); warned(e, "VENDOR_ID_PENDING") || e.GetVendorLeadId() != "" {
				t.Errorf("%v", e)
			}
			if found := client.Lookup(t, &leadmuxv1.LookupLeadRequest{Account: harness.Verse, VendorLeadId: theirs}); found != "" {
				t.Errorf("the stranger's conversation is %s here", found)
			}
			if records := vendor.Records(t, request.GetLead().GetEmail()); len(records) != 1 || records[0].Ours != "" {
				t.Errorf("Verse has %+v", records)
			}

			vendor.Happens(t, verse.Activity{ID: theirs, Title: "Qualified Lead"}) // which ends it
			client.Change(t, "LeadService.EngageLead", &leadmuxv1.EngageLeadRequest{LeadId: id, Accounts: []string{harness.Verse}})
			lead = client.Reaches(t, id, "verse=ACTIVE", settled)
			if e := harness.At(lead, harness.Verse); e.GetVendorLeadId() == "" || e.GetVendorLeadId() == theirs {
				t.Errorf("%v", e)
			}
		})
	}
}

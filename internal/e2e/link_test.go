package e2e_test

import (
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// TestLinkedLeads adopts a person that somebody else gave to each vendor. From then on all is done to that record: nobody makes a
// second one. Once unlinked, the vendor's record is left alone.
func TestLinkedLeads(t *testing.T) {
	overBoth(t, func(t *testing.T, env *harness.Env, via harness.Via) {
		for i, vendor := range allFour {
			t.Run(vendor, func(t *testing.T) { linked(t, env, env.Server.Client(via), vendor, 10*i) })
		}
	})
}

func linked(t *testing.T, env *harness.Env, client harness.Client, vendor string, n int) {
	t.Helper()
	v := env.Vendors.Get(vendor)
	elsewhere := harness.Verse // where the lead is from
	if vendor == harness.Verse {
		elsewhere = harness.Convertalk
	}
	theirs := v.Stranger(t, harness.Person(n))
	lead := client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(n), Accounts: []string{elsewhere}})
	link := &leadmuxv1.LinkLeadRequest{LeadId: lead.GetLeadId(), Account: vendor, VendorLeadId: theirs}
	before := len(v.Requests(t))
	lead = client.Change(t, "LeadService.LinkLead", link)
	if e := harness.At(lead, vendor); !is(e, "ACTIVE", "") || e.GetVendorLeadId() != theirs || len(v.Requests(t)) != before {
		t.Errorf("the linked engagement is %v, after %d requests", e, len(v.Requests(t))-before)
	}
	for _, op := range []operation{updateLead, deferConversation, endConversation} {
		if _, has := op.told[vendor]; !has {
			continue
		}
		lead = client.Change(t, "LeadService."+op.rpc, op.request(lead, vendor))
		if e := harness.At(lead, vendor); !is(e, op.after, "") || e.GetVendorLeadId() != theirs {
			t.Errorf("after %s the engagement is %v", op.rpc, e)
		}
		records := v.Records(t, lead.GetEmail())
		if len(records) != 1 { // the stranger's
			t.Fatalf("after %s %s has %+v", op.rpc, vendor, records)
		}
		if op.rpc == "UpdateLead" && records[0].Name != renamed(lead) {
			t.Errorf("after the update %s has %+v", vendor, records)
		}
	}
	unlinked(t, client, v, link)
}

// unlinked takes the link away: the record belongs to nobody here, and may be linked to another lead.
func unlinked(t *testing.T, client harness.Client, v *harness.Vendor, link *leadmuxv1.LinkLeadRequest) {
	t.Helper()
	before := len(v.Requests(t))
	lead := client.Change(t, "LeadService.UnlinkLead", &leadmuxv1.UnlinkLeadRequest{LeadId: link.GetLeadId(), Account: link.GetAccount()})
	lead = client.Change(t, "LeadService.UpdateLead", &leadmuxv1.UpdateLeadRequest{Lead: &leadmuxv1.Lead{LeadId: lead.GetLeadId(), Type: "buyer"}})
	if e := harness.At(lead, link.GetAccount()); e.GetAccount() != "" || len(v.Requests(t)) != before {
		t.Errorf("the unlinked lead still has %v, after %d requests", e, len(v.Requests(t))-before)
	}
	if found := client.Lookup(t, &leadmuxv1.LookupLeadRequest{Account: link.GetAccount(), VendorLeadId: link.GetVendorLeadId()}); found != "" {
		t.Errorf("the unlinked ID finds %s", found)
	}
	other := client.Create(t, &leadmuxv1.CreateLeadRequest{
		Lead: &leadmuxv1.Lead{FirstName: "Other", Email: "other-" + link.GetAccount() + "@example.com"}, Accounts: []string{harness.Verse},
	})
	if link.GetAccount() == harness.Verse {
		client.Change(t, "LeadService.UnlinkLead", &leadmuxv1.UnlinkLeadRequest{LeadId: other.GetLeadId(), Account: harness.Verse})
	}
	link = &leadmuxv1.LinkLeadRequest{LeadId: other.GetLeadId(), Account: link.GetAccount(), VendorLeadId: link.GetVendorLeadId()}
	if e := harness.At(client.Change(t, "LeadService.LinkLead", link), link.GetAccount()); e.GetVendorLeadId() != link.GetVendorLeadId() {
		t.Errorf("linked to another lead it is %v", e)
	}
}

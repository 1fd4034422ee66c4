package ujet_test

import (
	"slices"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	sandbox "github.com/leadmux/leadmux/internal/sandbox/ujet"
)

// A lead's whole way through a campaign: what each step leaves in the engagement is what the next one works with.
func TestLifeInACampaign(t *testing.T) {
	e := startEmulator(t)
	a := mustNew(t, emulatorConfig(serve(t, e), sandbox.DefaultToken))
	in := adapters.LeadInput{Lead: adaptertest.FullLead(1), Options: campaign("1", ""), Engagement: &leadmuxv1.Engagement{}}
	do(t, a, "CreateLead", &in)
	in.Options = nil
	if refs := in.Engagement.GetVendorRefs(); refs["campaign_id"] != "1" || refs["contact_id"] != "1" {
		t.Fatalf("refs %v", refs)
	}
	in.Lead.Phone, in.Lead.FirstName = "+14155550177", "Konstanze"
	do(t, a, "UpdateLead", &in)
	all := contacts(t, e)
	if len(all) != 1 || all[0].PhoneNumber != "+14155550177" || *all[0].Name != "Konstanze Quackenbush01" {
		t.Fatalf("contacts after the update: %+v", all)
	}
	do(t, a, "EndConversation", &in)
	if got := contacts(t, e); len(got) != 0 || len(in.Engagement.GetVendorRefs()) != 1 {
		t.Fatalf("contacts after the end: %+v, refs %v", got, in.Engagement.GetVendorRefs())
	}
	before := len(requests(t, e))
	if got := do(t, a, "StopConversation", &in); len(got.Warnings) != 1 || len(requests(t, e)) != before {
		t.Errorf("a stop without a campaign: %+v, requests %q", got, paths(requests(t, e)[before:]))
	}
	in.Engagement = &leadmuxv1.Engagement{Closed: []*leadmuxv1.ClosedEngagement{{VendorLeadId: in.Engagement.GetVendorLeadId()}}}
	in.Options = campaign("2", "")
	do(t, a, "CreateLead", &in)
	if refs := in.Engagement.GetVendorRefs(); in.Engagement.GetVendorLeadId() != "1" || refs["campaign_id"] != "2" {
		t.Errorf("engaged again as %v", in.Engagement)
	}
}

// The answer that held the contact's ID was lost; the listing that settles the create brings it.
func TestRecheckFindsTheContactsID(t *testing.T) {
	e := startEmulator(t)
	a := mustNew(t, emulatorConfig(serve(t, e), sandbox.DefaultToken))
	in := adapters.LeadInput{Lead: adaptertest.FullLead(1), Options: campaign("1", ""), Engagement: &leadmuxv1.Engagement{}}
	do(t, a, "CreateLead", &in)
	in.Engagement, in.Recheck = &leadmuxv1.Engagement{}, true
	do(t, a, "CreateLead", &in)
	if got := in.Engagement.GetVendorRefs()["contact_id"]; got != "1" || len(contacts(t, e)) != 1 {
		t.Errorf("contact ID %q", got)
	}
}

// An update of a linked lead must change the end user it was linked to, whatever that is called at the vendor.
func TestUpdateOfALinkedLeadMakesNoSecondEndUser(t *testing.T) {
	e := startEmulator(t)
	a := mustNew(t, emulatorConfig(serve(t, e), sandbox.DefaultToken))
	cfg := emulatorConfig(serve(t, e), sandbox.DefaultToken)
	cfg.Identifier = ujet.IdentifierExternalID
	foreign := adapters.LeadInput{Lead: &leadmuxv1.Lead{ExternalId: "app-user-5"}, Engagement: &leadmuxv1.Engagement{}}
	do(t, mustNew(t, cfg), "CreateLead", &foreign)

	in := adapters.LeadInput{Lead: adaptertest.FullLead(1), Engagement: &leadmuxv1.Engagement{VendorLeadId: "1"}}
	for range 2 {
		if got := do(t, a, "UpdateLead", &in); got.VendorLeadID != "1" || len(got.VendorRefs) != 0 {
			t.Errorf("result %+v", got)
		}
	}
	all := requests(t, e)
	want := []string{"POST /end_users", "GET /end_users", "POST /end_users", "GET /end_users", "POST /end_users"}
	if got := paths(all); !slices.Equal(got, want) || all[2].Record != "1" {
		t.Errorf("requests %q", got)
	}
}

func TestFindLead(t *testing.T) {
	e := startEmulator(t)
	base := serve(t, e)
	byLeadID, cfg := mustNew(t, emulatorConfig(base, sandbox.DefaultToken)), emulatorConfig(base, sandbox.DefaultToken)
	cfg.Identifier = ujet.IdentifierExternalID
	byExternalID := mustNew(t, cfg)
	ours := adapters.LeadInput{Lead: adaptertest.FullLead(1), Engagement: &leadmuxv1.Engagement{}}
	do(t, byLeadID, "CreateLead", &ours)
	theirs := adapters.LeadInput{Lead: adaptertest.FullLead(2), Engagement: &leadmuxv1.Engagement{}}
	do(t, byExternalID, "CreateLead", &theirs)
	for _, c := range []struct {
		name, id, want string
		by             *ujet.Adapter
		asks           int
	}{
		{"ours", "1", ours.Lead.GetLeadId(), byLeadID, 1},
		{"the caller's", "2", "", byLeadID, 1},
		{"unknown", "3", "", byLeadID, 1},
		{"no ID of UJET", "one", "", byLeadID, 0},
		{"no leads of ours there", "1", "", byExternalID, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(requests(t, e))
			got, err := c.by.FindLead(t.Context(), c.id)
			if asked := len(requests(t, e)) - before; err != nil || got != c.want || asked != c.asks {
				t.Errorf("got %q, %v with %d requests, want %q", got, err, asked, c.want)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		_, err := mustNew(t, emulatorConfig(base, wrongToken)).FindLead(t.Context(), "1")
		if e := wantKind(t, err, adapters.KindCredentials); e.Op != "LookupLead" {
			t.Errorf("op %q", e.Op)
		}
	})
}

// do does an RPC and takes its result over into the engagement, as the delivery does.
func do(t *testing.T, a *ujet.Adapter, rpc string, in *adapters.LeadInput) adapters.LeadResult {
	t.Helper()
	got, err := write(t, a, rpc).Send(t.Context(), *in)
	if err != nil {
		t.Fatalf("%s: %v", rpc, err)
	}
	if got.VendorLeadID != "" {
		in.Engagement.VendorLeadId = got.VendorLeadID
	}
	for name, value := range got.VendorRefs {
		if in.Engagement.VendorRefs == nil {
			in.Engagement.VendorRefs = map[string]string{}
		}
		if in.Engagement.VendorRefs[name] = value; value == "" {
			delete(in.Engagement.VendorRefs, name)
		}
	}
	return got
}

package convertalk_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/convertalk"
	sandbox "github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// A lead's whole life: the status follows the RPCs, nothing is doubled however often it is written, and what others put into
// the record stays, under both readings of how arrays are taken and in both forms they are sent in.
func TestLife(t *testing.T) {
	for _, mode := range []string{convertalk.ArraysUnited, convertalk.ArraysReplaced} {
		for _, form := range []string{convertalk.ArraysAsArray, convertalk.ArraysAsString} {
			t.Run(mode+" "+form, func(t *testing.T) { live(t, mode, form) })
		}
	}
}

func live(t *testing.T, mode, form string) {
	t.Helper()
	e, a := emulated(t, mode, form)
	in := adapters.LeadInput{Lead: adaptertest.FullLead(1), Engagement: &leadmuxv1.Engagement{}}
	do(t, a, "CreateLead", &in)
	_, err := e.Act(sandbox.Action{UUID: in.Engagement.GetVendorLeadId(), Tag: "from-agent", Note: &sandbox.Note{Title: "Agent's"}})
	if err != nil {
		t.Fatal(err)
	}
	in.Lead.Phone, in.Lead.Tags = "+14155550177", []string{"second"}
	in.Lead.Notes = append(in.Lead.Notes, &leadmuxv1.Note{Title: "Second visit", Description: "Alone"})
	for range 3 {
		do(t, a, "UpdateLead", &in)
	}
	in.Recheck = true
	do(t, a, "UpdateLead", &in)
	in.Recheck = false
	r := stored(t, e, in)
	if len(r.Tags) != 3 || len(r.Attributes) != 2 || r.Phone != "4155550177" || r.Upserts != 5 {
		t.Errorf("record %+v", r)
	}
	if want := 3; form == convertalk.ArraysAsArray && len(r.Notes) != want {
		t.Errorf("notes %+v, want %d", r.Notes, want)
	}
	in.Lead.Status = ""
	for _, step := range []struct{ rpc, status string }{
		{"DeferConversation", "ONHOLD"}, {"UpdateLead", "ONHOLD"}, {"EndConversation", "CLOSED"}, {"StopConversation", "CLOSED"},
	} {
		do(t, a, step.rpc, &in)
		if got := stored(t, e, in); got.Status != step.status || len(got.Notes) != len(r.Notes) {
			t.Errorf("after %s: %+v", step.rpc, got)
		}
	}
	in.Engagement = &leadmuxv1.Engagement{Closed: []*leadmuxv1.ClosedEngagement{{VendorLeadId: in.Engagement.GetVendorLeadId()}}}
	do(t, a, "CreateLead", &in)
	if got := stored(t, e, in); got.Status != "OPEN" || len(got.Notes) != len(r.Notes) || records(t, e) != 1 {
		t.Errorf("engaged again: %+v", got)
	}
}

// A visitor's record is worked with under its own uuid.
func TestLinkedVisitor(t *testing.T) {
	e, a := emulated(t, convertalk.ArraysUnited, "")
	visitor, err := e.Visit(sandbox.Visitor{Name: "Ada", Email: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	in := adapters.LeadInput{Lead: adaptertest.FullLead(1), Engagement: &leadmuxv1.Engagement{VendorLeadId: visitor.UUID}}
	for _, rpc := range []string{"UpdateLead", "DeferConversation", "EndConversation"} {
		if got := do(t, a, rpc, &in); got.VendorLeadID != visitor.UUID {
			t.Errorf("%s worked on %q", rpc, got.VendorLeadID)
		}
	}
	if got := stored(t, e, in); records(t, e) != 1 || got.Origin != sandbox.OriginVisitor || got.Status != "CLOSED" || len(got.Notes) != 1 {
		t.Errorf("record %+v", got)
	}
}

// A record that the listing does not show yet could hold the notes already: they stay away, with a warning, and nothing else.
func TestNotesWaitForTheListing(t *testing.T) {
	e, a := emulated(t, convertalk.ArraysUnited, "")
	if _, err := e.Settings().Patch([]byte(`{"lagMS":900000}`)); err != nil {
		t.Fatal(err)
	}
	in := adapters.LeadInput{Lead: adaptertest.FullLead(1), Engagement: &leadmuxv1.Engagement{}}
	do(t, a, "CreateLead", &in)
	in.Lead.Tags = []string{"second"}
	got := do(t, a, "UpdateLead", &in)
	told := false
	for _, w := range got.Warnings {
		told = told || w.GetCode() == "FIELD_NOT_SENT" && w.GetField() == "lead.notes"
	}
	if r := stored(t, e, in); !told || len(r.Notes) != 1 || len(r.Tags) != 2 {
		t.Errorf("warnings %v, record %+v", got.Warnings, r)
	}
}

// The search for a record is bounded, whatever the vendor has.
func TestSearchIsBounded(t *testing.T) {
	e, a := emulated(t, convertalk.ArraysUnited, "")
	in := adapters.LeadInput{Lead: adaptertest.FullLead(1), Engagement: &leadmuxv1.Engagement{}}
	do(t, a, "CreateLead", &in)
	if _, err := e.Visit(sandbox.Visitor{Email: "guest@example.com", Count: 600}); err != nil {
		t.Fatal(err)
	}
	do(t, a, "UpdateLead", &in)
	all, err := e.Ledger().Requests()
	if err != nil || len(all) != 1+25+1 {
		t.Errorf("%d requests (%v), want the create, 25 pages and the update", len(all), err)
	}
}

// A walk over pages that shift under it meets every lead; ours are recognised, visitors are not taken for ours.
func TestWalkOverTheListing(t *testing.T) {
	e, a := emulated(t, convertalk.ArraysUnited, "")
	in := adapters.LeadInput{Lead: adaptertest.FullLead(1), Engagement: &leadmuxv1.Engagement{}}
	do(t, a, "CreateLead", &in)
	if _, err := e.Visit(sandbox.Visitor{Name: "Guest", Email: "guest@example.com", Count: 100}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Act(sandbox.Action{UUID: in.Engagement.GetVendorLeadId(), Status: "Waiting for Bo"}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Settings().Patch([]byte(`{"visitorsPerListing":2}`)); err != nil {
		t.Fatal(err)
	}
	seen := map[string]adapters.VendorLead{}
	for page := 1; page < 100; page++ {
		leads, err := a.ListLeads(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		if len(leads) == 0 {
			break
		}
		for _, l := range leads {
			seen[l.VendorLeadID] = l
		}
	}
	ours := seen[in.Engagement.GetVendorLeadId()]
	want := proto.CloneOf(in.Lead)
	if len(seen) < 101 || ours.LeadID != in.Lead.GetLeadId() || ours.VendorStatus != "Waiting for Bo" || ours.State != 0 ||
		ours.CreateTime.IsZero() || ours.UpdateTime.Before(ours.CreateTime) {
		t.Errorf("%d leads, ours as %+v", len(seen), ours)
	}
	if ours.Lead.GetPhone() != want.GetPhone() || ours.Lead.GetEmail() != want.GetEmail() ||
		ours.Lead.GetFirstName() != want.GetFirstName() || ours.Lead.GetLastName() != want.GetLastName() ||
		ours.Lead.GetPicture() != want.GetPicture() || len(ours.Lead.GetNotes()) != 1 || !proto.Equal(ours.Lead.GetNotes()[0], want.GetNotes()[0]) {
		t.Errorf("came back as %v", ours.Lead)
	}
	claimed := 0
	for _, l := range seen {
		if l.LeadID != "" {
			claimed++
		}
	}
	if claimed > 2 { // a random uuid looks like ours once in a thousand times
		t.Errorf("%d of %d look like ours", claimed, len(seen))
	}
}

// emulated is an adapter at an emulator that takes arrays as the mode says.
func emulated(t *testing.T, mode, form string) (*sandbox.Emulator, *convertalk.Adapter) {
	t.Helper()
	e := startEmulator(t)
	server := httptest.NewServer(e.Handler())
	t.Cleanup(server.Close)
	if _, err := e.Settings().Patch([]byte(`{"arrayMode":"` + mode + `"}`)); err != nil {
		t.Fatal(err)
	}
	cfg := emulatorConfig(server.URL, sandbox.DefaultToken, listToken, form)
	cfg.ArrayMode = mode
	return e, mustNew(t, cfg)
}

// do does an RPC and takes its result over into the engagement, as the delivery does.
func do(t *testing.T, a *convertalk.Adapter, rpc string, in *adapters.LeadInput) adapters.LeadResult {
	t.Helper()
	got, err := write(t, a, rpc).Send(t.Context(), *in)
	if err != nil {
		t.Fatalf("%s: %v", rpc, err)
	}
	in.Engagement.VendorLeadId = got.VendorLeadID
	return got
}

func stored(t *testing.T, e *sandbox.Emulator, in adapters.LeadInput) (r sandbox.Lead) {
	t.Helper()
	if err := e.Ledger().View(func(tx *kit.Tx) error {
		_, err := tx.Get(sandbox.KindLead, in.Engagement.GetVendorLeadId(), &r)
		return err
	}); err != nil || r.CreatedAt.After(time.Now()) {
		t.Fatalf("record %+v, %v", r, err)
	}
	return r
}

func records(t *testing.T, e *sandbox.Emulator) (n int) {
	t.Helper()
	if err := e.Ledger().View(func(tx *kit.Tx) error {
		return tx.Each(sandbox.KindLead, func(string, json.RawMessage) error { n++; return nil })
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

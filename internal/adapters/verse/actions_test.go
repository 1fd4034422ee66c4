package verse_test

import (
	"errors"
	"net/http/httptest"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/verse"
	sandbox "github.com/leadmux/leadmux/internal/sandbox/verse"
)

// engaged creates the lead at the vendor and returns it as an input for what follows.
func (a account) engaged(t *testing.T, lead *leadmuxv1.Lead) adapters.LeadInput {
	t.Helper()
	made, err := adaptertest.Write(t, a.adapter, "CreateLead").Send(t.Context(), adapters.LeadInput{Lead: lead})
	if err != nil {
		t.Fatal(err)
	}
	return adapters.LeadInput{Lead: lead, Engagement: &leadmuxv1.Engagement{VendorLeadId: made.VendorLeadID}}
}

// TestLifeCycle: an ended conversation is ended for the vendor too, is not ended twice, and leaves room for a new one.
func TestLifeCycle(t *testing.T) {
	for rpc, state := range map[string]string{
		"EndConversation": sandbox.StateQualified, "StopConversation": sandbox.StateUnqualified,
	} {
		for _, patch := range []string{`{}`, `{"legacyActionAnswer":true}`, `{"unknownLead403":true}`} {
			a := newAccount(t)
			a.set(t, patch)
			in := a.engaged(t, adaptertest.FullLead(0))
			write := adaptertest.Write(t, a.adapter, rpc)
			got, err := write.Send(t.Context(), in)
			if err != nil || got.VendorLeadID != in.Engagement.GetVendorLeadId() || len(got.Warnings) != 0 {
				t.Errorf("%s, %s: got %+v, %v", rpc, patch, got, err)
			}
			_, err = write.Send(t.Context(), in)
			if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.KindNotFound || e.Ambiguous {
				t.Errorf("%s, %s, again: got %v, want not_found", rpc, patch, err)
			}
			again := a.engaged(t, in.Lead)
			if again.Engagement.GetVendorLeadId() == got.VendorLeadID {
				t.Errorf("%s, %s: the new conversation has the ID of the old one", rpc, patch)
			}
			leads, err := a.vendor.Leads()
			if err != nil || len(leads) != 2 {
				t.Fatalf("%s, %s: the vendor has %d conversations, %v", rpc, patch, len(leads), err)
			}
			for _, lead := range leads {
				want := sandbox.StateActive
				if lead.ID == got.VendorLeadID {
					want = state
				}
				if lead.State != want {
					t.Errorf("%s, %s: the conversation %s is %s, want %s", rpc, patch, lead.ID, lead.State, want)
				}
			}
		}
	}
}

// TestEndWithoutID: the person is found by phone while Verse has not told its ID, and the older answer tells it.
func TestEndWithoutID(t *testing.T) {
	a := newAccount(t)
	a.set(t, `{"legacyActionAnswer":true}`)
	in := a.engaged(t, adaptertest.FullLead(0))
	id := in.Engagement.GetVendorLeadId()
	in.Engagement = nil
	got, err := adaptertest.Write(t, a.adapter, "EndConversation").Send(t.Context(), in)
	if err != nil || got.VendorLeadID != id || got.VendorURL != "https://app.verse.io/leads/"+id {
		t.Errorf("got %+v, %v; want the ID %s", got, err, id)
	}
}

// TestIDInThePath meets a vendor that names the conversation in the path.
func TestIDInThePath(t *testing.T) {
	e, err := sandbox.New(sandbox.Config{Dir: t.TempDir(), Paths: sandbox.Paths{Stop: "/leads/{id}/stop"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	s := httptest.NewServer(e.Handler())
	t.Cleanup(s.Close)
	a := account{e, newAdapter(t, verse.Config{
		BaseURL: s.URL + sandbox.BasePath, APIKey: sandbox.DefaultKey,
		Routes: map[string]string{"StopConversation": "POST /leads/{id}/stop"},
	})}
	in := a.engaged(t, adaptertest.FullLead(0))
	write := adaptertest.Write(t, a.adapter, "StopConversation")
	requests, _, err := write.Preview(in)
	want := s.URL + sandbox.BasePath + "/leads/" + in.Engagement.GetVendorLeadId() + "/stop"
	if err != nil || len(requests) != 1 || requests[0].GetUrl() != want || requests[0].GetBody() != "{}" {
		t.Errorf("preview: got %v, %v; want %s", requests, err, want)
	}
	if _, err := write.Send(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	leads, err := e.Leads()
	if err != nil || len(leads) != 1 || leads[0].State != sandbox.StateUnqualified {
		t.Errorf("the vendor has %+v, %v; want one lead, stopped", leads, err)
	}
}

// TestPreviewHidesWhomItNames: searchValue may be a phone or an address.
func TestPreviewHidesWhomItNames(t *testing.T) {
	write := adaptertest.Write(t, newAdapter(t, verse.Config{APIKey: "k"}), "EndConversation")
	got, _, err := write.Preview(adapters.LeadInput{Lead: &leadmuxv1.Lead{Phone: "+14155550142"}})
	if err != nil || len(got) != 1 || got[0].GetBody() != `{"searchValue":"[redacted]"}` {
		t.Errorf("got %v, %v", got, err)
	}
	if _, _, err := write.Preview(adapters.LeadInput{Lead: &leadmuxv1.Lead{}}); err == nil {
		t.Error("got a preview of what would be refused")
	}
}

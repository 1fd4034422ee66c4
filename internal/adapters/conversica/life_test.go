package conversica_test

import (
	"maps"
	"net/http/httptest"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/conversica"
	sandbox "github.com/leadmux/leadmux/internal/sandbox/conversica"
)

// TestLifeCycle meets the vendor at its worst: it forgets every key that a request leaves out. Whatever is asked, all that
// is known of the lead must come again.
func TestLifeCycle(t *testing.T) {
	e := emulator(t)
	s := httptest.NewServer(e.Handler())
	t.Cleanup(s.Close)
	if _, err := e.Settings().Patch([]byte(`{"omittedClears":true,"requireConversationId":true}`)); err != nil {
		t.Fatal(err)
	}
	a := newAdapter(t, conversica.Config{BaseURL: s.URL})
	in := adapters.LeadInput{Lead: adaptertest.FullLead(0), Options: &leadmuxv1.VendorOptions{
		Conversica: &leadmuxv1.ConversicaOptions{
			ConversationId: "spring-open-day", LeadSubStatus: "Test drive", Year: "2024", Make: "Ford", Model: "Puma",
			BdcRep: &leadmuxv1.ConversicaRep{Id: "bdc-1", Name: "Robin Rep", Email: "robin@example.com"},
		},
	}}
	made, err := adaptertest.Write(t, a, "CreateLead").Send(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	options := in.Options
	in.Options = nil
	in.Engagement = &leadmuxv1.Engagement{VendorLeadId: made.VendorLeadID, VendorRefs: made.VendorRefs, VendorOptions: options}
	created := keys(t, e)
	for _, step := range []struct {
		rpc string
		// adds are the keys beyond those of the create, with their values.
		adds map[string]string
	}{
		{"UpdateLead", nil},
		{"DeferConversation", map[string]string{"skipToFollowup": "true"}},
		{"StopConversation", map[string]string{"stopMessaging": "true"}},
		{"EndConversation", map[string]string{"stopMessaging": "true"}},
		{"CreateLead", map[string]string{"stopMessaging": "false"}},
	} {
		if step.rpc == "CreateLead" {
			in.Engagement.Closed = []*leadmuxv1.ClosedEngagement{{VendorLeadId: made.VendorLeadID}}
			in.Options = options
		}
		if _, err := adaptertest.Write(t, a, step.rpc).Send(t.Context(), in); err != nil {
			t.Fatalf("%s: %v", step.rpc, err)
		}
		got := keys(t, e)
		for key, value := range created {
			if got[key] != value {
				t.Errorf("%s: %s is %s, want %s as created", step.rpc, key, got[key], value)
			}
			delete(got, key)
		}
		if !maps.Equal(got, step.adds) {
			t.Errorf("%s: it added %v, want %v", step.rpc, got, step.adds)
		}
	}
}

// keys are the keys of the vendor's only lead with their JSON values.
func keys(t *testing.T, e *sandbox.Emulator) map[string]string {
	t.Helper()
	leads, err := e.Leads()
	if err != nil || len(leads) != 1 {
		t.Fatalf("the vendor has %d leads, %v; want one", len(leads), err)
	}
	all := map[string]string{}
	for key, value := range leads[0].Fields {
		all[key] = string(value)
	}
	return all
}

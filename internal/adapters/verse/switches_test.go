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

// account is an emulated account with an adapter for it.
type account struct {
	vendor  *sandbox.Emulator
	adapter *verse.Adapter
}

func newAccount(t *testing.T) account {
	t.Helper()
	e := emulator(t)
	s := httptest.NewServer(e.Handler())
	t.Cleanup(s.Close)
	return account{e, newAdapter(t, verse.Config{BaseURL: s.URL + sandbox.BasePath, APIKey: sandbox.DefaultKey})}
}

// set changes the vendor's switches.
func (a account) set(t *testing.T, patch string) {
	t.Helper()
	if _, err := a.vendor.Settings().Patch([]byte(patch)); err != nil {
		t.Fatalf("settings %s: %v", patch, err)
	}
}

func TestAccountThatTakesNoLeads(t *testing.T) {
	for patch, want := range map[string]adapters.Kind{
		`{"hold":true}`:         adapters.KindOnHold,
		`{"intakeClosed":true}`: adapters.KindIntakeClosed,
	} {
		a := newAccount(t)
		a.set(t, patch)
		_, err := adaptertest.Write(t, a.adapter, "CreateLead").Send(t.Context(), adapters.LeadInput{Lead: adaptertest.FullLead(0)})
		for doing, err := range map[string]error{"create": err, "test": a.adapter.Test(t.Context())} {
			e, ok := errors.AsType[*adapters.Error](err)
			if !ok || e.Kind != want || e.Ambiguous {
				t.Errorf("%s, %s: got %v, want %s", patch, doing, err, want)
			}
		}
	}
}

func TestDuplicate(t *testing.T) {
	for _, patch := range []string{`{"legacyConflict":false}`, `{"legacyConflict":true}`} {
		a := newAccount(t)
		a.set(t, patch)
		if _, err := adaptertest.Write(t, a.adapter, "CreateLead").Send(t.Context(), adapters.LeadInput{Lead: adaptertest.FullLead(0)}); err != nil {
			t.Fatal(err)
		}
		_, err := adaptertest.Write(t, a.adapter, "CreateLead").Send(t.Context(), adapters.LeadInput{Lead: adaptertest.FullLead(0)})
		if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.KindConflict || e.Ambiguous {
			t.Errorf("%s: got %v, want conflict", patch, err)
		}
	}
}

func TestNumberTheVendorCannotUse(t *testing.T) {
	a := newAccount(t)
	a.set(t, `{"badNumbers":["+14155550142"]}`)
	got, err := adaptertest.Write(t, a.adapter, "CreateLead").Send(t.Context(), adapters.LeadInput{Lead: &leadmuxv1.Lead{Phone: "+14155550142"}})
	if err != nil {
		t.Fatal(err)
	}
	if got.State != leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE || len(got.Warnings) != 3 ||
		got.Warnings[0].GetCode() != "PHONE_INVALID" || got.Warnings[0].GetField() != "lead.phone" {
		t.Errorf("got %s with %v", got.State, got.Warnings)
	}
}

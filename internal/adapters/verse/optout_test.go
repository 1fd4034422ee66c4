package verse_test

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/verse"
	sandbox "github.com/leadmux/leadmux/internal/sandbox/verse"
)

// TestP10AnUnknownPathIsNoAnswerAboutThePerson tells a vendor of an opt-out on a path that it does not have: that is never taken for a
// person whom it does not have, nor, after an attempt of unknown outcome, for one whom it was told of.
func TestP10AnUnknownPathIsNoAnswerAboutThePerson(t *testing.T) {
	e, err := sandbox.New(sandbox.Config{Dir: t.TempDir(), Paths: sandbox.Paths{DNC: "/do-not-contact"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	s := httptest.NewServer(e.Handler())
	t.Cleanup(s.Close)
	cfg := verse.Config{BaseURL: s.URL + sandbox.BasePath, APIKey: sandbox.DefaultKey}
	in := adapters.LeadInput{Lead: adaptertest.FullLead(0)}
	for _, in.Recheck = range []bool{false, true} {
		_, err := adaptertest.Write(t, newAdapter(t, cfg), "OptOutLead").Send(t.Context(), in)
		if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.KindRouteDoubted || e.Ambiguous {
			t.Errorf("on the assumed path, checked again %t: got %v, want route_doubted", in.Recheck, err)
		}
	}
	cfg.Routes = map[string]string{"OptOutLead": "POST /do-not-contact"}
	_, err = adaptertest.Write(t, newAdapter(t, cfg), "OptOutLead").Send(t.Context(), adapters.LeadInput{Lead: in.Lead})
	if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.KindNotFound {
		t.Errorf("on the configured path: got %v, want not_found", err)
	}
}

package verse_test

import (
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/verse"
	sandbox "github.com/leadmux/leadmux/internal/sandbox/verse"
)

const badKey = "wrong-verse-key"

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{
		Start: start,
		New: func(t *testing.T, baseURL string) adapters.LeadWriter {
			return newAdapter(t, verse.Config{BaseURL: baseURL, APIKey: sandbox.DefaultKey})
		},
		NewBad: func(t *testing.T, baseURL string) adapters.LeadWriter {
			return newAdapter(t, verse.Config{BaseURL: baseURL, APIKey: badKey})
		},
		Kind:    sandbox.KindLead,
		Secrets: []string{sandbox.DefaultKey, badKey},
		Options: &leadmuxv1.VendorOptions{Verse: &leadmuxv1.VerseOptions{
			AdditionalNote: "Prefers mornings", CallCenterRoutingNumber: "+13125550177",
		}},
	})
}

// emulator starts an empty emulator that is closed when the test ends.
func emulator(t *testing.T) *sandbox.Emulator {
	t.Helper()
	e, err := sandbox.New(sandbox.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatalf("start the emulator: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close the emulator: %v", err)
		}
	})
	return e
}

func start(t *testing.T) adaptertest.Sandbox {
	e := emulator(t)
	return adaptertest.Sandbox{Handler: e.Handler(), BasePath: sandbox.BasePath, Faults: e.Faults(), Ledger: e.Ledger()}
}

func newAdapter(t *testing.T, cfg verse.Config) *verse.Adapter {
	t.Helper()
	if cfg.Account == "" {
		cfg.Account = "verse-west"
	}
	a, err := verse.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return a
}

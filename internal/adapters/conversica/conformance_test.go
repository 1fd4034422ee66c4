package conversica_test

import (
	"encoding/base64"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/conversica"
	sandbox "github.com/leadmux/leadmux/internal/sandbox/conversica"
)

const badPassword = "wrong-conversica-password"

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{
		Start: start,
		New: func(t *testing.T, baseURL string) adapters.LeadWriter {
			return newAdapter(t, conversica.Config{BaseURL: baseURL})
		},
		NewBad: func(t *testing.T, baseURL string) adapters.LeadWriter {
			return newAdapter(t, conversica.Config{BaseURL: baseURL, Password: badPassword})
		},
		Kind: sandbox.KindLead,
		Secrets: []string{
			sandbox.DefaultPassword, badPassword,
			pair(sandbox.DefaultPassword), pair(badPassword),
		},
		Options: options(),
		// Time and source of a consent are our proof of it.
		Silent: []string{"lead.consent.sms.source", "lead.consent.email.source", "lead.consent.call.source"},
	})
}

// options are all a caller can say to Conversica alone.
func options() *leadmuxv1.VendorOptions {
	return &leadmuxv1.VendorOptions{Conversica: &leadmuxv1.ConversicaOptions{
		ConversationId: "spring-open-day", LeadSubStatus: "Test drive", AppointmentStatus: "Set",
		AppointmentTime: &timestamppb.Timestamp{Seconds: 1772636767},
		BdcRep:          &leadmuxv1.ConversicaRep{Id: "bdc-1", Name: "Philippa Moorcock", Email: "philippa@example.com"},
		ServiceRep:      &leadmuxv1.ConversicaRep{Id: "svc-2", Name: "Ambrose Tickell", Email: "ambrose@example.com"},
		Year:            "2024", Make: "Example", Model: "Roadster", Vin: "1EXAMPLE0VIN00042",
	}}
}

// pair is the credentials as they are sent.
func pair(password string) string {
	return base64.StdEncoding.EncodeToString([]byte(sandbox.DefaultUsername + ":" + password))
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
	return adaptertest.Sandbox{Handler: e.Handler(), Faults: e.Faults(), Ledger: e.Ledger()}
}

// newAdapter makes an adapter with the emulator's credentials where cfg names none.
func newAdapter(t *testing.T, cfg conversica.Config) *conversica.Adapter {
	t.Helper()
	if cfg.Account == "" {
		cfg.Account = "conversica-main"
	}
	if cfg.Username == "" {
		cfg.Username = sandbox.DefaultUsername
	}
	if cfg.Password == "" {
		cfg.Password = sandbox.DefaultPassword
	}
	if cfg.ClientID == "" {
		cfg.ClientID = "tenant-88"
	}
	a, err := conversica.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return a
}

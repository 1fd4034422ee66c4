package convertalk_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/convertalk"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	sandbox "github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

const (
	listToken  = "sandbox-convertalk-list-token"
	wrongToken = "another-convertalk-token"
)

func TestConformance(t *testing.T) {
	for _, form := range []string{convertalk.ArraysAsArray, convertalk.ArraysAsString} {
		t.Run(form, func(t *testing.T) {
			adaptertest.Run(t, adaptertest.Harness{
				Start: func(t *testing.T) adaptertest.Sandbox {
					t.Helper()
					e := startEmulator(t)
					return adaptertest.Sandbox{Handler: e.Handler(), Faults: e.Faults(), Ledger: e.Ledger()}
				},
				New: func(t *testing.T, baseURL string) adapters.LeadWriter {
					t.Helper()
					return mustNew(t, emulatorConfig(baseURL, sandbox.DefaultToken, listToken, form))
				},
				NewBad: func(t *testing.T, baseURL string) adapters.LeadWriter {
					t.Helper()
					// An update looks before it writes: neither token may be right, or the vendor would refuse the second.
					return mustNew(t, emulatorConfig(baseURL, wrongToken, wrongToken, form))
				},
				Kind:    sandbox.KindLead,
				Secrets: []string{sandbox.DefaultToken, listToken, wrongToken},
				Silent: []string{
					"lead.phone", // sent in two parts, which the suite cannot put together; see TestRecordAtTheVendor
					"lead.notes", // an update finds them there and does not send them again; likewise
				},
				Options: &leadmuxv1.VendorOptions{Convertalk: &leadmuxv1.ConvertalkOptions{AgentId: "64a1f0c2b7e94d0012ab0777"}},
			})
		})
	}
}

// Both forms of the arrays must come to the same record.
func TestRecordAtTheVendor(t *testing.T) {
	for _, form := range []string{convertalk.ArraysAsArray, convertalk.ArraysAsString} {
		t.Run(form, func(t *testing.T) {
			e := startEmulator(t)
			server := httptest.NewServer(e.Handler())
			defer server.Close()
			a := mustNew(t, emulatorConfig(server.URL, sandbox.DefaultToken, listToken, form))
			lead := adaptertest.FullLead(3)
			lead.Attributes = map[string]string{"Shoe Size": "forty-three"}
			result, err := write(t, a, "CreateLead").Send(t.Context(), adapters.LeadInput{Lead: lead})
			if err != nil {
				t.Fatal(err)
			}
			var got sandbox.Lead
			err = e.Ledger().View(func(tx *kit.Tx) error {
				_, err := tx.Get(sandbox.KindLead, result.VendorLeadID, &got)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != "Wilhelmina03 Quackenbush03" || got.Email != "wilhelmina03@example.com" ||
				got.DialCode != "+1" || got.Phone != "4155550103" || got.Status != "OPEN" {
				t.Errorf("record %+v", got)
			}
			shown, err := json.Marshal([]any{got.Tags, got.Attributes})
			if err != nil {
				t.Fatal(err)
			}
			if string(shown) != `[["early-bird"],[{"key":"shoesize","value":"forty-three"}]]` || len(got.Notes) != 1 {
				t.Errorf("arrays %s, notes %v", shown, got.Notes)
			}
		})
	}
}

// A token that serves one endpoint says nothing about the other.
func TestTestTriesBothTokens(t *testing.T) {
	e := startEmulator(t)
	server := httptest.NewServer(e.Handler())
	defer server.Close()
	for name, c := range map[string]struct{ token, botToken string }{
		"wrong token for writing": {wrongToken, listToken},
		"wrong token for listing": {sandbox.DefaultToken, wrongToken},
		"one token for both":      {sandbox.DefaultToken, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := mustNew(t, emulatorConfig(server.URL, c.token, c.botToken, "")).Test(t.Context())
			wantKind(t, err, adapters.KindCredentials)
		})
	}
	t.Run("another customer's bot", func(t *testing.T) {
		cfg := emulatorConfig(server.URL, sandbox.DefaultToken, listToken, "")
		cfg.BotID = "64a1f0c2b7e94d0012ab34cd"
		wantKind(t, mustNew(t, cfg).Test(t.Context()), adapters.KindCredentials)
	})
}

// A good test is what resumes a stopped account, so both its requests must get through.
func TestTestPassesAStoppedLine(t *testing.T) {
	e := startEmulatorWith(t, "") // one token for both endpoints
	server := httptest.NewServer(e.Handler())
	defer server.Close()
	cfg := emulatorConfig(server.URL, sandbox.DefaultToken, "", "")
	cfg.Line = vendorhttp.NewLine(vendorhttp.LineConfig{})
	cfg.Line.Stop(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_CREDENTIALS_REFUSED)
	a := mustNew(t, cfg)
	if err := a.Test(t.Context()); err != nil {
		t.Errorf("test: %v", err)
	}
	_, err := write(t, a, "CreateLead").Send(t.Context(), adapters.LeadInput{Lead: adaptertest.FullLead(1)})
	wantKind(t, err, adapters.KindAccountStopped)
}

func startEmulator(t *testing.T) *sandbox.Emulator {
	t.Helper()
	return startEmulatorWith(t, listToken)
}

func startEmulatorWith(t *testing.T, botToken string) *sandbox.Emulator {
	t.Helper()
	e, err := sandbox.New(sandbox.Config{Dir: t.TempDir(), BotToken: botToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func emulatorConfig(baseURL, token, botToken, arrays string) convertalk.Config {
	return convertalk.Config{
		Account: "convertalk", BaseURL: baseURL, Token: token, BotToken: botToken, ArrayFields: arrays,
		BotID: sandbox.DefaultBotID, CustomerID: sandbox.DefaultCustomerID,
	}
}

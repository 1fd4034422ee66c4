package ujet_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
	sandbox "github.com/leadmux/leadmux/internal/sandbox/ujet"
)

const wrongToken = "another-ujet-token"

const contactsPath = "/outbound_dialer/campaigns/1/contacts"

func TestConformance(t *testing.T) {
	for name, options := range map[string]*leadmuxv1.VendorOptions{
		"end user alone": nil, "with a campaign": campaign("1", "+14155550199"),
	} {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, adaptertest.Harness{
				Start: func(t *testing.T) adaptertest.Sandbox {
					t.Helper()
					e := startEmulator(t)
					return adaptertest.Sandbox{Handler: e.Handler(), BasePath: sandbox.BasePath, Faults: e.Faults(), Ledger: e.Ledger()}
				},
				New: func(t *testing.T, baseURL string) adapters.LeadWriter {
					t.Helper()
					return mustNew(t, emulatorConfig(baseURL, sandbox.DefaultToken))
				},
				NewBad: func(t *testing.T, baseURL string) adapters.LeadWriter {
					t.Helper()
					return mustNew(t, emulatorConfig(baseURL, wrongToken))
				},
				Kind:    sandbox.KindEndUser,
				Options: options,
				Secrets: []string{sandbox.DefaultToken, wrongToken, basic(sandbox.DefaultToken), basic(wrongToken)},
			})
		})
	}
}

// A contact has no key at the vendor: whatever became of the first answer, a second attempt must leave one contact.
func TestContactIsAddedOnceWhateverBecameOfTheAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		fault kit.Fault
		added bool // by the first attempt
		again []string
	}{
		"lost after the commit":  {kit.Fault{Drop: true, After: true}, true, []string{"POST /end_users", "GET " + contactsPath}},
		"fault after the commit": {kit.Fault{Status: 502, After: true}, true, []string{"POST /end_users", "GET " + contactsPath}},
		"half an answer":         {kit.Fault{Truncate: true}, true, []string{"POST /end_users", "GET " + contactsPath}},
		"lost before the commit": {
			kit.Fault{Drop: true}, false, []string{"POST /end_users", "GET " + contactsPath, "POST " + contactsPath},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := startEmulator(t)
			a := mustNew(t, emulatorConfig(serve(t, e), sandbox.DefaultToken))
			c.fault.Method, c.fault.Path = http.MethodPost, "/outbound_dialer"
			if err := e.Faults().Add(c.fault); err != nil {
				t.Fatal(err)
			}
			in := adapters.LeadInput{Lead: adaptertest.FullLead(1), Options: campaign("1", "+14155550199")}
			_, err := write(t, a, "CreateLead").Send(t.Context(), in)
			if e, ok := errors.AsType[*adapters.Error](err); !ok || !e.Ambiguous {
				t.Fatalf("first attempt: %v, want an unknown outcome", err)
			}
			if got := len(contacts(t, e)); (got == 1) != c.added {
				t.Fatalf("%d contacts after the first attempt", got)
			}
			before := len(requests(t, e))
			in.Recheck = true
			got, err := write(t, a, "CreateLead").Send(t.Context(), in)
			if err != nil || got.VendorStatus != "Upcoming" || got.VendorLeadID == "" {
				t.Fatalf("second attempt: %+v, %v", got, err)
			}
			if made := paths(requests(t, e)[before:]); !slices.Equal(made, c.again) {
				t.Errorf("second attempt made %q, want %q", made, c.again)
			}
			if all := contacts(t, e); len(all) != 1 || *all[0].UniqueID != in.Lead.GetLeadId() {
				t.Errorf("contacts %v, want the lead once", all)
			}
		})
	}
}

// A failed look leaves the question open: adding blindly is what Recheck is there to prevent.
func TestContactIsNotAddedBlindly(t *testing.T) {
	e := startEmulator(t)
	a := mustNew(t, emulatorConfig(serve(t, e), sandbox.DefaultToken))
	if err := e.Faults().Add(kit.Fault{Method: http.MethodGet, Status: 503}); err != nil {
		t.Fatal(err)
	}
	_, err := write(t, a, "CreateLead").Send(t.Context(), adapters.LeadInput{
		Lead: adaptertest.FullLead(1), Options: campaign("1", ""), Recheck: true,
	})
	if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.KindUnavailable || !e.Ambiguous {
		t.Errorf("error %v, want unavailable with the outcome open", err)
	}
	if got := len(contacts(t, e)); got != 0 {
		t.Errorf("%d contacts", got)
	}
}

// The vendor counts both requests of a campaign lead. The first goes on the slot that the caller took; the second waits.
func TestSecondRequestWaitsForItsOwnSlot(t *testing.T) {
	e := startEmulator(t)
	cfg := emulatorConfig(serve(t, e), sandbox.DefaultToken)
	cfg.Line = vendorhttp.NewLine(vendorhttp.LineConfig{RatePerSecond: 1})
	a := mustNew(t, cfg)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := a.Test(ctx); err != nil { // opens the connection, which would else delay the first arrival below
		t.Fatal(err)
	}
	taken := takeSlot(ctx, t, cfg.Line)
	in := adapters.LeadInput{Lead: adaptertest.FullLead(1), Options: campaign("1", "")}
	if _, err := write(t, a, "CreateLead").Send(adapters.WithSlot(ctx), in); err != nil {
		t.Fatal(err)
	}
	made := requests(t, e)[1:]
	if len(made) != 2 {
		t.Fatalf("requests %q", paths(made))
	}
	if wait := made[0].Time.Sub(taken); wait >= time.Second {
		t.Errorf("the first request came %s after its slot: it waited for another", wait)
	}
	if gap, err := sandbox.SmallestGap(made); err != nil || gap < time.Second {
		t.Errorf("the requests came %s apart (%v), want a second", gap, err)
	}
}

// takeSlot does what the delivery does before an attempt, and says when it had the slot.
func takeSlot(ctx context.Context, t *testing.T, line adapters.Line) time.Time {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !line.TryTake() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("no slot came")
		}
	}
	return time.Now()
}

// startEmulator starts a vendor without a rate limit of its own.
func startEmulator(t *testing.T) *sandbox.Emulator {
	t.Helper()
	e, err := sandbox.New(sandbox.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := e.Settings().Patch([]byte(`{"ratePerSecond": 0}`)); err != nil {
		t.Fatal(err)
	}
	return e
}

func serve(t *testing.T, e *sandbox.Emulator) (baseURL string) {
	t.Helper()
	server := httptest.NewServer(e.Handler())
	t.Cleanup(server.Close)
	return server.URL + sandbox.BasePath
}

func emulatorConfig(baseURL, token string) ujet.Config {
	return ujet.Config{
		Account: "ujet", Subdomain: sandbox.DefaultSubdomain, Token: token, BaseURL: baseURL,
		Line: vendorhttp.NewLine(vendorhttp.LineConfig{}),
	}
}

func basic(token string) string {
	return base64.StdEncoding.EncodeToString([]byte(sandbox.DefaultSubdomain + ":" + token))
}

func contacts(t *testing.T, e *sandbox.Emulator) []sandbox.Contact {
	t.Helper()
	var all []sandbox.Contact
	err := e.Ledger().View(func(tx *kit.Tx) error {
		return tx.Each(sandbox.KindContact, func(_ string, raw json.RawMessage) error {
			var c sandbox.Contact
			all = append(all, c)
			return json.Unmarshal(raw, &all[len(all)-1])
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func requests(t *testing.T, e *sandbox.Emulator) []kit.Request {
	t.Helper()
	all, err := e.Ledger().Requests()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func paths(requests []kit.Request) []string {
	var all []string
	for _, r := range requests {
		all = append(all, r.Method+" "+r.Path)
	}
	return all
}

// campaign is a caller's wish to put the person into a campaign.
func campaign(id, outbound string) *leadmuxv1.VendorOptions {
	return &leadmuxv1.VendorOptions{Ujet: &leadmuxv1.UjetOptions{CampaignId: id, OutboundNumber: outbound}}
}

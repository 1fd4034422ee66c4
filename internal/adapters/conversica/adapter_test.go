package conversica_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/conversica"
)

func TestBadConfig(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  conversica.Config
		says string
	}{
		"no username":   {conversica.Config{Password: "hunter2"}, "username"},
		"no password":   {conversica.Config{Username: "acme"}, "password"},
		"colon":         {conversica.Config{Username: "acme:api", Password: "hunter2"}, "colon"},
		"unknown route": {conversica.Config{Username: "acme", Password: "hunter2", Routes: map[string]string{"X": "POST /x"}}, "CreateLead"},
		"base URL":      {conversica.Config{Username: "acme", Password: "hunter2", BaseURL: "/json"}, "base_url"},
	} {
		c.cfg.Account = "conversica-main"
		_, err := conversica.New(c.cfg)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "conversica-main") {
			t.Errorf("%s: got %v, want it to name the account and %s", name, err, c.says)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v shows the password", name, err)
		}
	}
}

func TestCapabilities(t *testing.T) {
	all := newAdapter(t, conversica.Config{Routes: map[string]string{"CreateLead": "POST /v8/json/"}}).Capabilities()
	want := []string{"CreateLead", "DeferConversation", "EndConversation", "OptOutLead", "Reconsent", "StopConversation", "TestAccount", "UpdateLead"}
	if len(all) != len(want) {
		t.Fatalf("got %d capabilities, want %d", len(all), len(want))
	}
	for i, c := range all {
		class := leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
		if want[i] == "TestAccount" {
			class = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS
		}
		if c.GetRpc() != want[i] || c.GetRoute() != "POST /v8/json/" || !c.GetRouteOverridden() || c.GetIdempotencyClass() != class {
			t.Errorf("got %v, want %s", c, want[i])
		}
	}
	if _, ok := newAdapter(t, conversica.Config{}).LeadWrite("TestAccount"); ok {
		t.Error("TestAccount is offered as a write")
	}
}

// TestStrictVendor meets the vendor at its strictest: every conditional key required.
func TestStrictVendor(t *testing.T) {
	e := emulator(t)
	s := httptest.NewServer(e.Handler())
	t.Cleanup(s.Close)
	const strict = `{"requireConversationId":true,"requireClientId":true,"smsConversations":["spring-open-day"],"omittedClears":true}`
	if _, err := e.Settings().Patch([]byte(strict)); err != nil {
		t.Fatal(err)
	}
	a := newAdapter(t, conversica.Config{BaseURL: s.URL})
	lead := adaptertest.FullLead(0)
	in := adapters.LeadInput{Lead: lead, Options: options()}
	for range 2 {
		got, err := adaptertest.Write(t, a, "CreateLead").Send(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got.VendorLeadID != lead.GetLeadId() || got.VendorURL != "" {
			t.Errorf("got vendor ID %q and URL %q, want our ID and none", got.VendorLeadID, got.VendorURL)
		}
	}
	leads, err := e.Leads()
	if err != nil || len(leads) != 1 || leads[0].Posts != 2 || leads[0].ClientID != "tenant-88" {
		t.Errorf("the vendor has %+v, %v; want one lead of tenant-88, posted twice", leads, err)
	}
	in.Options = nil
	_, err = adaptertest.Write(t, a, "CreateLead").Send(t.Context(), in)
	if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.KindInvalid || e.Status != 400 || e.Message != "" {
		t.Errorf("without conversation: got %v, want invalid without a word of the vendor's", err)
	}
}

// TestLockedAccount: a lockout answers 403 for a while, and nothing here may answer it with another try.
func TestLockedAccount(t *testing.T) {
	e := emulator(t)
	s := httptest.NewServer(e.Handler())
	t.Cleanup(s.Close)
	if _, err := e.Settings().Patch([]byte(`{"lockoutAfter":1}`)); err != nil {
		t.Fatal(err)
	}
	bad := newAdapter(t, conversica.Config{BaseURL: s.URL, Password: badPassword})
	good := newAdapter(t, conversica.Config{BaseURL: s.URL})
	for name, err := range map[string]error{"first": bad.Test(t.Context()), "locked": good.Test(t.Context())} {
		if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.KindCredentials {
			t.Errorf("%s: got %v, want credentials", name, err)
		}
	}
	requests, err := e.Ledger().Requests()
	if err != nil || len(requests) != 2 {
		t.Errorf("the vendor saw %d requests, %v; want 2", len(requests), err)
	}
}

func TestPreview(t *testing.T) {
	lead := &leadmuxv1.Lead{FirstName: "Mireille", Email: "mireille@example.com", Source: "Web form"}
	a := newAdapter(t, conversica.Config{RepName: "The Showroom"})
	got, _, err := adaptertest.Write(t, a, "CreateLead").Preview(adapters.LeadInput{Lead: lead})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"apiVersion":"7.2","clientId":"tenant-88","email":"[redacted]","firstName":"[redacted]",` +
		`"leadSource":"Web form","repName":"[redacted]"}`
	if got[0].GetBody() != want {
		t.Errorf("got %s\nwant %s", got[0].GetBody(), want)
	}
	if got[0].GetUrl() != "https://integrations-api.conversica.com/json/" || got[0].GetHeaders()["Authorization"] != "[redacted]" {
		t.Errorf("got %v", got[0])
	}
	if _, _, err := adaptertest.Write(t, a, "CreateLead").Preview(adapters.LeadInput{Lead: &leadmuxv1.Lead{}}); err == nil {
		t.Error("got a preview of a lead that would be refused")
	}
}

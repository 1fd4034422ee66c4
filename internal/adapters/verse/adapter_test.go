package verse_test

import (
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/verse"
	sandbox "github.com/leadmux/leadmux/internal/sandbox/verse"
)

func TestBadConfig(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  verse.Config
		says string
	}{
		"no key":          {verse.Config{}, "API key"},
		"phone as e-mail": {verse.Config{APIKey: "hunter2", PhoneField: "email"}, `"email"`},
		"phone as custom": {verse.Config{APIKey: "hunter2", PhoneField: "customFields"}, `"customFields"`},
		"unknown route":   {verse.Config{APIKey: "hunter2", Routes: map[string]string{"UpdateLead": "POST /x"}}, "allowed: CreateLead, CreateVendorWebhook, DeleteVendorWebhook, EndConversation, ListVendorWebhooks, OptOutLead, StopConversation"},
		"ID of a create":  {verse.Config{APIKey: "hunter2", Routes: map[string]string{"CreateLead": "POST /x/{id}"}}, "{id}"},
		"base URL":        {verse.Config{APIKey: "hunter2", BaseURL: "api.verse.io"}, "base_url"},
		"line end in key": {verse.Config{APIKey: "hunter2\n"}, "credentials"},
	} {
		c.cfg.Account = "verse-west"
		_, err := verse.New(c.cfg)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "verse-west") {
			t.Errorf("%s: got %v, want it to name the account and %s", name, err, c.says)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v shows the key", name, err)
		}
	}
}

func TestCapabilities(t *testing.T) {
	const (
		detectable = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE
		sureOfBoth = leadmuxv1.Evidence_EVIDENCE_A
	)
	want := []*leadmuxv1.Capability{
		{Rpc: "CreateLead", IdempotencyClass: detectable, Evidence: sureOfBoth, Route: "POST /zapier"},
		{
			Rpc: "CreateVendorWebhook", IdempotencyClass: leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_AT_MOST_ONCE,
			Evidence: leadmuxv1.Evidence_EVIDENCE_D, Route: "POST /webhooks",
		},
		{
			Rpc: "DeleteVendorWebhook", IdempotencyClass: leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED,
			Evidence: leadmuxv1.Evidence_EVIDENCE_D, Route: "DELETE /webhooks/{vendor_webhook_id}",
		},
		{
			Rpc: "EndConversation", IdempotencyClass: detectable, Evidence: leadmuxv1.Evidence_EVIDENCE_B,
			Route: "POST /leads/{id}/end", RouteOverridden: true,
		},
		{
			Rpc: "ListVendorWebhooks", IdempotencyClass: leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS,
			Evidence: leadmuxv1.Evidence_EVIDENCE_D, Route: "GET /webhooks",
		},
		{
			Rpc: "OptOutLead", IdempotencyClass: detectable, Evidence: leadmuxv1.Evidence_EVIDENCE_D, Route: "POST /zapier/dnc",
		},
		{
			Rpc: "StopConversation", IdempotencyClass: detectable, Evidence: leadmuxv1.Evidence_EVIDENCE_D,
			Route: "POST /zapier/stop-conversation",
		},
		{
			Rpc: "TestAccount", IdempotencyClass: leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS,
			Evidence: sureOfBoth, Route: "POST /zapier",
		},
	}
	a := newAdapter(t, verse.Config{APIKey: "k", Routes: map[string]string{"EndConversation": "POST /leads/{id}/end"}})
	got := a.Capabilities()
	if !slices.EqualFunc(got, want, func(x, y *leadmuxv1.Capability) bool { return proto.Equal(x, y) }) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
	for _, rpc := range []string{"UpdateLead", "DeferConversation", ""} {
		if _, ok := a.LeadWrite(rpc); ok {
			t.Errorf("the adapter offers %q, which Verse does not have", rpc)
		}
	}
}

// TestRoutesAndPhoneFieldReachTheVendor sends to a vendor whose path and phone key are not the published ones.
func TestRoutesAndPhoneFieldReachTheVendor(t *testing.T) {
	e, err := sandbox.New(sandbox.Config{Dir: t.TempDir(), Paths: sandbox.Paths{Create: "/conversations"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	s := httptest.NewServer(e.Handler())
	t.Cleanup(s.Close)
	cfg := verse.Config{BaseURL: s.URL + sandbox.BasePath, APIKey: sandbox.DefaultKey, PhoneField: "phone"}
	lead := adapters.LeadInput{Lead: adaptertest.FullLead(0)}

	_, err = adaptertest.Write(t, newAdapter(t, cfg), "CreateLead").Send(t.Context(), lead)
	if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.KindRouteUnknown {
		t.Errorf("on the published path: got %v, want route_unknown", err)
	}
	cfg.Routes = map[string]string{"CreateLead": "POST /conversations"}
	if _, err := adaptertest.Write(t, newAdapter(t, cfg), "CreateLead").Send(t.Context(), lead); err != nil {
		t.Fatalf("on the configured path: %v", err)
	}
	leads, err := e.Leads()
	if err != nil || len(leads) != 1 {
		t.Fatalf("the vendor has %d leads, %v", len(leads), err)
	}
	if leads[0].Phone == "" || leads[0].ZapierLeadID != lead.Lead.GetLeadId() {
		t.Errorf("the vendor knows phone %q and our ID %q", leads[0].Phone, leads[0].ZapierLeadID)
	}
}

// TestPreviewHidesAttributes: a caller may name an attribute like a key that is shown.
func TestPreviewHidesAttributes(t *testing.T) {
	lead := &leadmuxv1.Lead{Phone: "+14155550142", Type: "buyer", Attributes: map[string]string{"type": "hidden"}}
	got, _, err := adaptertest.Write(t, newAdapter(t, verse.Config{APIKey: "k"}), "CreateLead").Preview(adapters.LeadInput{Lead: lead})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"customFields":{"type":"[redacted]"},"phoneNumber":"[redacted]","type":"buyer"}`
	if got[0].GetBody() != want {
		t.Errorf("got %s\nwant %s", got[0].GetBody(), want)
	}
	if got[0].GetAccount() != "verse-west" || got[0].GetUrl() != "https://api.verse.io/v1/zapier" ||
		got[0].GetHeaders()["X-Api-Key"] != "[redacted]" {
		t.Errorf("got %v", got[0])
	}
}

func TestPreviewRefusesWhatCreateRefuses(t *testing.T) {
	_, _, err := adaptertest.Write(t, newAdapter(t, verse.Config{APIKey: "k"}), "CreateLead").Preview(adapters.LeadInput{Lead: &leadmuxv1.Lead{}})
	if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.KindInvalid || len(e.Fields) != 2 {
		t.Errorf("got %v, want invalid with two fields", err)
	}
}

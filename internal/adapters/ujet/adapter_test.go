package ujet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	sandbox "github.com/leadmux/leadmux/internal/sandbox/ujet"
)

const leadID = "lead_01k3sc8yhhfg2sp7jx5w0c1zze"

func goodConfig() ujet.Config {
	return ujet.Config{Account: "support", Subdomain: "customer", Domain: "rest.example.com", Token: "s3cret-token"}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	cases := map[string]struct {
		spoil func(*ujet.Config)
		says  string
	}{
		"no subdomain":        {func(c *ujet.Config) { c.Subdomain = "" }, "subdomain is missing"},
		"whole host":          {func(c *ujet.Config) { c.Subdomain = "customer.rest.example.com" }, "first label"},
		"colon ends the user": {func(c *ujet.Config) { c.Subdomain = "a:b" }, "first label"},
		"no host":             {func(c *ujet.Config) { c.Domain = "" }, "domain is missing"},
		"domain is a URL":     {func(c *ujet.Config) { c.Domain = "https://rest.example.com" }, "rest of the host name"},
		"no token":            {func(c *ujet.Config) { c.Token = "" }, "token is missing"},
		"odd identifier":      {func(c *ujet.Config) { c.Identifier = "email" }, "lead_id or external_id"},
		"odd base URL":        {func(c *ujet.Config) { c.BaseURL = "customer.rest.example.com" }, "base_url"},
		"unknown route":       {func(c *ujet.Config) { c.Routes = map[string]string{"CreateLead": "POST /x"} }, "UpsertEndUser"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := goodConfig()
			c.spoil(&cfg)
			_, err := ujet.New(cfg)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), `"support"`) {
				t.Fatalf("error %v, want the account and %q", err, c.says)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Fatalf("the error shows the token: %v", err)
			}
		})
	}
}

func TestPreviewShowsWhatWouldBeSentWithoutThePerson(t *testing.T) {
	cfg := goodConfig()
	cfg.Routes = map[string]string{"AddCampaignContact": "PUT /campaigns/{campaign_id}/people"}
	a := mustNew(t, cfg)
	requests, warnings, err := write(t, a, "CreateLead").Preview(adapters.LeadInput{
		Lead:    &leadmuxv1.Lead{LeadId: leadID, FirstName: "Ada", Email: "ada@example.com", Phone: "+14155550142", Type: "buyer"},
		Options: campaign("240", "+17605550199"), Recheck: true,
	})
	if err != nil || len(warnings) != 1 || len(requests) != 3 {
		t.Fatalf("%d requests, warnings %v, error %v", len(requests), warnings, err)
	}
	for i, want := range []string{
		"POST https://customer.rest.example.com/apps/api/v1/end_users",
		"GET https://customer.rest.example.com/apps/api/v1/outbound_dialer/campaigns/240/contacts",
		"PUT https://customer.rest.example.com/apps/api/v1/campaigns/240/people",
	} {
		if got := requests[i].GetMethod() + " " + requests[i].GetUrl(); got != want {
			t.Errorf("request %d is %s, want %s", i, got, want)
		}
		if requests[i].GetAccount() != "support" || requests[i].GetHeaders()["Authorization"] != "[redacted]" {
			t.Errorf("request %d: %v", i, requests[i])
		}
		if leak := leaked(requests[i], "Ada", "ada@", "5550142", "s3cret"); leak != "" {
			t.Errorf("request %d shows %q: %v", i, leak, requests[i])
		}
	}
	var body map[string]string
	if err := json.Unmarshal([]byte(requests[2].GetBody()), &body); err != nil {
		t.Fatal(err)
	}
	if body["external_unique_id"] != leadID || body["outbound_number"] != "+17605550199" || body["name"] != "[redacted]" {
		t.Errorf("contact body %v", body)
	}
}

func TestPreviewHidesTheCallersOwnID(t *testing.T) {
	cfg := goodConfig()
	cfg.Identifier = ujet.IdentifierExternalID
	requests, _, err := write(t, mustNew(t, cfg), "CreateLead").Preview(adapters.LeadInput{
		Lead: &leadmuxv1.Lead{LeadId: leadID, ExternalId: "ada.byron"},
	})
	if err != nil || len(requests) != 1 {
		t.Fatalf("requests %v, error %v", requests, err)
	}
	if leaked(requests[0], "ada.byron") != "" {
		t.Errorf("shown: %v", requests[0])
	}
}

func TestPreviewRefusesWhatCreateLeadWould(t *testing.T) {
	_, _, err := write(t, mustNew(t, goodConfig()), "CreateLead").Preview(adapters.LeadInput{
		Lead: &leadmuxv1.Lead{LeadId: leadID}, Options: campaign("240", ""),
	})
	e := wantKind(t, err, adapters.KindInvalid)
	if len(e.Fields) != 1 || e.Fields[0].GetField() != "lead.phone" ||
		e.Message != "lead.phone: a campaign calls the person; a phone number is needed with vendor_options.ujet.campaign_id" {
		t.Errorf("error %+v", e)
	}
}

// What the answers bring is not known beforehand: it is hidden or left out, and the requests are all there.
func TestPreviewOfChangesShowsTheLookUps(t *testing.T) {
	a := mustNew(t, goodConfig())
	known := map[string]string{"identifier": leadID, "campaign_id": "240", "contact_id": "16312"}
	for _, c := range []struct {
		rpc, vendorLeadID string
		refs              map[string]string
		want              []string
		warnings          int
	}{
		{"UpdateLead", "7731", known, []string{"POST /end_users", "PATCH /outbound_dialer/campaigns/240/contact"}, 1},
		{"UpdateLead", "7731", map[string]string{"campaign_id": "240"}, []string{
			"GET /end_users?id=7731", "POST /end_users",
			"GET /outbound_dialer/campaigns/240/contacts", "PATCH /outbound_dialer/campaigns/240/contact",
		}, 1},
		{"EndConversation", "7731", known, []string{"DELETE /outbound_dialer/campaigns/240/contact"}, 0},
		{"StopConversation", "7731", nil, nil, 1},
	} {
		requests, warnings, err := write(t, a, c.rpc).Preview(adapters.LeadInput{
			Lead:       &leadmuxv1.Lead{LeadId: leadID, FirstName: "Ada", Phone: "+14155550142", Type: "buyer"},
			Engagement: &leadmuxv1.Engagement{VendorLeadId: c.vendorLeadID, VendorRefs: c.refs},
		})
		if err != nil || len(warnings) != c.warnings {
			t.Fatalf("%s: warnings %v, error %v", c.rpc, warnings, err)
		}
		var got []string
		for _, r := range requests {
			got = append(got, r.GetMethod()+" "+strings.TrimPrefix(r.GetUrl(), "https://customer.rest.example.com/apps/api/v1"))
			if leak := leaked(r, "Ada", "5550142", "s3cret"); leak != "" {
				t.Errorf("%s shows %q: %v", c.rpc, leak, r)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s would send\n%q, want\n%q", c.rpc, got, c.want)
		}
	}
}

func TestClassFollowsTheCampaign(t *testing.T) {
	a := mustNew(t, goodConfig())
	for options, want := range map[*leadmuxv1.VendorOptions]leadmuxv1.IdempotencyClass{
		nil:                 leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED,
		campaign("", ""):    leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED,
		campaign("240", ""): leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE,
	} {
		if got := write(t, a, "CreateLead").Class(adapters.LeadInput{Lead: &leadmuxv1.Lead{}, Options: options}); got != want {
			t.Errorf("%v: %v, want %v", options, got, want)
		}
	}
	for _, rpc := range []string{"UpdateLead", "EndConversation", "StopConversation", "OptOutLead", "Reconsent"} {
		if got := write(t, a, rpc).Class(adapters.LeadInput{}); got != leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED {
			t.Errorf("%s is %v", rpc, got)
		}
	}
	if _, ok := a.LeadWrite("DeferConversation"); ok {
		t.Error("UJET has no way to defer")
	}
}

func TestCapabilitiesNameTheRoutesInUse(t *testing.T) {
	cfg := goodConfig()
	cfg.Routes = map[string]string{"UpsertEndUser": "PUT /people"}
	const contacts = "/outbound_dialer/campaigns/{campaign_id}/contacts"
	const leave = "GET " + contacts + ", DELETE /outbound_dialer/campaigns/{campaign_id}/contact"
	want := []string{
		"CreateLead DETECTABLE true GET /end_users, PUT /people, GET " + contacts + ", POST " + contacts,
		"EndConversation KEYED false " + leave,
		"EraseLead KEYED false " + leave,
		"LookupLead NO_SIDE_EFFECTS false GET /end_users",
		"OptOutLead KEYED false POST /outbound_dialer/dnc, " + leave,
		"Reconsent KEYED false POST /outbound_dialer/dnc/remove",
		"StopConversation KEYED false " + leave,
		"TestAccount NO_SIDE_EFFECTS false GET /wait_times",
		"UpdateLead KEYED true GET /end_users, PUT /people, GET " + contacts +
			", PATCH /outbound_dialer/campaigns/{campaign_id}/contact",
	}
	var got []string
	a := mustNew(t, cfg)
	for _, c := range a.Capabilities() {
		if a.Forwards(c.GetRpc()) {
			continue // the fixtures of testdata/forward have those
		}
		got = append(got, fmt.Sprintf("%s %s %t %s", c.GetRpc(),
			strings.TrimPrefix(c.GetIdempotencyClass().String(), "IDEMPOTENCY_CLASS_"), c.GetRouteOverridden(), c.GetRoute()))
		inferred := c.GetRpc() == "Reconsent" && c.GetEvidence() == leadmuxv1.Evidence_EVIDENCE_B
		if c.GetEvidence() != leadmuxv1.Evidence_EVIDENCE_A && !inferred {
			t.Errorf("%s: %v", c.GetRpc(), c.GetEvidence())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// A good test is what resumes a stopped account, so it must get through.
func TestTestPassesAStoppedLine(t *testing.T) {
	e := startEmulator(t)
	cfg := emulatorConfig(serve(t, e), sandbox.DefaultToken)
	cfg.Line.Stop(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_CREDENTIALS_REFUSED)
	a := mustNew(t, cfg)
	if err := a.Test(t.Context()); err != nil {
		t.Errorf("test: %v", err)
	}
	_, err := write(t, a, "CreateLead").Send(t.Context(), adapters.LeadInput{Lead: &leadmuxv1.Lead{LeadId: leadID}})
	wantKind(t, err, adapters.KindAccountStopped)
}

func mustNew(t *testing.T, cfg ujet.Config) *ujet.Adapter {
	t.Helper()
	a, err := ujet.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// write is the adapter's way of an RPC.
func write(t *testing.T, a *ujet.Adapter, rpc string) adapters.LeadWrite {
	t.Helper()
	w, ok := a.LeadWrite(rpc)
	if !ok {
		t.Fatalf("the adapter has no %s", rpc)
	}
	return w
}

// wantKind is the *adapters.Error in err, which must be of that kind.
func wantKind(t *testing.T, err error, kind adapters.Kind) *adapters.Error {
	t.Helper()
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("got error %v, want kind %s", err, kind)
	}
	return e
}

// leaked is the first of the texts that the message holds anywhere.
func leaked(m proto.Message, texts ...string) string {
	whole, err := json.Marshal(m)
	for _, text := range texts {
		if err != nil || strings.Contains(string(whole), text) {
			return text
		}
	}
	return ""
}

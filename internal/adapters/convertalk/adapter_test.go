package convertalk_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/convertalk"
	"github.com/leadmux/leadmux/internal/typeid"
)

func goodConfig() convertalk.Config {
	return convertalk.Config{
		Account: "site-bot", BaseURL: "https://api.example.com", Token: "s3cret-put",
		BotID: "64a1f0c2b7e94d0012ab34cd", CustomerID: "64a1f0c2b7e94d0012ab0001",
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	cases := map[string]struct {
		spoil func(*convertalk.Config)
		says  string
	}{
		"no base URL":     {func(c *convertalk.Config) { c.BaseURL = "" }, "base_url is missing"},
		"broken base URL": {func(c *convertalk.Config) { c.BaseURL = "https://api.v7. example.com" }, "base_url"},
		"no token":        {func(c *convertalk.Config) { c.Token = "" }, "token is missing"},
		"no bot":          {func(c *convertalk.Config) { c.BotID = "" }, "bot_id is missing"},
		"no customer":     {func(c *convertalk.Config) { c.CustomerID = "" }, "customer_id is missing"},
		"odd array form":  {func(c *convertalk.Config) { c.ArrayFields = "csv" }, "array or string"},
		"odd array mode":  {func(c *convertalk.Config) { c.ArrayMode = "merge" }, "union or replace"},
		"unknown route":   {func(c *convertalk.Config) { c.Routes = map[string]string{"x": "PUT /x"} }, "ListVendorLeads"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := goodConfig()
			c.spoil(&cfg)
			_, err := convertalk.New(cfg)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), `"site-bot"`) {
				t.Fatalf("error %v, want the account and %q", err, c.says)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Fatalf("the error shows the token: %v", err)
			}
		})
	}
}

func TestPreviewShowsWhatWouldBeSentWithoutThePerson(t *testing.T) {
	a := mustNew(t, goodConfig())
	requests, warnings, err := write(t, a, "CreateLead").Preview(adapters.LeadInput{Lead: &leadmuxv1.Lead{
		LeadId: "lead_1z1j55578yfdvrmr0w5pdy8ygg", FirstName: "Amara", Email: "amara@example.com", Phone: "+46701234567",
		Comment: "none of it", Tags: []string{"pricing"}, Notes: []*leadmuxv1.Note{{Title: "Callback"}},
		Attributes: map[string]string{"city": "Uppsala"},
	}})
	if err != nil || len(requests) != 1 || len(warnings) != 1 {
		t.Fatalf("requests %v, warnings %v, error %v", requests, warnings, err)
	}
	r := requests[0]
	if r.GetMethod()+" "+r.GetUrl() != "PUT https://api.example.com/inbox/direct/lead" || r.GetAccount() != "site-bot" {
		t.Errorf("request %v", r)
	}
	if r.GetHeaders()["X-Bp-Token"] != "[redacted]" {
		t.Errorf("headers %v", r.GetHeaders())
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(r.GetBody()), &body); err != nil {
		t.Fatal(err)
	}
	if body["uuid"] != "3f0c8a52-9d1e-4b77-8a60-1c2d9be47a10" || body["phone"] != "[redacted]" || body["dialCode"] != "+46" {
		t.Errorf("body %v", body)
	}
	whole, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"Amara", "amara", "701234567", "Callback", "Uppsala", "pricing", "s3cret"} {
		if strings.Contains(string(whole), text) {
			t.Errorf("the preview shows %q: %s", text, whole)
		}
	}
}

func TestPreviewRefusesWhatCreateLeadWould(t *testing.T) {
	for _, rpc := range []string{"CreateLead", "UpdateLead", "EndConversation", "StopConversation", "DeferConversation", "OptOutLead"} {
		_, _, err := write(t, mustNew(t, goodConfig()), rpc).Preview(adapters.LeadInput{Lead: &leadmuxv1.Lead{LeadId: "lead_1"}})
		if e := wantKind(t, err, adapters.KindInvalid); e.Message != "lead.lead_id: not a lead ID of ours" || e.Op != rpc {
			t.Errorf("%s: %v", rpc, e)
		}
	}
}

// The vendor's ID of a lead is the whole of what makes a second send an update, so it may depend on the lead ID alone.
func TestVendorIDsAreDistinctAndStable(t *testing.T) {
	a := mustNew(t, goodConfig())
	seen := map[string]bool{}
	for range 1000 {
		id := typeid.New(typeid.Lead)
		first, again := previewUUID(t, a, id, "Ada"), previewUUID(t, a, id, "Amara")
		if first != again || seen[first] {
			t.Fatalf("lead %s is %s, then %s, seen before: %v", id, first, again, seen[first])
		}
		if first[14] != '4' || !strings.ContainsRune("89ab", rune(first[19])) {
			t.Fatalf("%s is no version 4 UUID", first)
		}
		seen[first] = true
	}
}

func previewUUID(t *testing.T, a *convertalk.Adapter, leadID, name string) string {
	t.Helper()
	requests, _, err := write(t, a, "CreateLead").Preview(adapters.LeadInput{Lead: &leadmuxv1.Lead{LeadId: leadID, FirstName: name}})
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		UUID string `json:"uuid"`
	}
	if err := json.Unmarshal([]byte(requests[0].GetBody()), &body); err != nil {
		t.Fatal(err)
	}
	return body.UUID
}

func TestClassIsKeyed(t *testing.T) {
	a := mustNew(t, goodConfig())
	for _, rpc := range []string{"CreateLead", "UpdateLead", "EndConversation", "StopConversation", "DeferConversation"} {
		if got := write(t, a, rpc).Class(adapters.LeadInput{}); got != leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED {
			t.Errorf("%s is %v", rpc, got)
		}
	}
	if _, ok := a.LeadWrite("Reconsent"); ok {
		t.Error("Convertalk has no way to take a tag back")
	}
}

func TestCapabilitiesNameTheRoutesInUse(t *testing.T) {
	cfg := goodConfig()
	cfg.Routes = map[string]string{"ListVendorLeads": "GET /chats"}
	const put = "PUT /inbox/direct/lead"
	want := []string{
		"CreateLead KEYED true GET /chats, " + put,
		"DeferConversation KEYED false " + put,
		"EndConversation KEYED false " + put,
		"ListChats NO_SIDE_EFFECTS true GET /chats",
		"ListVendorLeads NO_SIDE_EFFECTS true GET /chats",
		"OptOutLead KEYED false " + put,
		"StopConversation KEYED false " + put,
		"TestAccount NO_SIDE_EFFECTS true GET /chats, " + put,
		"UpdateChat KEYED true GET /chats, " + put,
		"UpdateLead KEYED true GET /chats, " + put,
	}
	var got []string
	for _, c := range mustNew(t, cfg).Capabilities() {
		got = append(got, fmt.Sprintf("%s %s %t %s", c.GetRpc(),
			strings.TrimPrefix(c.GetIdempotencyClass().String(), "IDEMPOTENCY_CLASS_"), c.GetRouteOverridden(), c.GetRoute()))
		if c.GetEvidence() != leadmuxv1.Evidence_EVIDENCE_A {
			t.Errorf("%s: %v", c.GetRpc(), c.GetEvidence())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// A look-up before the write is part of what would be sent.
func TestPreviewShowsTheLookUp(t *testing.T) {
	a := mustNew(t, goodConfig())
	lead := &leadmuxv1.Lead{LeadId: "lead_1z1j55578yfdvrmr0w5pdy8ygg", Notes: []*leadmuxv1.Note{{Title: "Callback"}}}
	for _, c := range []struct {
		rpc  string
		e    *leadmuxv1.Engagement
		want string
	}{
		{"CreateLead", nil, "PUT"},
		{"CreateLead", &leadmuxv1.Engagement{Closed: []*leadmuxv1.ClosedEngagement{{VendorLeadId: "x"}}}, "GET PUT"},
		{"UpdateLead", &leadmuxv1.Engagement{VendorLeadId: "x"}, "GET PUT"},
		{"EndConversation", &leadmuxv1.Engagement{VendorLeadId: "x"}, "PUT"},
	} {
		requests, _, err := write(t, a, c.rpc).Preview(adapters.LeadInput{Lead: lead, Engagement: c.e})
		if err != nil {
			t.Fatal(err)
		}
		var methods []string
		for _, r := range requests {
			methods = append(methods, r.GetMethod())
			if strings.Contains(r.String(), "s3cret") || strings.Contains(r.String(), "Callback") {
				t.Errorf("%s shows %v", c.rpc, r)
			}
		}
		if got := strings.Join(methods, " "); got != c.want {
			t.Errorf("%s would send %s, want %s", c.rpc, got, c.want)
		}
	}
}

// write is the adapter's way of an RPC.
func write(t *testing.T, a *convertalk.Adapter, rpc string) adapters.LeadWrite {
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

func mustNew(t *testing.T, cfg convertalk.Config) *convertalk.Adapter {
	t.Helper()
	a, err := convertalk.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

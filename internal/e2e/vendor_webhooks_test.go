package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// vendorHooks makes the calls of VendorWebhookService at one account.
type vendorHooks struct {
	t       *testing.T
	server  *harness.Server
	via     harness.Via
	key     string
	account string
	// answers are all that was answered, for a look at what they show.
	answers *strings.Builder
}

// try makes a call; more is what the request says beside the account.
func (h vendorHooks) try(rpc, more string) harness.Answer {
	h.t.Helper()
	answer, err := h.server.Do(context.Background(), harness.Call{
		Via: h.via, Method: "VendorWebhookService." + rpc, Key: h.key, Body: `{"account": "` + h.account + `"` + more + `}`,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.answers.Write(answer.Body)
	return answer
}

// refused makes a call that must be refused so.
func (h vendorHooks) refused(rpc, more string, code codes.Code, reason, says string) {
	h.t.Helper()
	if answer := h.try(rpc, more); answer.Code != code || answer.Reason() != reason || !strings.Contains(string(answer.Body), says) {
		h.t.Errorf("%s%s is answered %v %s, want %v %s and %q", rpc, more, answer.Code, answer.Body, code, reason, says)
	}
}

// create makes a webhook and returns its ID.
func (h vendorHooks) create(more, want string) string {
	h.t.Helper()
	answer, out := h.try("CreateVendorWebhook", more), leadmuxv1.CreateVendorWebhookResponse{}
	if err := protojson.Unmarshal(answer.Body, &out); err != nil || answer.Code != codes.OK {
		h.t.Fatalf("CreateVendorWebhook%s: %v %s", more, answer.Code, answer.Body)
	}
	if got := shownHook(out.GetVendorWebhook()); got != want || out.GetVendorWebhook().GetVendorWebhookId() == "" {
		h.t.Errorf("CreateVendorWebhook%s made %s, want %s", more, got, want)
	}
	return out.GetVendorWebhook().GetVendorWebhookId()
}

// list is what the vendor has, in its order.
func (h vendorHooks) list() []*leadmuxv1.VendorWebhook {
	h.t.Helper()
	answer, out := h.try("ListVendorWebhooks", ""), leadmuxv1.ListVendorWebhooksResponse{}
	if err := protojson.Unmarshal(answer.Body, &out); err != nil || answer.Code != codes.OK {
		h.t.Fatalf("ListVendorWebhooks: %v %s", answer.Code, answer.Body)
	}
	return out.GetVendorWebhooks()
}

func (h vendorHooks) lists(want ...string) {
	h.t.Helper()
	var got []string
	for _, hook := range h.list() {
		got = append(got, shownHook(hook))
		if word := strings.TrimPrefix(hook.GetEvent().String(), "VENDOR_WEBHOOK_EVENT_"); !strings.EqualFold(word, hook.GetVendorEvent()) {
			h.t.Errorf("the vendor's own word for %s is %q", word, hook.GetVendorEvent())
		}
	}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		h.t.Errorf("the vendor has %s, want %s", strings.Join(got, "; "), strings.Join(want, "; "))
	}
}

// shownHook is a webhook in a line.
func shownHook(hook *leadmuxv1.VendorWebhook) string {
	line := strings.TrimPrefix(hook.GetEvent().String(), "VENDOR_WEBHOOK_EVENT_LEAD_") + " " + hook.GetUrl()
	if hook.GetOwn() {
		line += " own"
	}
	if hook.GetTeam() {
		line += " team"
	}
	return line
}

func hooksAt(t *testing.T, env *harness.Env, via harness.Via, account string) vendorHooks {
	t.Helper()
	h := vendorHooks{t: t, server: env.Server, via: via, account: account, answers: &strings.Builder{}}
	t.Cleanup(func() {
		for _, secret := range env.Secrets() {
			if strings.Contains(h.answers.String(), secret) || strings.Contains(env.Server.Output(), secret) {
				t.Errorf("%s stands in an answer or in the log", secret)
			}
		}
	})
	return h
}

// TestVendorWebhooks makes, lists and ends webhooks at Verse. That URL and bearer are right shows in what arrives here.
func TestVendorWebhooks(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			env := suite.Start(t, harness.Options{})
			h := hooksAt(t, env, via, harness.Verse)
			own := "http://" + env.Server.HTTP + " own"
			id := h.create(`, "requestId": "hook-1"`, "ACTIVITY "+own)
			if again := h.create(`, "requestId": "hook-1"`, "ACTIVITY "+own); again != id {
				t.Errorf("the same request made %s, and before %s", again, id)
			}
			h.refused("CreateVendorWebhook", "", codes.AlreadyExists, "DUPLICATE_AT_VENDOR", "ListVendorWebhooks")
			h.refused("CreateVendorWebhook", `, "requestId": "hook-1", "vendorWebhook": {"team": true}`, codes.InvalidArgument, "REQUEST_ID_REUSED", "request_id")

			lead := env.Server.Client(via).Create(t, createPerson(1))
			harness.Eventually(t, settled, "Verse tells us of the lead", func() (string, bool) {
				status := harness.At(env.Server.Client(via).Get(t, lead.GetLeadId()), harness.Verse).GetVendorStatus()
				return status, status == "Lead Created"
			})

			h.create(`, "vendorWebhook": {"event": "VENDOR_WEBHOOK_EVENT_LEAD_QUALIFY", "team": true}`, "QUALIFY "+own+" team")
			h.create(`, "vendorWebhook": {"url": "http://127.0.0.1:9/a-secret-of-theirs?key=1", "event": "VENDOR_WEBHOOK_EVENT_LEAD_UNQUALIFY", "bearer": "theirs"}`,
				"UNQUALIFY http://127.0.0.1:9")
			h.lists("ACTIVITY "+own, "QUALIFY "+own+" team", "UNQUALIFY http://127.0.0.1:9")
			if strings.Contains(h.answers.String(), "a-secret-of-theirs") || strings.Contains(env.Server.Output(), "a-secret-of-theirs") {
				t.Error("another's URL stands in an answer or in the log")
			}
			if answer := h.try("DeleteVendorWebhook", `, "vendorWebhookId": "`+id+`"`); answer.Code != codes.OK {
				t.Errorf("%v %s", answer.Code, answer.Body)
			}
			h.refused("DeleteVendorWebhook", `, "vendorWebhookId": "`+id+`"`, codes.NotFound, "VENDOR_NOT_FOUND", "no such object")
			h.lists("QUALIFY "+own+" team", "UNQUALIFY http://127.0.0.1:9")
		})
	}
}

// TestVendorWebhooksOfAMember asks with a key that is not the team's primary one, for an account without a webhook of its own.
func TestVendorWebhooksOfAMember(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	for _, via := range harness.Vias() {
		h := hooksAt(t, env, via, "other-verse")
		h.key = harness.KeyOther
		h.refused("CreateVendorWebhook", "", codes.InvalidArgument, "INVALID_FIELD", "set accounts[].webhook of this account")
		theirs := `, "vendorWebhook": {"url": "http://127.0.0.1:9/` + string(via) + `"`
		h.refused("CreateVendorWebhook", theirs+`, "team": true}`, codes.InvalidArgument, "VENDOR_REFUSED", "vendor_webhook.team")
		id := h.create(theirs+`}`, "ACTIVITY http://127.0.0.1:9") // the account goes on
		h.account, h.key = harness.Verse, harness.KeyOne
		h.lists()
		h.refused("DeleteVendorWebhook", `, "vendorWebhookId": "`+id+`"`, codes.NotFound, "VENDOR_NOT_FOUND", "no such object")
		h.account, h.key = "other-verse", harness.KeyOther
		if answer := h.try("DeleteVendorWebhook", `, "vendorWebhookId": "`+id+`"`); answer.Code != codes.OK {
			t.Errorf("%v %s", answer.Code, answer.Body)
		}
	}
}

// TestVendorWebhooksThatAreRefused sends what must be refused before the vendor hears of it.
func TestVendorWebhooksThatAreRefused(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{NoPublicURL: true})
	for _, via := range harness.Vias() {
		h := hooksAt(t, env, via, harness.Verse)
		for webhook, says := range map[string]string{
			``:                                    "set public_url in the configuration, or give a URL",
			`"url": "leads.example.com"`:          "vendor_webhook.url: must be a URL",
			`"url": "http://leads.example.com/x"`: "vendor_webhook.url: must start with https://",
			`"url": "https://a:b@leads.example.com/x"`:                                            "vendor_webhook.url: must not hold a user",
			`"url": "https://leads.example.com/#x"`:                                               "vendor_webhook.url: must not hold a fragment",
			`"url": "https://leads.example.com/` + strings.Repeat("x", 2048) + `"`:                "vendor_webhook.url",
			`"url": "https://leads.example.com/x", "bearer": "two words"`:                         "vendor_webhook.bearer",
			`"url": "https://leads.example.com/x", "bearer": "` + strings.Repeat("b", 1001) + `"`: "vendor_webhook.bearer",
		} {
			h.refused("CreateVendorWebhook", `, "vendorWebhook": {`+webhook+`}`, codes.InvalidArgument, "INVALID_FIELD", says)
		}
		if answer := h.try("CreateVendorWebhook", `, "vendorWebhook": {"event": 7}`); answer.Code != codes.InvalidArgument || !strings.Contains(string(answer.Body), `"vendor_webhook.event"`) {
			t.Errorf("an unknown event is answered %v %s", answer.Code, answer.Body)
		}
		h.refused("DeleteVendorWebhook", `, "vendorWebhookId": "`+strings.Repeat("x", 201)+`"`, codes.InvalidArgument, "INVALID_FIELD", "vendor_webhook_id")
		h.account = "nobody"
		h.refused("ListVendorWebhooks", "", codes.NotFound, "ACCOUNT_NOT_FOUND", "there is no account")
		h.account = harness.UJET
		h.refused("CreateVendorWebhook", "", codes.Unimplemented, "CAPABILITY_NOT_SUPPORTED", "verse")
		h.account, h.key = harness.Verse, harness.KeyAccounts
		h.lists()
		h.refused("CreateVendorWebhook", "", codes.PermissionDenied, "SCOPE_MISSING", "accounts.write")
		h.refused("DeleteVendorWebhook", `, "vendorWebhookId": "1"`, codes.PermissionDenied, "SCOPE_MISSING", "accounts.write")
	}
	for _, r := range env.Vendors.Get(harness.Verse).Requests(t) {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s reached the vendor", r.Method, r.Path)
		}
	}
}

// TestVendorWebhooksOwnBearer: what goes with the account's own URL is its configured token and no other.
func TestVendorWebhooksOwnBearer(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	for _, via := range harness.Vias() {
		h := hooksAt(t, env, via, harness.Verse)
		h.refused("CreateVendorWebhook", `, "vendorWebhook": {"bearer": "another"}`, codes.InvalidArgument, "INVALID_FIELD", "vendor_webhook.bearer: leave it out")
	}
}

// TestVendorWebhookOfUnknownOutcome loses the answer to a webhook that was made: it is in doubt, and never made a second time.
func TestVendorWebhookOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			env := suite.Start(t, harness.Options{})
			h := hooksAt(t, env, via, harness.Verse)
			env.Vendors.Get(harness.Verse).Plan(t, kit.Fault{Method: http.MethodPost, Path: "/webhooks", After: true, Drop: true})
			for range 2 {
				h.refused("CreateVendorWebhook", `, "requestId": "hook-1"`, codes.Unknown, "OUTCOME_UNKNOWN", "operation_id")
			}
			h.lists("ACTIVITY http://" + env.Server.HTTP + " own")
		})
	}
}

// TestSandboxIsSubscribedByHand ends the webhook that the sandbox's Verse has from the start, and makes it anew.
func TestSandboxIsSubscribedByHand(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{Sandbox: true})
	h := vendorHooks{t: t, server: env.Server, via: harness.REST, account: harness.Verse, answers: &strings.Builder{}}
	own := "ACTIVITY http://" + env.Server.HTTP + " own"
	h.lists(own)
	if answer := h.try("DeleteVendorWebhook", `, "vendorWebhookId": "`+h.list()[0].GetVendorWebhookId()+`"`); answer.Code != codes.OK {
		t.Fatalf("%v %s", answer.Code, answer.Body)
	}
	h.lists()
	h.create("", own)
	s := sandboxRun{t: t, server: env.Server}
	var created leadmuxv1.CreateLeadResponse
	if err := protojson.Unmarshal(s.call("LeadService.CreateLead", sandboxLead), &created); err != nil {
		t.Fatal(err)
	}
	s.control(harness.Verse, "/activities", `{"zapierLeadId": "`+created.GetLead().GetLeadId()+`", "title": "Qualified Lead"}`)
	s.becomes(created.GetLead().GetLeadId(), harness.Verse, leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED)
}

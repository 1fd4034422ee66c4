package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// control makes a control call of one emulator.
func (s sandboxRun) control(vendor, path, body string) []byte {
	s.t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	answer, err := s.server.HTTPDo(context.Background(), method, "http://"+s.server.Admin+"/sandbox/"+vendor+path, []byte(body), "")
	if err != nil || answer.Status != http.StatusOK {
		s.t.Fatalf("%s%s %s: %v %s", vendor, path, body, err, answer.Body)
	}
	return answer.Body
}

// hooks waits until no emulator has a webhook left to send, and returns a vendor's.
func (s sandboxRun) hooks(vendor string) []kit.Hook {
	s.t.Helper()
	return harness.Eventually(s.t, 20*time.Second, "the webhooks of "+vendor+" are sent", func() ([]kit.Hook, bool) {
		var list struct{ Hooks []kit.Hook }
		if err := json.Unmarshal(s.control(vendor, "/hooks", ""), &list); err != nil {
			s.t.Fatal(err)
		}
		waiting := func(h kit.Hook) bool { return h.State == kit.HookWaiting }
		return list.Hooks, !slices.ContainsFunc(list.Hooks, waiting)
	})
}

// settled waits for all emulators.
func (s sandboxRun) settled() {
	s.t.Helper()
	for _, vendor := range allFour {
		s.hooks(vendor)
	}
}

// polled waits until Convertalk was asked for all that there is by now.
func (s sandboxRun) polled() {
	s.t.Helper()
	begin := time.Now()
	harness.Eventually(s.t, 20*time.Second, "Convertalk is polled", func() (time.Time, bool) {
		var out leadmuxv1.GetAccountResponse
		if err := protojson.Unmarshal(s.call("AccountService.GetAccount", `{"account": "convertalk"}`), &out); err != nil {
			s.t.Fatal(err)
		}
		last := out.GetAccount().GetHealth().GetLastPollTime().AsTime()
		return last, last.After(begin)
	})
}

// state is where the lead stands at an account, once it is as wanted.
func (s sandboxRun) becomes(leadID, account string, want leadmuxv1.EngagementState) {
	s.t.Helper()
	harness.Eventually(s.t, 20*time.Second, account+" is "+want.String(), func() (string, bool) {
		var out leadmuxv1.GetLeadResponse
		if err := protojson.Unmarshal(s.call("LeadService.GetLead", `{"leadId": "`+leadID+`"}`), &out); err != nil {
			s.t.Fatal(err)
		}
		state := harness.At(out.GetLead(), account).GetState()
		return state.String(), state == want
	})
}

// TestSandboxTellsUs plays the vendors: what happens there reaches us by their webhooks, each with the vendor's own proof.
func TestSandboxTellsUs(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{Sandbox: true})
	s := sandboxRun{t: t, server: env.Server}
	var created leadmuxv1.CreateLeadResponse
	if err := protojson.Unmarshal(s.call("LeadService.CreateLead", sandboxLead), &created); err != nil {
		t.Fatal(err)
	}
	id := created.GetLead().GetLeadId()

	s.control(harness.Verse, "/activities", `{"zapierLeadId": "`+id+`", "title": "Inbound SMS", "message": "Inbound SMS: Yes"}`)
	s.control(harness.Verse, "/activities", `{"zapierLeadId": "`+id+`", "title": "Qualified Lead"}`)
	s.becomes(id, harness.Verse, leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED)

	s.control(harness.UJET, "/chats/open", `{"identifier": "`+id+`", "menuId": 12, "text": "Hello?"}`)
	s.control(harness.UJET, "/calls/open", `{"phone": "+14155550142", "menuId": 11}`)
	s.control(harness.Convertalk, "/visitors", `{"name": "Amara", "email": "amara@example.com", "message": "Hello"}`)
	s.control(harness.Conversica, "/chatLead", `{"firstName": "Joris", "lastName": "Haddad", "email": "joris@example.com", "clientId": "sandbox"}`)
	for range 3 {
		s.control(harness.Conversica, "/script", `{"id": "`+id+`"}`)
	}
	s.control(harness.Conversica, "/script", `{"id": "`+id+`", "state": "requested_stop"}`)
	s.becomes(id, harness.Conversica, leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT)

	harness.Eventually(t, 20*time.Second, "the visitor turns up by itself", func() (string, bool) {
		list := string(s.call("LeadService.ListLeads", `{"account": "convertalk"}`))
		return list, strings.Contains(list, "amara@example.com")
	})
	for vendor, events := range map[string]string{
		harness.Verse:      "Lead Created, Inbound SMS, Qualified Lead",
		harness.UJET:       "chat_created, message_received, start, routing",
		harness.Conversica: "lead, message, create",
		harness.Convertalk: "newLeadHook, newMessageHook",
	} {
		told := map[string]bool{}
		for _, h := range s.hooks(vendor) {
			if h.State != kit.HookDelivered {
				t.Errorf("%s: %+v", vendor, h)
			}
			told[h.Event] = true
		}
		for event := range strings.SplitSeq(events, ", ") {
			if !told[event] {
				t.Errorf("%s told nothing of %s", vendor, event)
			}
		}
	}
}

// TestSandboxForgery lets an emulator prove itself wrongly: nothing changes here.
func TestSandboxForgery(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{Sandbox: true})
	s := sandboxRun{t: t, server: env.Server}
	var created leadmuxv1.CreateLeadResponse
	if err := protojson.Unmarshal(s.call("LeadService.CreateLead", sandboxLead), &created); err != nil {
		t.Fatal(err)
	}
	id := created.GetLead().GetLeadId()
	s.settled()
	for vendor, act := range map[string][2]string{
		harness.Verse:      {"/activities", `{"zapierLeadId": "` + id + `", "title": "Qualified Lead"}`},
		harness.Conversica: {"/script", `{"id": "` + id + `", "state": "requested_stop"}`},
		harness.UJET:       {"/chats/open", `{"identifier": "` + id + `", "menuId": 12, "text": "STOP"}`},
	} {
		s.patch(vendor, `{"hookRetryMs": []}`)
		s.control(vendor, "/hooks/faults", `{"badSignature": true, "count": -1}`)
		s.control(vendor, act[0], act[1])
		hooks := s.hooks(vendor)
		last := hooks[len(hooks)-1]
		if last.State != kit.HookFailed || last.Attempts[0].Status != http.StatusUnauthorized {
			t.Errorf("%s: %+v", vendor, last)
		}
	}
	var out leadmuxv1.GetLeadResponse
	if err := protojson.Unmarshal(s.call("LeadService.GetLead", `{"leadId": "`+id+`"}`), &out); err != nil {
		t.Fatal(err)
	}
	if states := harness.States(out.GetLead()); states != harness.AllActive {
		t.Errorf("engagements are %s", states)
	}
}

// patch changes an emulator's settings.
func (s sandboxRun) patch(vendor, body string) {
	s.t.Helper()
	answer, err := s.server.HTTPDo(context.Background(), http.MethodPatch, "http://"+s.server.Admin+"/sandbox/"+vendor+"/settings", []byte(body), "")
	if err != nil || answer.Status != http.StatusOK {
		s.t.Fatalf("%s settings: %v %s", vendor, err, answer.Body)
	}
}

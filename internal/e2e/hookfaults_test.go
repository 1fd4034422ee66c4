package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// twoHooks are, for each vendor, two things that happen one after the other, each of which it tells by one webhook that becomes one event
// of a type.
var twoHooks = map[string]struct {
	event, kind string // the vendor's word for the webhook, and ours for what it becomes
	path        string
	bodies      [2]string // with LEAD and CHAT for their IDs
}{
	harness.Verse: {"Inbound SMS", "lead.message", "/activities", [2]string{
		`{"zapierLeadId": "LEAD", "title": "Inbound SMS", "message": "one"}`, `{"zapierLeadId": "LEAD", "title": "Inbound SMS", "message": "two"}`,
	}},
	harness.Conversica: {"lead", "lead.flag", "/script", [2]string{
		`{"id": "LEAD", "state": "at_risk"}`, `{"id": "LEAD", "state": "hot"}`,
	}},
	harness.UJET: {"message_received", "chat.message", "/chats/message", [2]string{
		`{"chatId": CHAT, "from": "end_user", "text": "one"}`, `{"chatId": CHAT, "from": "end_user", "text": "two"}`,
	}},
	harness.Convertalk: {"newLeadHook", "vendor.other", "/visitors", [2]string{
		`{"name": "One", "email": "one-LEAD@example.com"}`, `{"name": "Two", "email": "two-LEAD@example.com"}`,
	}},
}

// hookFaults are the faults of webhooks, what they leave of two events, and what the first webhook is answered.
var hookFaults = map[string]struct {
	fault  string
	left   int
	answer int
}{
	"duplicate":    {`"duplicate": 4, "count": 2`, 2, http.StatusOK},
	"reorder":      {`"reorder": true`, 2, http.StatusOK},
	"delay":        {`"delayMs": 300`, 2, http.StatusOK},
	"drop":         {`"drop": true`, 1, 0},
	"badSignature": {`"badSignature": true`, 1, http.StatusUnauthorized},
}

// TestP11EveryFaultOfAWebhookLeavesWhatHappenedOnce lets each vendor's webhooks go wrong in each way.
func TestP11EveryFaultOfAWebhookLeavesWhatHappenedOnce(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{Sandbox: true})
	s := sandboxRun{t: t, server: env.Server}
	for vendor := range twoHooks {
		s.patch(vendor, `{"hookRetryMs": []}`)
	}
	for name := range hookFaults {
		var created leadmuxv1.CreateLeadResponse
		lead := fmt.Sprintf(`{"wait": "20s", "lead": {"firstName": "Ada", "email": "%s@example.com", "phone": "+1415555%04d"}}`, name, 100+len(name))
		if err := protojson.Unmarshal(s.call("LeadService.CreateLead", lead), &created); err != nil {
			t.Fatal(err)
		}
		for vendor := range twoHooks {
			t.Run(name+" at "+vendor, func(t *testing.T) { sandboxRun{t, env.Server}.goesWrong(name, vendor, created.GetLead().GetLeadId()) })
		}
	}
}

// goesWrong plays the two happenings of a vendor with a fault on the first.
func (s sandboxRun) goesWrong(name, vendor, leadID string) {
	s.t.Helper()
	does, fault := twoHooks[vendor], hookFaults[name]
	var chat struct{ ID int }
	if vendor == harness.UJET {
		opened := s.control(vendor, "/chats/open", fmt.Sprintf(`{"identifier": %q, "menuId": 12, "text": "zero"}`, leadID))
		if err := json.Unmarshal(opened, &chat); err != nil {
			s.t.Fatal(err)
		}
	}
	sent, before := len(s.hooks(vendor)), s.count(vendor, does.kind)
	s.control(vendor, "/hooks/faults", fmt.Sprintf(`{"event": %q, %s}`, does.event, fault.fault))
	for _, body := range does.bodies {
		s.control(vendor, does.path, strings.NewReplacer("LEAD", leadID, "CHAT", strconv.Itoa(chat.ID)).Replace(body))
	}
	hooks := s.hooks(vendor)[sent:]
	if got := s.count(vendor, does.kind) - before; got != fault.left {
		s.t.Errorf("of two events there are %d, want %d: %+v", got, fault.left, hooks)
	}
	first := slices.IndexFunc(hooks, func(h kit.Hook) bool { return h.Event == does.event })
	answer := fault.answer
	if answer == http.StatusUnauthorized && vendor == harness.Convertalk { // its address is its proof
		answer = http.StatusNotFound
	}
	if attempts := hooks[first].Attempts; answer == 0 && len(attempts) > 0 || answer != 0 && (len(attempts) == 0 || attempts[0].Status != answer) {
		s.t.Errorf("the first is answered %+v, want %d", attempts, answer)
	}
}

// count is how many events of a type there are at an account.
func (s sandboxRun) count(account, kind string) int {
	s.t.Helper()
	var out leadmuxv1.ListEventsResponse
	if err := protojson.Unmarshal(s.call("EventService.ListEvents", fmt.Sprintf(`{"account": %q, "types": [%q], "pageSize": 1000}`, account, kind)), &out); err != nil {
		s.t.Fatal(err)
	}
	return len(out.GetEvents())
}

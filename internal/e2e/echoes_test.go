package e2e_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// get makes a call and reads its response.
func (s sandboxRun) get(method, body string, into proto.Message) {
	s.t.Helper()
	if err := protojson.Unmarshal(s.call(method, body), into); err != nil {
		s.t.Fatal(err)
	}
}

// TestSandboxTellsUsOfOurOwnMessages: UJET tells of every message in a chat; of those that we sent nothing comes into the log, and all of
// the others do, the person's own of the same words among them.
func TestSandboxTellsUsOfOurOwnMessages(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{Sandbox: true})
	s := sandboxRun{t: t, server: env.Server}
	s.patch(harness.UJET, `{"ratePerSecond": 0}`) // a busy machine may let two requests arrive closer than they left
	var user leadmuxv1.UpsertEndUserResponse
	s.get("EndUserService.UpsertEndUser", `{"account": "ujet", "endUser": {"identifier": "crm-1001", "name": "Ada Byron"}}`, &user)
	var begun leadmuxv1.CreateChatResponse
	s.get("ChatService.CreateChat", `{"account": "ujet", "chat": {"menuId": "12", "lang": "en", "leadId": "`+user.GetEndUser().GetId()+`"}}`, &begun)
	ours := []string{"Yes", "Is it open today?", "Yes"}
	for _, text := range ours {
		s.call("ChatService.SendChatMessage", `{"chatId": "`+begun.GetChat().GetChatId()+`", "message": {"type": "text", "content": "`+text+`"}}`)
	}
	s.settled()
	s.control(harness.UJET, "/chats/status", `{"id": `+begun.GetChat().GetVendorChatId()+`, "status": "assigned", "agentId": 23}`)
	for from, text := range map[string]string{"end_user": "Yes", "agent": "Is it open today?"} {
		s.control(harness.UJET, "/chats/message", `{"chatId": `+begun.GetChat().GetVendorChatId()+`, "from": "`+from+`", "text": "`+text+`"}`)
	}
	told := slices.DeleteFunc(s.hooks(harness.UJET), func(h kit.Hook) bool { return h.Event != "message_received" })
	if len(told) != len(ours)+2 || slices.ContainsFunc(told, func(h kit.Hook) bool { return h.State != kit.HookDelivered }) {
		t.Errorf("the vendor told of %d messages: %+v", len(told), told)
	}
	var listed leadmuxv1.ListEventsResponse
	s.get("EventService.ListEvents", `{"types": ["chat.message"]}`, &listed)
	if len(listed.GetEvents()) != 2 {
		t.Errorf("%d messages are in the log, want those of the person and the agent: %v", len(listed.GetEvents()), listed.GetEvents())
	}
}

package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

const (
	callerPhone = "+14155550142"
	opSucceeded = leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED
)

// newSandbox is a service with its emulators, of which UJET has no limit.
func newSandbox(t *testing.T) (sandboxRun, harness.Client) {
	t.Helper()
	env := suite.Start(t, harness.Options{Sandbox: true})
	s := sandboxRun{t: t, server: env.Server}
	s.patch(harness.UJET, `{"ratePerSecond": 0}`)
	return s, env.Server.Client(harness.GRPC)
}

// atUJET makes a lead that UJET has as an end user.
func atUJET(t *testing.T, client harness.Client) string {
	t.Helper()
	lead := client.Create(t, &leadmuxv1.CreateLeadRequest{
		Lead: &leadmuxv1.Lead{FirstName: "Ada", Phone: callerPhone}, Accounts: []string{harness.UJET}, Wait: harness.Wait(20 * time.Second),
	})
	if state := harness.State(harness.At(lead, harness.UJET)); state != "ACTIVE" {
		t.Fatalf("UJET: %s", state)
	}
	return lead.GetLeadId()
}

// effects counts what requests to a path did at UJET.
func (s sandboxRun) effects(path string) int {
	s.t.Helper()
	var list struct{ Requests []kit.Request }
	if err := json.Unmarshal(s.control(harness.UJET, "/requests", ""), &list); err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, r := range list.Requests {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, path) && r.Effect != "" {
			n++
		}
	}
	return n
}

// write is one that UJET does once and no more, with what comes of it.
type write struct {
	method, path string
	request      proto.Message
}

// loses makes a write whose answer is lost after the vendor did it, and returns what the refusal names.
func (s sandboxRun) loses(client harness.Client, w write) map[string]string {
	s.t.Helper()
	s.control(harness.UJET, "/faults", `{"method": "POST", "path": "`+w.path+`", "exact": true, "after": true, "drop": true}`)
	answer := client.Try(s.t, w.method, w.request)
	if answer.Code != codes.Unknown || answer.Reason() != "OUTCOME_UNKNOWN" {
		s.t.Fatalf("%s: %v %s", w.method, answer.Code, answer.Body)
	}
	return metadataOf(answer)
}

// operation waits until an operation is as wanted.
func operationIs(t *testing.T, client harness.Client, id string, want leadmuxv1.OperationState) *leadmuxv1.Operation {
	t.Helper()
	return harness.Eventually(t, 20*time.Second, id+" is "+want.String(), func() (*leadmuxv1.Operation, bool) {
		var got leadmuxv1.GetOperationResponse
		client.Must(t, "OperationService.GetOperation", &leadmuxv1.GetOperationRequest{OperationId: id}, &got)
		return got.GetOperation(), got.GetOperation().GetState() == want
	})
}

// TestP3WhatIsInDoubtIsSettledByTheVendorsEvents loses the answer to each write that UJET does once and no more. UJET's events come late,
// twice and out of order, and settle it; there is one effect in UJET's ledger, and our ID is what callers were told, over a kill -9.
func TestP3WhatIsInDoubtIsSettledByTheVendorsEvents(t *testing.T) {
	t.Parallel()
	s, client := newSandbox(t)
	lead := atUJET(t, client)
	s.control(harness.UJET, "/hooks/faults", `{"faults": [
		{"event": "start", "delayMs": 1200, "duplicate": 2, "count": -1}, {"event": "chat_created", "delayMs": 1500, "duplicate": 1, "count": -1},
		{"event": "routing", "delayMs": 900, "reorder": true, "count": -1}, {"delayMs": 1000, "duplicate": 1, "count": -1}]}`)

	lost := s.loses(client, write{"CallService.CreateCall", "/calls", newCall("call-1")})
	op := operationIs(t, client, lost["operation_id"], opSucceeded)
	if op.GetProvenByEventId() == "" || len(op.GetReach()) > 0 {
		t.Errorf("%v", op)
	}
	var call leadmuxv1.GetCallResponse
	client.Must(t, "CallService.GetCall", &leadmuxv1.GetCallRequest{CallId: lost["call_id"]}, &call)
	if call.GetCall().GetVendorCallId() == "" || call.GetCall().GetEndUser().GetLeadId() != lead {
		t.Errorf("%v", &call)
	}

	lost = s.loses(client, write{"ChatService.SendSms", "/sms", &leadmuxv1.SendSmsRequest{
		Account: harness.UJET, EndUserNumber: callerPhone, OutboundNumber: "+14155550110", Message: "Hello", RequestId: "sms-1",
	}})
	operationIs(t, client, lost["operation_id"], opSucceeded)

	lost = s.loses(client, write{"ChatService.CreateChat", "/chats", &leadmuxv1.CreateChatRequest{
		Account: harness.UJET, Chat: &leadmuxv1.NewChat{MenuId: "12", LeadId: lead}, RequestId: "chat-1",
	}})
	operationIs(t, client, lost["operation_id"], opSucceeded)
	s.server.Kill9(t)
	s.server.Start(t)
	client = s.server.Client(harness.GRPC)
	var chat leadmuxv1.GetChatResponse
	client.Must(t, "ChatService.GetChat", &leadmuxv1.GetChatRequest{ChatId: lost["chat_id"]}, &chat)
	if chat.GetChat().GetChatId() != lost["chat_id"] || chat.GetChat().GetEndUser().GetLeadId() != lead {
		t.Errorf("%v", &chat)
	}

	s.control(harness.UJET, "/hooks/faults", `{"delayMs": 1000, "duplicate": 1, "count": -1}`)
	path := "/chats/" + chat.GetChat().GetVendorChatId() + "/message"
	lost = s.loses(client, write{"ChatService.SendChatMessage", path, &leadmuxv1.SendChatMessageRequest{
		ChatId: lost["chat_id"], Message: &leadmuxv1.ChatMessage{Type: "text", Content: "Is anybody there?"},
	}})
	operationIs(t, client, lost["operation_id"], opSucceeded)

	for _, one := range []string{"/calls", "/sms", "/chats", path} {
		if n := s.effects(one); n != 1 {
			t.Errorf("%d effects of POST %s", n, one)
		}
	}
	var doubts leadmuxv1.ListOperationsResponse
	client.Must(t, "OperationService.ListOperations", &leadmuxv1.ListOperationsRequest{State: leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT}, &doubts)
	if len(doubts.GetOperations()) > 0 {
		t.Errorf("%v", &doubts)
	}
}

// TestP3WithoutAnEventAPersonSettles loses the answer and every event: the call stays in doubt until somebody says what became of it.
func TestP3WithoutAnEventAPersonSettles(t *testing.T) {
	t.Parallel()
	s, client := newSandbox(t)
	atUJET(t, client)
	s.control(harness.UJET, "/hooks/faults", `{"drop": true, "count": -1}`)
	lost := s.loses(client, write{"CallService.CreateCall", "/calls", newCall("call-1")})
	s.settled()
	operationIs(t, client, lost["operation_id"], leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT)
	var resolved leadmuxv1.ResolveOperationResponse
	client.Must(t, "OperationService.ResolveOperation", &leadmuxv1.ResolveOperationRequest{
		OperationId: lost["operation_id"], Verdict: leadmuxv1.Verdict_VERDICT_HAPPENED, Reason: "seen in the agent's list",
	}, &resolved)
	if op := resolved.GetOperation(); op.GetState() != opSucceeded || op.GetProvenByEventId() != "" {
		t.Errorf("%v", op)
	}
	if n := s.effects("/calls"); n != 1 {
		t.Errorf("UJET made %d calls", n)
	}
}

// TestAStrangersChatIsOneOfOurs lets a person begin a chat at UJET. It has our ID by UJET's word alone; that ID goes on after a kill -9, for
// messages and for its end, and what becomes of it stands in the lead's story.
func TestAStrangersChatIsOneOfOurs(t *testing.T) {
	t.Parallel()
	s, client := newSandbox(t)
	s.control(harness.UJET, "/chats/open", `{"identifier": "crm-1001", "menuId": 11, "text": "Hello?"}`)
	s.settled()
	events := func(filter *leadmuxv1.ListEventsRequest) []*leadmuxv1.Event {
		t.Helper()
		var page leadmuxv1.ListEventsResponse
		client.Must(t, "EventService.ListEvents", filter, &page)
		return page.GetEvents()
	}
	created := events(&leadmuxv1.ListEventsRequest{Types: []string{"chat.created"}})
	if len(created) != 1 || created[0].GetLeadId() == "" {
		t.Fatalf("%v", created)
	}
	id, lead := created[0].GetChatId(), created[0].GetLeadId()
	said := events(&leadmuxv1.ListEventsRequest{ChatId: id, Types: []string{"chat.message"}})
	if len(said) != 1 || said[0].GetMessage().GetText() != "Hello?" || said[0].GetLeadId() != lead {
		t.Errorf("%v", said)
	}
	s.server.Kill9(t)
	s.server.Start(t)
	client = s.server.Client(harness.GRPC)
	var sent leadmuxv1.SendChatMessageResponse
	client.Must(t, "ChatService.SendChatMessage", &leadmuxv1.SendChatMessageRequest{
		ChatId: id, Message: &leadmuxv1.ChatMessage{Type: "text", Content: "Still there?"},
	}, &sent)
	var ended leadmuxv1.UpdateChatResponse
	client.Must(t, "ChatService.UpdateChat", &leadmuxv1.UpdateChatRequest{
		Chat: &leadmuxv1.Chat{ChatId: id, Status: leadmuxv1.ChatStatus_CHAT_STATUS_FINISHED}, FinishedByLeadId: lead,
	}, &ended)
	s.settled()
	all := events(&leadmuxv1.ListEventsRequest{LeadId: lead})
	over := false
	for _, e := range all {
		if e.GetType() != "lead.created" && e.GetChatId() != id {
			t.Errorf("%v", e)
		}
		over = over || e.GetChatChanged().GetStep().GetStep() == "chat_ended"
	}
	if !over {
		t.Errorf("nothing tells of the end: %v", all)
	}
	answer, err := s.server.HTTPDo(context.Background(), http.MethodGet, "http://"+s.server.HTTP+"/v1/events:unattributed", nil, "")
	if err != nil || strings.Contains(string(answer.Body), "deliveryId") {
		t.Errorf("%v %s", err, answer.Body)
	}
}

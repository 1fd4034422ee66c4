package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// newCall is a call to an invented person, by an agent that the emulator has.
func newCall(requestID string) *leadmuxv1.CreateCallRequest {
	return &leadmuxv1.CreateCallRequest{Account: harness.UJET, RequestId: requestID, Form: &leadmuxv1.CreateCallRequest_OutboundByNumber{
		OutboundByNumber: &leadmuxv1.OutboundCallByNumber{
			AgentEmail: "ana@agents.example.com", EndUserNumber: "+14155550142", OutboundNumber: "+14155550110", MenuId: "11",
		},
	}}
}

// createdAt are the records that a vendor's ledger says were made by requests to a path.
func createdAt(t *testing.T, v *harness.Vendor, path string) []string {
	t.Helper()
	var records []string
	for _, r := range v.Requests(t) {
		if r.Method == "POST" && r.Path == path && r.Effect == kit.EffectCreated {
			records = append(records, r.Record)
		}
	}
	return records
}

// TestP2ACallIsNeverMadeTwice loses the vendor's answer after it made the call: the caller learns that nobody knows, a repetition sends
// nothing, a restart changes nothing, and a person settles it.
func TestP2ACallIsNeverMadeTwice(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			callInDoubt(t, via)
		})
	}
}

func callInDoubt(t *testing.T, via harness.Via) {
	t.Helper()
	env := suite.Start(t, harness.Options{})
	vendor := env.Vendors.Get(harness.UJET)
	vendor.Plan(t, kit.Fault{Method: "POST", Path: "/calls", Exact: true, Drop: true, After: true})
	client := env.Server.Client(via)
	var ids map[string]string
	for range 2 {
		answer := client.Try(t, "CallService.CreateCall", newCall("call-1"))
		if answer.Code != codes.Unknown || answer.Reason() != "OUTCOME_UNKNOWN" {
			t.Fatalf("%v %s", answer.Code, answer.Body)
		}
		ids = metadataOf(answer)
	}
	env.Server.Kill9(t)
	env.Server.Start(t)
	client = env.Server.Client(via)
	made := createdAt(t, vendor, "/calls")
	if len(made) != 1 {
		t.Fatalf("the vendor made %d calls", len(made))
	}
	var call leadmuxv1.GetCallResponse
	client.Must(t, "CallService.GetCall", &leadmuxv1.GetCallRequest{CallId: ids["call_id"]}, &call)
	if call.GetCall().GetVendorCallId() != "" {
		t.Errorf("%v", &call)
	}
	var op leadmuxv1.GetOperationResponse
	client.Must(t, "OperationService.GetOperation", &leadmuxv1.GetOperationRequest{OperationId: ids["operation_id"]}, &op)
	if op.GetOperation().GetState() != leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT || op.GetOperation().GetCallId() != ids["call_id"] {
		t.Errorf("%v", &op)
	}
	var resolved leadmuxv1.ResolveOperationResponse
	client.Must(t, "OperationService.ResolveOperation", &leadmuxv1.ResolveOperationRequest{
		OperationId: ids["operation_id"], Verdict: leadmuxv1.Verdict_VERDICT_HAPPENED, Reason: "seen in the agent's list",
	}, &resolved)
	if resolved.GetOperation().GetState() != leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED {
		t.Errorf("%v", &resolved)
	}
	var linked leadmuxv1.LinkCallResponse
	client.Must(t, "CallService.LinkCall", &leadmuxv1.LinkCallRequest{Account: harness.UJET, VendorCallId: made[0], CallId: ids["call_id"]}, &linked)
	yes := true
	var flags leadmuxv1.UpdateCallCustomerFlagsResponse
	client.Must(t, "CallService.UpdateCallCustomerFlags", &leadmuxv1.UpdateCallCustomerFlagsRequest{
		CallId: ids["call_id"], CustomerFlags: &leadmuxv1.CustomerFlags{RepeatCustomer: &yes},
	}, &flags)
	if !flags.GetCustomerFlags().GetRepeatCustomer() {
		t.Errorf("%v", &flags)
	}
}

// TestP2NothingIsSaidTwice loses the vendor's answer after it sent a text message, began a chat or put a message into one: a repetition
// and a restart send nothing, the vendor did it once, and a person settles it.
func TestP2NothingIsSaidTwice(t *testing.T) {
	inCentre(t, harness.Options{}, func(t *testing.T, c centre) {
		chatID, leadID := c.aChat(t, "crm-1001")
		for _, one := range []struct{ rpc, path, body string }{
			{"SendSms", "/sms", `{"endUserNumber": "+14155550142", "outboundNumber": "+14155550110", "message": "Hello", "requestId": "once-1"}`},
			{"CreateChat", "/chats", `{"chat": {"menuId": "12", "leadId": "` + leadID + `"}, "requestId": "once-1"}`},
			{"SendChatMessage", "/message", `{"chatId": "` + chatID + `", "message": {"type": "text", "content": "Hello"}, "requestId": "once-1"}`},
		} {
			vendor := c.env.Vendors.Get(harness.UJET)
			effects := func() (n int) {
				for _, r := range vendor.Requests(t) {
					if r.Method == http.MethodPost && strings.HasSuffix(r.Path, one.path) && r.Effect != "" {
						n++
					}
				}
				return n
			}
			before := effects()
			path := one.path
			if path == "/message" {
				path = "/chats/"
			}
			vendor.Plan(t, kit.Fault{Method: http.MethodPost, Path: path, Drop: true, After: true})
			var ids map[string]string
			for attempt := range 3 {
				answer := c.try(t, one.rpc, one.body)
				if answer.Code != codes.Unknown || answer.Reason() != "OUTCOME_UNKNOWN" {
					t.Fatalf("%s, attempt %d: %v %s", one.rpc, attempt, answer.Code, answer.Body)
				}
				if ids = metadataOf(answer); attempt == 1 {
					c.env.Server.Kill9(t)
					c.env.Server.Start(t)
				}
			}
			if n := effects() - before; n != 1 {
				t.Errorf("%s: the vendor did it %d times", one.rpc, n)
			}
			client := c.env.Server.Client(c.via)
			var op leadmuxv1.GetOperationResponse
			client.Must(t, "OperationService.GetOperation", &leadmuxv1.GetOperationRequest{OperationId: ids["operation_id"]}, &op)
			if op.GetOperation().GetState() != leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT || op.GetOperation().GetMethod() != one.rpc {
				t.Errorf("%s: %v", one.rpc, &op)
			}
			var resolved leadmuxv1.ResolveOperationResponse
			client.Must(t, "OperationService.ResolveOperation", &leadmuxv1.ResolveOperationRequest{
				OperationId: ids["operation_id"], Verdict: leadmuxv1.Verdict_VERDICT_HAPPENED, Reason: "seen at the vendor",
			}, &resolved)
			if resolved.GetOperation().GetState() != leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED {
				t.Errorf("%s: %v", one.rpc, &resolved)
			}
		}
	})
}

// TestACallThatAnAgentMustPlace asks for a call whose number the agent has to choose: it is accepted, which is neither made nor refused.
func TestACallThatAnAgentMustPlace(t *testing.T) {
	inCentre(t, harness.Options{}, func(t *testing.T, c centre) {
		c.env.Vendors.Get(harness.UJET).Set(t, `{"defaultNumber": ""}`)
		type call struct {
			Accepted bool
			Call     struct {
				CallID, VendorCallID string
				Accepted             bool
			}
		}
		var made, kept call
		c.ask(t, "CreateCall", `{"outboundByNumber": {"agentEmail": "ana@agents.example.com", "endUserNumber": "+14155550142"}}`, &made)
		answer := c.env.Server.Client(c.via).Try(t, "CallService.GetCall", &leadmuxv1.GetCallRequest{CallId: made.Call.CallID})
		if err := json.Unmarshal(answer.Body, &kept); err != nil || !made.Accepted || !kept.Call.Accepted || kept.Call.VendorCallID != "" {
			t.Errorf("%+v, then %s", made, answer.Body)
		}
	})
}

// metadataOf is the metadata of a refusal.
func metadataOf(answer harness.Answer) map[string]string {
	for _, d := range answer.Refusal().Details {
		if len(d.Metadata) > 0 {
			return d.Metadata
		}
	}
	return nil
}

// TestAChatFromItsBeginningToItsEnd works on a chat by our IDs alone, over a restart; the vendor's are nowhere but where they are
// promised.
func TestAChatFromItsBeginningToItsEnd(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			wholeChat(t, via)
		})
	}
}

func wholeChat(t *testing.T, via harness.Via) {
	t.Helper()
	env := suite.Start(t, harness.Options{})
	client := env.Server.Client(via)
	var user leadmuxv1.UpsertEndUserResponse
	client.Must(t, "EndUserService.UpsertEndUser", &leadmuxv1.UpsertEndUserRequest{
		Account: harness.UJET, EndUser: &leadmuxv1.EndUser{Identifier: "crm-1001", Name: "Ada Byron"},
	}, &user)
	lead := user.GetEndUser().GetId()
	var begun leadmuxv1.CreateChatResponse
	client.Must(t, "ChatService.CreateChat", &leadmuxv1.CreateChatRequest{
		Account: harness.UJET, Chat: &leadmuxv1.NewChat{MenuId: "12", LeadId: lead, Lang: "en"},
	}, &begun)
	chat := begun.GetChat().GetChatId()
	if !strings.HasPrefix(lead, "lead_") || !strings.HasPrefix(chat, "chat_") || begun.GetChat().GetEndUser().GetLeadId() != lead {
		t.Fatalf("%s, %v", lead, &begun)
	}
	var sent leadmuxv1.SendChatMessageResponse
	client.Must(t, "ChatService.SendChatMessage", &leadmuxv1.SendChatMessageRequest{
		ChatId: chat, Message: &leadmuxv1.ChatMessage{Type: "text", Content: "Hello"},
	}, &sent)
	env.Server.Kill9(t)
	env.Server.Start(t)
	client = env.Server.Client(via)
	if answer := client.Try(t, "ChatService.ResumeChat", &leadmuxv1.ResumeChatRequest{ChatId: chat}); answer.Reason() != "VENDOR_WRONG_STATE" {
		t.Errorf("a chat that runs was resumed: %v %s", answer.Code, answer.Body)
	}
	var ended leadmuxv1.UpdateChatResponse
	client.Must(t, "ChatService.UpdateChat", &leadmuxv1.UpdateChatRequest{
		Chat: &leadmuxv1.Chat{ChatId: chat, Status: leadmuxv1.ChatStatus_CHAT_STATUS_FINISHED}, FinishedByLeadId: lead,
	}, &ended)
	var got leadmuxv1.GetChatResponse
	client.Must(t, "ChatService.GetChat", &leadmuxv1.GetChatRequest{ChatId: chat}, &got)
	if got.GetChat().GetStatus() != leadmuxv1.ChatStatus_CHAT_STATUS_FINISHED || got.GetChat().GetChatId() != chat {
		t.Errorf("%v", &got)
	}
}

package service_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// outbound is a call to a number.
func outbound(requestID string) *leadmuxv1.CreateCallRequest {
	return &leadmuxv1.CreateCallRequest{Account: "support", RequestId: requestID, Form: &leadmuxv1.CreateCallRequest_OutboundByNumber{
		OutboundByNumber: &leadmuxv1.OutboundCallByNumber{AgentEmail: "agent@example.com", EndUserNumber: "(415) 555-0142"},
	}}
}

// made makes the desk answer a call or chat with its ID and person.
func made(vendorID, endUser string) func(request, response proto.Message) (int, error) {
	return func(_, response proto.Message) (int, error) {
		switch response := response.(type) {
		case *leadmuxv1.CreateCallResponse:
			response.Call = &leadmuxv1.Call{CallId: vendorID, Status: leadmuxv1.CallStatus_CALL_STATUS_ASSIGNED, VendorStatus: "assigned"}
			if endUser != "" {
				response.Call.EndUser = &leadmuxv1.SessionEndUser{LeadId: endUser}
			}
		case *leadmuxv1.SendSmsResponse:
			response.Chat = &leadmuxv1.Chat{ChatId: vendorID, Status: leadmuxv1.ChatStatus_CHAT_STATUS_SELECTING, VendorStatus: "selecting"}
		}
		return 201, nil
	}
}

func lostAnswer(rpc string) func(request, response proto.Message) (int, error) {
	return func(_, _ proto.Message) (int, error) {
		return 0, &adapters.Error{Vendor: "ujet", Op: rpc, Kind: adapters.KindUnavailable, Ambiguous: true}
	}
}

func (c *counter) createCall(request *leadmuxv1.CreateCallRequest) (*leadmuxv1.CreateCallResponse, error) {
	c.t.Helper()
	got, err := c.call(c.ctx, "CreateCall", request)
	response, _ := got.(*leadmuxv1.CreateCallResponse)
	return response, err
}

func (c *counter) getCall(id string) *leadmuxv1.Call {
	c.t.Helper()
	got, err := c.call(c.ctx, "GetCall", &leadmuxv1.GetCallRequest{CallId: id})
	if err != nil {
		c.t.Fatal(err)
	}
	return got.(*leadmuxv1.GetCallResponse).GetCall()
}

func TestACallIsMadeOnceAndKeptUnderOurID(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.desk.does["CreateCall"] = made("32001", "7731")
		first, err := c.createCall(outbound("r-1"))
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.createCall(outbound("r-1"))
		if err != nil || len(c.desk.asked) != 1 || !proto.Equal(first, again) {
			t.Errorf("%v\n%v, asked %d times: %v", first, again, len(c.desk.asked), err)
		}
		sent := c.desk.asked[0].(*leadmuxv1.CreateCallRequest).GetOutboundByNumber()
		if sent.GetEndUserNumber() != "+14155550142" {
			t.Errorf("sent %v", sent)
		}
		call := c.getCall(first.GetCall().GetCallId())
		if !proto.Equal(call, first.GetCall()) || call.GetVendorCallId() != "32001" || call.GetAccount() != "support" || call.GetEndUser().GetLeadId()[:5] != "lead_" {
			t.Errorf("%v", call)
		}
		equal(t, "events", c.events(), []string{"lead.created", "call.created"})
		found, err := c.call(c.ctx, "LookupCall", &leadmuxv1.LookupCallRequest{Account: "support", VendorCallId: "32001"})
		if err != nil || !proto.Equal(found.(*leadmuxv1.LookupCallResponse).GetCall(), call) {
			t.Errorf("%v %v", found, err)
		}
		listed, err := c.call(c.ctx, "ListCalls", &leadmuxv1.ListCallsRequest{LeadId: call.GetEndUser().GetLeadId()})
		if err != nil || len(listed.(*leadmuxv1.ListCallsResponse).GetCalls()) != 1 {
			t.Errorf("%v %v", listed, err)
		}
	})
}

func TestACallWhoseAnswerIsLostStaysInDoubtAndIsNotMadeAgain(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.desk.does["CreateCall"] = lostAnswer("CreateCall")
		_, err := c.createCall(outbound("r-1"))
		first := refused(t, err, codes.Unknown, "OUTCOME_UNKNOWN")
		_, err = c.createCall(outbound("r-1"))
		again := refused(t, err, codes.Unknown, "OUTCOME_UNKNOWN")
		if len(c.desk.asked) != 1 || first.metadata["operation_id"] != again.metadata["operation_id"] {
			t.Errorf("asked %d times, %v %v", len(c.desk.asked), first.metadata, again.metadata)
		}
		call := c.getCall(first.metadata["call_id"])
		if call.GetVendorCallId() != "" || call.GetStatus() != leadmuxv1.CallStatus_CALL_STATUS_UNSPECIFIED {
			t.Errorf("%v", call)
		}
		if op := c.operation(first.metadata["operation_id"]); op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT || op.GetCallId() != call.GetCallId() {
			t.Errorf("%v", op)
		}
		equal(t, "events", c.events(), []string{"call.created", "operation.in_doubt"})
		c.desk.does["UpdateCallEndUser"] = func(_, _ proto.Message) (int, error) { return 202, nil }
		update := &leadmuxv1.UpdateCallEndUserRequest{CallId: call.GetCallId(), Identifier: "c-1"}
		_, err = c.call(c.ctx, "UpdateCallEndUser", update)
		refused(t, err, codes.FailedPrecondition, "NOT_AT_ACCOUNT", "call_id")
		if _, err := c.call(c.ctx, "LinkCall", &leadmuxv1.LinkCallRequest{Account: "support", VendorCallId: "32001", CallId: call.GetCallId()}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.call(c.ctx, "UpdateCallEndUser", update); err != nil {
			t.Fatal(err)
		}
		if sent := c.desk.asked[1].(*leadmuxv1.UpdateCallEndUserRequest); sent.GetCallId() != "32001" {
			t.Errorf("sent %v", sent)
		}
	})
}

func TestACallThatAnAgentMustPlaceIsAccepted(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.desk.does["CreateCall"] = func(_, response proto.Message) (int, error) {
			response.(*leadmuxv1.CreateCallResponse).Accepted = true
			return 202, nil
		}
		got, err := c.createCall(outbound(""))
		if err != nil {
			t.Fatal(err)
		}
		if call := c.getCall(got.GetCall().GetCallId()); !got.GetAccepted() || !call.GetAccepted() || call.GetVendorCallId() != "" {
			t.Errorf("%v %v", got, call)
		}
	})
}

func TestARefusedCallLeavesNoCall(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.desk.does["CreateCall"] = func(_, _ proto.Message) (int, error) {
			return 400, &adapters.Error{Vendor: "ujet", Op: "CreateCall", Kind: adapters.KindInvalid, Status: 400}
		}
		_, err := c.createCall(outbound(""))
		refused(t, err, codes.InvalidArgument, "VENDOR_REFUSED")
		listed, err := c.call(c.ctx, "ListCalls", &leadmuxv1.ListCallsRequest{})
		if err != nil || len(listed.(*leadmuxv1.ListCallsResponse).GetCalls()) != 0 {
			t.Errorf("%v %v", listed, err)
		}
	})
}

func TestACallIsRefusedBeforeAnythingIsSent(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.desk.does["CreateCall"] = made("32001", "")
		scheduled := func(change func(*leadmuxv1.ScheduledCall)) *leadmuxv1.CreateCallRequest {
			call := &leadmuxv1.ScheduledCall{ScheduledAt: timestamppb.New(time.Now().Add(time.Hour)), MenuId: "12", EndUserNumber: "+14155550142"}
			change(call)
			return &leadmuxv1.CreateCallRequest{Account: "support", Form: &leadmuxv1.CreateCallRequest_Scheduled{Scheduled: call}}
		}
		inbound := func(number, ticket string) *leadmuxv1.CreateCallRequest {
			call := &leadmuxv1.InboundCall{MenuId: "11", EndUserNumber: number, TicketId: ticket}
			return &leadmuxv1.CreateCallRequest{Account: "support", Form: &leadmuxv1.CreateCallRequest_Inbound{Inbound: call}}
		}
		wrongNumber := outbound("")
		wrongNumber.GetOutboundByNumber().EndUserNumber = "call me"
		for name, bad := range map[string]struct {
			request *leadmuxv1.CreateCallRequest
			fields  []string
		}{
			"in the past": {scheduled(func(s *leadmuxv1.ScheduledCall) { s.ScheduledAt = timestamppb.New(time.Now()) }), []string{"scheduled.scheduled_at"}},
			"no queue":    {scheduled(func(s *leadmuxv1.ScheduledCall) { s.MenuId = "" }), []string{"scheduled.menu_id"}},
			"nobody":      {inbound("", ""), []string{"inbound.end_user_number", "inbound.ticket_id"}},
			"both":        {inbound("+14155550142", "4711"), []string{"inbound.end_user_number", "inbound.ticket_id"}},
			"no number":   {wrongNumber, []string{"outbound_by_number.end_user_number"}},
		} {
			t.Log(name) // no t.Run within a bubble
			_, err := c.createCall(bad.request)
			refused(t, err, codes.InvalidArgument, "INVALID_FIELD", bad.fields...)
		}
		if len(c.desk.asked)+len(c.events()) > 0 {
			t.Errorf("asked %v, events %v", c.desk.asked, c.events())
		}
	})
}

func TestP10ADirectWriteToWhoOptedOutIsNotMade(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.desk.does["CreateCall"] = made("32001", "")
		if err := c.store.Update(t.Context(), func(tx idmap.Tx) error {
			return tx.PutSuppression("default", &leadmuxv1.Suppression{
				SuppressionId: "sup_01k3sc8yhhfg2sp7jx5w0c1zze", Scope: leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL, Blocked: []leadmuxv1.ContactChannel{leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL},
			}, []idmap.PersonKey{{Kind: idmap.PersonPhone, Value: "+14155550142"}})
		}); err != nil {
			t.Fatal(err)
		}
		_, err := c.createCall(outbound("r-1"))
		refused(t, err, codes.FailedPrecondition, "PERSON_SUPPRESSED", "outbound_by_number.end_user_number")
		c.desk.does["SendSms"] = made("991", "")
		_, err = c.call(c.ctx, "SendSms", &leadmuxv1.SendSmsRequest{Account: "support", EndUserNumber: "415 555 0142", OutboundNumber: "+17605550199", Message: "Hello"})
		refused(t, err, codes.FailedPrecondition, "PERSON_SUPPRESSED", "end_user_number")
		if len(c.desk.asked)+len(c.events()) > 0 {
			t.Errorf("asked %v, events %v", c.desk.asked, c.events())
		}
	})
}

func TestAChatIsResumedOnlyWhenDismissed(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.desk.does["SendSms"] = made("991", "")
		sent, err := c.call(c.ctx, "SendSms", &leadmuxv1.SendSmsRequest{Account: "support", EndUserNumber: "+14155550142", OutboundNumber: "+17605550199", Message: "Hello"})
		if err != nil {
			t.Fatal(err)
		}
		id := sent.(*leadmuxv1.SendSmsResponse).GetChat().GetChatId()
		resume := func() error {
			_, err := c.call(c.ctx, "ResumeChat", &leadmuxv1.ResumeChatRequest{ChatId: id})
			return err
		}
		status := func(to leadmuxv1.ChatStatus, word string) func(_, response proto.Message) (int, error) {
			return func(_, response proto.Message) (int, error) {
				chat := &leadmuxv1.Chat{ChatId: "991", Status: to, VendorStatus: word}
				switch response := response.(type) {
				case *leadmuxv1.GetChatResponse:
					response.Chat = chat
				case *leadmuxv1.ResumeChatResponse:
					response.Chat = chat
				}
				return 200, nil
			}
		}
		c.desk.does["ResumeChat"] = status(leadmuxv1.ChatStatus_CHAT_STATUS_QUEUED, "queued")
		refused(t, resume(), codes.FailedPrecondition, "VENDOR_WRONG_STATE")
		c.desk.does["GetChat"] = status(leadmuxv1.ChatStatus_CHAT_STATUS_DISMISSED, "dismissed")
		if _, err := c.call(c.ctx, "GetChat", &leadmuxv1.GetChatRequest{ChatId: id}); err != nil {
			t.Fatal(err)
		}
		if err := resume(); err != nil {
			t.Fatal(err)
		}
		refused(t, resume(), codes.FailedPrecondition, "VENDOR_WRONG_STATE")
		equal(t, "events", c.events(), []string{"chat.created", "chat.changed", "chat.changed"})
		_, err = c.call(c.ctx, "GetChat", &leadmuxv1.GetChatRequest{ChatId: id, Account: "slow"})
		refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "account")
		c.desk.does["UpdateChat"] = func(_, _ proto.Message) (int, error) { return 200, nil }
		_, err = c.call(c.ctx, "UpdateChat", &leadmuxv1.UpdateChatRequest{Chat: &leadmuxv1.Chat{ChatId: id, Lang: "en"}})
		refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "chat.lang")
		_, err = c.call(c.ctx, "SendChatMessage", &leadmuxv1.SendChatMessageRequest{ChatId: id, Message: &leadmuxv1.ChatMessage{Type: "photo", Content: "x"}})
		refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "message")
	})
}

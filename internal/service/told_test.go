package service_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// stepped is what the desk tells of a call or chat by itself.
func stepped(key string, session proto.Message, at time.Time) adapters.VendorEvent {
	kind := "call.changed"
	if _, ok := session.(*leadmuxv1.Chat); ok {
		kind = "chat.changed"
	}
	return adapters.VendorEvent{Key: key, Lasting: true, Session: session, Event: &leadmuxv1.Event{
		Type: kind, VendorTime: timestamppb.New(at), Detail: &leadmuxv1.Event_SessionChanged{SessionChanged: &leadmuxv1.SessionChanged{Step: key}},
	}}
}

// callIs and chatIs are a call and a chat as the desk tells of them; an empty word tells nothing of the status.
func callIs(vendorID, endUser, word string, status leadmuxv1.CallStatus) *leadmuxv1.Call {
	call := &leadmuxv1.Call{CallId: vendorID, VendorStatus: word, Status: status}
	if endUser != "" {
		call.EndUser = &leadmuxv1.SessionEndUser{LeadId: endUser}
		call.Participants = []*leadmuxv1.SessionParticipant{{Id: "1", Type: "end_user", CallId: vendorID, LeadId: endUser}}
	}
	return call
}

func chatIs(vendorID, endUser, word string, status leadmuxv1.ChatStatus) *leadmuxv1.Chat {
	chat := &leadmuxv1.Chat{ChatId: vendorID, VendorStatus: word, Status: status}
	if endUser != "" {
		chat.EndUser = &leadmuxv1.SessionEndUser{LeadId: endUser}
	}
	return chat
}

// typed is a message of the person in a chat.
func typed(key, vendorID, text string, at time.Time) adapters.VendorEvent {
	return adapters.VendorEvent{
		Key: key, Event: &leadmuxv1.Event{Type: "chat.message", VendorTime: timestamppb.New(at), Detail: &leadmuxv1.Event_Message{
			Message: &leadmuxv1.ConversationMessage{
				Direction: leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND, Channel: leadmuxv1.MessageChannel_MESSAGE_CHANNEL_CHAT,
				MediaType: "text", Text: text, SenderType: "end_user",
			},
		}},
		Session: &leadmuxv1.Chat{ChatId: vendorID, LastMessage: &leadmuxv1.LastMessage{Time: timestamppb.New(at), By: "end_user", Text: text}},
	}
}

// told is a delivery of the desk's to account support.
func (c *counter) told(events ...adapters.VendorEvent) {
	c.t.Helper()
	account, _ := c.set.Get("default", "support")
	for _, event := range events {
		switch session := event.Session.(type) {
		case *leadmuxv1.Call:
			event.VendorCallID = session.GetCallId()
		case *leadmuxv1.Chat:
			event.VendorChatID = session.GetChatId()
		}
		c.desk.tells[event.Key] = event
		if err := c.leads.Receive(context.Background(), account, "", []byte(event.Key), []adapters.VendorEvent{event}); err != nil {
			c.t.Fatal(err)
		}
	}
}

// person makes a lead that the desk has under an ID of its own.
func (c *counter) person(vendorID, phone string) string {
	c.t.Helper()
	lead := &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead), Phone: phone, CreateTime: timestamppb.Now(), Engagements: []*leadmuxv1.Engagement{{
		Account: "support", Vendor: "ujet", VendorLeadId: vendorID, State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE,
	}}}
	err := c.store.Update(context.Background(), func(tx idmap.Tx) error {
		if err := tx.PutLead("default", lead); err != nil {
			return err
		}
		return tx.Bind("default", idmap.VendorRef{Account: "support", Kind: idmap.KindLead, VendorID: vendorID}, lead.GetLeadId())
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return lead.GetLeadId()
}

// about are the events that filter lets through.
func (c *counter) about(filter idmap.EventFilter) []*leadmuxv1.Event {
	c.t.Helper()
	var page idmap.EventPage
	c.view(func(r idmap.Reader) (err error) {
		page, err = r.ListEvents("default", filter, "", 1000)
		return err
	})
	return page.Events
}

// ours is our ID of a call or chat of the desk's.
func (c *counter) ours(kind idmap.Kind, vendorID string) string {
	c.t.Helper()
	var id string
	c.view(func(r idmap.Reader) (err error) {
		id, err = r.Owner("default", idmap.VendorRef{Account: "support", Kind: kind, VendorID: vendorID})
		return err
	})
	return id
}

func (c *counter) chatNow(id string) *leadmuxv1.Chat {
	c.t.Helper()
	var chat *leadmuxv1.Chat
	c.view(func(r idmap.Reader) (err error) {
		chat, err = r.Chat("default", id)
		return err
	})
	return chat
}

// sound has the index verified.
func (c *counter) sound() {
	c.t.Helper()
	report, err := c.store.Verify(context.Background())
	if err != nil || len(report.Problems) > 0 {
		c.t.Errorf("%v %v", report.Problems, err)
	}
}

const (
	callQueued, callAssigned   = leadmuxv1.CallStatus_CALL_STATUS_QUEUED, leadmuxv1.CallStatus_CALL_STATUS_ASSIGNED
	callConnected, callOver    = leadmuxv1.CallStatus_CALL_STATUS_CONNECTED, leadmuxv1.CallStatus_CALL_STATUS_FINISHED
	chatQueued, chatOver       = leadmuxv1.ChatStatus_CHAT_STATUS_QUEUED, leadmuxv1.ChatStatus_CHAT_STATUS_FINISHED
	succeededOp, inDoubtOp     = leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED, leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT
	anybody, somebody, elseone = "7731", "7732", "7733"
)

// TestP11ACallLivesOnByItsEvents tells of a call in every order, each step up to three times: it ends where the newest word says.
func TestP11ACallLivesOnByItsEvents(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { callInDisorder(t, seed) })
	}
}

func callInDisorder(t *testing.T, seed uint64) {
	t.Helper()
	inDesk(t, func(t *testing.T, c *counter) {
		lead := c.person(anybody, "+14155550142")
		begin := time.Now()
		at := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Second) }
		steps := []adapters.VendorEvent{
			stepped("start", callIs("81", anybody, "", 0), at(0)),
			stepped("routing", callIs("81", anybody, "queued", callQueued), at(1)),
			stepped("assigned", callIs("81", anybody, "assigned", callAssigned), at(2)),
			stepped("active", callIs("81", anybody, "connected", callConnected), at(3)),
			stepped("end", callIs("81", anybody, "finished", callOver), at(4)),
		}
		pass(10 * time.Second)
		random := rand.New(rand.NewPCG(seed, 7))
		deliveries := slices.Concat(steps, steps, steps[:2])
		random.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
		for _, d := range deliveries {
			c.told(d)
		}
		call := c.getCall(c.ours(idmap.KindCall, "81"))
		if call.GetStatus() != callOver || call.GetVendorStatus() != "finished" || call.GetEndUser().GetLeadId() != lead || !call.GetVendorUpdateTime().AsTime().Equal(at(4)) {
			t.Errorf("seed %d: %v", seed, call)
		}
		events := c.about(idmap.EventFilter{CallID: call.GetCallId()})
		if len(events) != len(steps) || len(c.about(idmap.EventFilter{LeadID: lead})) != len(steps) {
			t.Errorf("seed %d: %d events", seed, len(events))
		}
		last := leadmuxv1.CallStatus_CALL_STATUS_UNSPECIFIED
		for i, e := range events {
			changed := e.GetCallChanged()
			if want := map[bool]string{true: "call.created", false: "call.changed"}[i == 0]; e.GetType() != want || changed.GetBefore() != last || e.GetLeadId() != lead {
				t.Errorf("seed %d, event %d: %v", seed, i, e)
			}
			if e.GetLate() && changed.GetAfter() != changed.GetBefore() {
				t.Errorf("seed %d: a late event changed something: %v", seed, e)
			}
			last = changed.GetAfter()
		}
		listed, err := c.call(c.ctx, "ListCalls", &leadmuxv1.ListCallsRequest{LeadId: lead})
		if err != nil || len(listed.(*leadmuxv1.ListCallsResponse).GetCalls()) != 1 {
			t.Errorf("%v %v", listed, err)
		}
		c.sound()
	})
}

func TestEveryStatusOfACallIsTakenOver(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		pass(time.Minute)
		for n := int32(1); n <= 16; n++ {
			status := leadmuxv1.CallStatus(n)
			c.told(stepped(status.String(), callIs("81", anybody, "their word", status), time.Now().Add(time.Duration(n)*time.Second)))
			if got := c.getCall(c.ours(idmap.KindCall, "81")); got.GetStatus() != status {
				t.Errorf("%v after %v was told", got.GetStatus(), status)
			}
		}
		c.told(stepped("odd", callIs("81", anybody, "requeued", 0), time.Now().Add(time.Minute)))
		got := c.getCall(c.ours(idmap.KindCall, "81"))
		if got.GetStatus() != 0 || got.GetVendorStatus() != "requeued" {
			t.Errorf("%v", got)
		}
		c.told(stepped("final", callIs("81", anybody, "", 0), time.Now().Add(2*time.Minute)))
		if again := c.getCall(got.GetCallId()); again.GetVendorStatus() != "requeued" {
			t.Errorf("%v", again)
		}
	})
}

// TestAStrangersChatGetsOurID has the vendor tell of a chat that nobody here began, and only later of whose it is.
func TestAStrangersChatGetsOurID(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		begin := time.Now()
		pass(time.Minute)
		c.told(typed("hello", "4711", "Hello?", begin))
		id := c.ours(idmap.KindChat, "4711")
		if chat := c.chatNow(id); chat.GetLastMessage() != nil || chat.GetEndUser().GetLeadId() != "" || chat.GetAccount() != "support" {
			t.Errorf("%v", chat)
		}
		c.told(stepped("chat_created", chatIs("4711", anybody, "queued", chatQueued), begin))
		c.told(typed("older", "4711", "Anybody there?", begin.Add(-time.Second)))
		chat := c.chatNow(id)
		lead := chat.GetEndUser().GetLeadId()
		if lead == "" || chat.GetStatus() != chatQueued || chat.GetLastMessage().GetText() != "Hello?" {
			t.Errorf("%v", chat)
		}
		equal(t, "events", c.events(), []string{"chat.created", "chat.message", "lead.created", "chat.changed", "chat.message", "chat.message"})
		all := c.about(idmap.EventFilter{ChatID: id})
		if len(all) != 5 || all[2].GetChatChanged().GetStep().GetStep() != "chat_created" || !all[1].GetUnattributed() || all[1].GetMessage() != nil {
			t.Errorf("%v", all)
		}
		if all[3].GetMessage().GetText() != "Hello?" || all[3].GetLeadId() != lead || !all[4].GetLate() || all[4].GetLeadId() != lead {
			t.Errorf("%v", all)
		}
		c.desk.does["SendChatMessage"] = func(_, _ proto.Message) (int, error) { return 200, nil }
		request := &leadmuxv1.SendChatMessageRequest{ChatId: id, Message: &leadmuxv1.ChatMessage{Type: "text", Content: "Hi"}}
		if _, err := c.call(c.ctx, "SendChatMessage", request); err != nil {
			t.Fatal(err)
		}
		if sent := c.desk.asked[0].(*leadmuxv1.SendChatMessageRequest); sent.GetChatId() != "4711" || sent.GetFromLeadId() != anybody {
			t.Errorf("sent %v", sent)
		}
		c.sound()
	})
}

// TestAnEventOfAnErasedPersonBringsNothingBack erases the lead of a chat; what the vendor tells of the chat then leaves no trace.
func TestAnEventOfAnErasedPersonBringsNothingBack(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		lead := c.person(anybody, "+14155550142")
		c.told(stepped("chat_created", chatIs("4711", anybody, "queued", chatQueued), time.Now()))
		if _, err := c.leads.EraseLead(c.ctx, &leadmuxv1.EraseLeadRequest{LeadId: lead}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		before := len(c.events())
		c.told(typed("secret", "4711", "It is me", time.Now()))
		if n := len(c.events()) - before; n != 0 {
			t.Errorf("%d events", n)
		}
	})
}

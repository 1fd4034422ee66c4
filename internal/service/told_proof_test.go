package service_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// calls has a call to the person's number made whose answer is lost, and returns its operation and our ID of it.
func (c *counter) losesACall(requestID string) (operationID, callID string) {
	c.t.Helper()
	c.desk.does["CreateCall"] = lostAnswer("CreateCall")
	_, err := c.createCall(outbound(requestID))
	lost := refused(c.t, err, codes.Unknown, "OUTCOME_UNKNOWN")
	return lost.metadata["operation_id"], lost.metadata["call_id"]
}

// settledBy checks that an operation was settled by an event of its own call or chat, once.
func (c *counter) settledBy(operationID string, filter idmap.EventFilter) {
	c.t.Helper()
	op := c.operation(operationID)
	if op.GetState() != succeededOp || op.GetProvenByEventId() == "" || !strings.Contains(op.GetDecision(), op.GetProvenByEventId()) {
		c.t.Errorf("%v", op)
	}
	told := 0
	for _, e := range c.about(filter) {
		if e.GetCallChanged().GetOperationId() == operationID || e.GetChatChanged().GetOperationId() == operationID {
			if e.GetType() != "call.created" && e.GetType() != "chat.created" {
				told++
			}
		}
	}
	if told != 1 {
		c.t.Errorf("%d events tell that the operation was done", told)
	}
}

// TestP3ACallInDoubtIsSettledByItsEvent loses the answer to a call; the vendor then tells of a call with that person.
func TestP3ACallInDoubtIsSettledByItsEvent(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		lead := c.person(anybody, "+14155550142")
		op, id := c.losesACall("r-1")
		routing := stepped("routing", callIs("81", anybody, "queued", callQueued), time.Now())
		for range 2 {
			c.told(routing)
			c.told(stepped("start", callIs("81", anybody, "", 0), time.Now()))
		}
		c.settledBy(op, idmap.EventFilter{CallID: id})
		if call := c.getCall(id); call.GetVendorCallId() != "81" || call.GetStatus() != callQueued || call.GetEndUser().GetLeadId() != lead {
			t.Errorf("%v", call)
		}
		if owner := c.ours(idmap.KindCall, "81"); owner != id {
			t.Errorf("the vendor's ID belongs to %s, not %s", owner, id)
		}
		again, err := c.createCall(outbound("r-1"))
		if err != nil || again.GetCall().GetVendorCallId() != "81" || len(c.desk.asked) != 1 {
			t.Errorf("%v %v, asked %d times", again, err, len(c.desk.asked))
		}
		c.told(stepped("start of another", callIs("82", anybody, "", 0), time.Now()))
		if other := c.ours(idmap.KindCall, "82"); other == id {
			t.Error("a second call was taken for the first")
		}
		c.sound()
	})
}

// TestP3AnEventMayBeFasterThanTheLossOfTheAnswer has the vendor tell of the call while the attempt is under way.
func TestP3AnEventMayBeFasterThanTheLossOfTheAnswer(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.person(anybody, "+14155550142")
		c.desk.does["CreateCall"] = func(request, response proto.Message) (int, error) {
			c.told(stepped("start", callIs("81", anybody, "", 0), time.Now()))
			return lostAnswer("CreateCall")(request, response)
		}
		made, err := c.createCall(outbound("r-1"))
		if err != nil || made.GetCall().GetVendorCallId() != "81" {
			t.Fatalf("%v %v", made, err)
		}
		c.sound()
		c.desk.does["CreateCall"] = func(_, response proto.Message) (int, error) { // the event was of another call
			c.told(stepped("another", callIs("83", anybody, "", 0), time.Now()))
			return made2("84")(nil, response)
		}
		second, err := c.createCall(outbound("r-2"))
		if err != nil || second.GetCall().GetVendorCallId() != "84" || c.ours(idmap.KindCall, "83") == second.GetCall().GetCallId() {
			t.Errorf("%v %v", second, err)
		}
		c.desk.does["CreateCall"] = func(_, _ proto.Message) (int, error) {
			c.told(stepped("a third", callIs("85", anybody, "", 0), time.Now()))
			return 400, &adapters.Error{Vendor: "ujet", Op: "CreateCall", Kind: adapters.KindInvalid, Status: 400}
		}
		_, err = c.createCall(outbound("r-3"))
		no := refused(t, err, codes.InvalidArgument, "VENDOR_REFUSED")
		if op := c.operation(no.metadata["operation_id"]); op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_FAILED || op.GetCallId() != "" {
			t.Errorf("%v", op)
		}
		if call := c.getCall(c.ours(idmap.KindCall, "85")); call.GetVendorCallId() != "85" {
			t.Errorf("%v", call)
		}
		c.sound()
	})
}

// TestP3AnEventStandsInForAnAnswerThatACrashTook has the vendor tell of the call while the attempt is under way, and another process start on
// the same index, as after a crash.
func TestP3AnEventStandsInForAnAnswerThatACrashTook(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.person(anybody, "+14155550142")
		c.desk.does["CreateCall"] = func(request, response proto.Message) (int, error) {
			c.told(stepped("start", callIs("81", anybody, "", 0), time.Now()))
			next := delivery.New(delivery.Config{Store: c.store, Accounts: c.set, Logger: slog.New(slog.DiscardHandler)})
			if err := next.Start(t.Context()); err != nil {
				t.Error(err)
			}
			next.Close(t.Context())
			return lostAnswer("CreateCall")(request, response)
		}
		_, err := c.createCall(outbound("r-1"))
		lost := refused(t, err, codes.Unknown, "OUTCOME_UNKNOWN").metadata
		id := c.ours(idmap.KindCall, "81")
		c.settledBy(lost["operation_id"], idmap.EventFilter{CallID: id})
		again, err := c.createCall(outbound("r-1"))
		if err != nil || again.GetCall().GetCallId() != id || len(c.desk.asked) != 1 {
			t.Errorf("%v %v", again, err)
		}
		c.sound()
	})
}

func made2(vendorID string) func(request, response proto.Message) (int, error) {
	return made(vendorID, anybody)
}

// TestP3AnAmbiguousEventSettlesNothing tells of calls that may be of either of two writes, of another person, of another time, or of
// nobody knows whom.
func TestP3AnAmbiguousEventSettlesNothing(t *testing.T) {
	for name, tell := range map[string]func(c *counter) []string{
		"two writes": func(c *counter) []string {
			first, _ := c.losesACall("r-1")
			second, _ := c.losesACall("r-2")
			c.told(stepped("start", callIs("81", anybody, "", 0), time.Now()))
			return []string{first, second}
		},
		"a write to nobody knows whom": func(c *counter) []string {
			first, _ := c.losesACall("r-1")
			_, err := c.createCall(&leadmuxv1.CreateCallRequest{Account: "support", Form: &leadmuxv1.CreateCallRequest_OutboundByTicket{
				OutboundByTicket: &leadmuxv1.OutboundCallByTicket{AgentEmail: "agent@example.com", TicketId: "4711"},
			}})
			ticket := refused(c.t, err, codes.Unknown, "OUTCOME_UNKNOWN").metadata["operation_id"]
			c.told(stepped("start", callIs("81", anybody, "", 0), time.Now()))
			return []string{first, ticket}
		},
		"a call that an agent has to place": func(c *counter) []string {
			c.desk.does["CreateCall"] = func(_, response proto.Message) (int, error) {
				response.(*leadmuxv1.CreateCallResponse).Accepted = true
				return 202, nil
			}
			if _, err := c.createCall(outbound("r-0")); err != nil {
				c.t.Fatal(err)
			}
			pass(time.Hour)
			op, _ := c.losesACall("r-1")
			c.told(stepped("start", callIs("81", anybody, "", 0), time.Now()))
			return []string{op}
		},
		"another person": func(c *counter) []string {
			op, _ := c.losesACall("r-1")
			c.told(stepped("start", callIs("81", somebody, "", 0), time.Now()))
			return []string{op}
		},
		"nobody": func(c *counter) []string {
			op, _ := c.losesACall("r-1")
			c.told(stepped("start", callIs("81", "", "", 0), time.Now()))
			return []string{op}
		},
		"much later": func(c *counter) []string {
			op, _ := c.losesACall("r-1")
			pass(time.Hour)
			c.told(stepped("start", callIs("81", anybody, "", 0), time.Now()))
			return []string{op}
		},
		"before": func(c *counter) []string {
			op, _ := c.losesACall("r-1")
			c.told(stepped("start", callIs("81", anybody, "", 0), time.Now().Add(-time.Hour)))
			return []string{op}
		},
		"a chat": func(c *counter) []string {
			op, _ := c.losesACall("r-1")
			c.told(stepped("start", chatIs("81", anybody, "", 0), time.Now()))
			return []string{op}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inDesk(t, func(t *testing.T, c *counter) {
				c.person(anybody, "+14155550142")
				c.person(somebody, "+14155550143")
				for _, op := range tell(c) {
					if got := c.operation(op); got.GetState() != inDoubtOp || got.GetProvenByEventId() != "" {
						t.Errorf("%v", got)
					}
				}
				c.sound()
			})
		})
	}
}

// TestP3AChatInDoubtIsSettledOnceItsPersonIsKnown first hears of a chat without a word of whose it is.
func TestP3AChatInDoubtIsSettledOnceItsPersonIsKnown(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		lead := c.person(anybody, "+14155550142")
		c.desk.does["CreateChat"] = lostAnswer("CreateChat")
		_, err := c.call(c.ctx, "CreateChat", &leadmuxv1.CreateChatRequest{Account: "support", Chat: &leadmuxv1.NewChat{MenuId: "12", LeadId: lead}})
		lost := refused(t, err, codes.Unknown, "OUTCOME_UNKNOWN").metadata
		c.told(stepped("chat_created", chatIs("4711", "", "queued", chatQueued), time.Now()))
		first := c.ours(idmap.KindChat, "4711")
		if first == lost["chat_id"] {
			t.Fatal("settled by the time alone")
		}
		c.told(stepped("start", chatIs("4711", anybody, "", 0), time.Now()))
		c.settledBy(lost["operation_id"], idmap.EventFilter{ChatID: lost["chat_id"]})
		chat := c.chatNow(lost["chat_id"])
		if c.ours(idmap.KindChat, "4711") != lost["chat_id"] || chat.GetVendorChatId() != "4711" || chat.GetStatus() != chatQueued || chat.GetEndUser().GetLeadId() != lead {
			t.Errorf("%v", chat)
		}
		c.told(stepped("chat_ended", chatIs("4711", "", "finished", chatOver), time.Now()))
		if chat := c.chatNow(lost["chat_id"]); chat.GetStatus() != chatOver {
			t.Errorf("%v", chat)
		}
		c.desk.does["SendChatMessage"] = func(_, _ proto.Message) (int, error) { return 200, nil }
		for _, id := range []string{first, lost["chat_id"]} { // an ID that was given out goes on
			if _, err := c.call(c.ctx, "SendChatMessage", &leadmuxv1.SendChatMessageRequest{
				ChatId: id, FromLeadId: lead, Message: &leadmuxv1.ChatMessage{Type: "text", Content: "Hi"},
			}); err != nil {
				t.Error(err)
			}
		}
		c.sound()
	})
}

// TestP3AMessageInDoubtIsSettledByItsEcho loses answers to messages; the vendor tells of every message, also of those that were answered.
func TestP3AMessageInDoubtIsSettledByItsEcho(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.person(anybody, "+14155550142")
		c.told(stepped("chat_created", chatIs("4711", anybody, "queued", chatQueued), time.Now()))
		id := c.ours(idmap.KindChat, "4711")
		send := func(text string, does func(_, _ proto.Message) (int, error)) string {
			c.desk.does["SendChatMessage"] = does
			_, err := c.call(c.ctx, "SendChatMessage", &leadmuxv1.SendChatMessageRequest{ChatId: id, Message: &leadmuxv1.ChatMessage{Type: "text", Content: text}})
			if err == nil {
				return ""
			}
			return refused(t, err, codes.Unknown, "OUTCOME_UNKNOWN").metadata["operation_id"]
		}
		lost := lostAnswer("SendChatMessage")
		good := func(_, _ proto.Message) (int, error) { return 200, nil }
		hello := send("Hello", lost)
		c.told(typed("another text", "4711", "Hallo", time.Now()))
		if op := c.operation(hello); op.GetState() != inDoubtOp {
			t.Errorf("%v", op)
		}
		echo := typed("its echo", "4711", "Hello", time.Now())
		c.told(echo)
		c.told(echo)
		c.settledBy(hello, idmap.EventFilter{ChatID: id})

		open := []string{send("Yes", lost), send("Yes", lost)}
		c.told(typed("either's", "4711", "Yes", time.Now()))
		send("No", good)
		open = append(open, send("No", lost))
		c.told(typed("the answered one's", "4711", "No", time.Now()))
		for _, op := range open {
			if got := c.operation(op); got.GetState() != inDoubtOp {
				t.Errorf("%v", got)
			}
		}
	})
}

// TestAWordThatOptsOutWaitsForItsPerson writes STOP into a chat before anybody knows who writes.
func TestAWordThatOptsOutWaitsForItsPerson(t *testing.T) {
	for name, known := range map[string]func(c *counter){
		"an event tells who": func(c *counter) { c.told(stepped("start", chatIs("4711", anybody, "", 0), time.Now())) },
		"somebody claims it": func(c *counter) {
			waiting, err := c.inbox.ListUnattributedEvents(c.ctx, &leadmuxv1.ListUnattributedEventsRequest{})
			if err != nil || len(waiting.GetDeliveries()) != 1 || waiting.GetDeliveries()[0].GetVendorChatId() != "4711" {
				c.t.Fatalf("%v %v", waiting, err)
			}
			var lead string
			c.view(func(r idmap.Reader) (err error) {
				lead, err = r.Owner("default", idmap.VendorRef{Account: "support", Kind: idmap.KindLead, VendorID: anybody})
				return err
			})
			claimed, err := c.inbox.ClaimEvent(c.ctx, &leadmuxv1.ClaimEventRequest{EventId: waiting.GetDeliveries()[0].GetDeliveryId(), LeadId: lead})
			if err != nil || claimed.GetEvent().GetMessage().GetText() != "Stop!" || c.chatNow(claimed.GetEvent().GetChatId()).GetEndUser().GetLeadId() != lead {
				c.t.Errorf("%v %v", claimed, err)
			}
			_, err = c.inbox.ClaimEvent(c.ctx, &leadmuxv1.ClaimEventRequest{EventId: waiting.GetDeliveries()[0].GetDeliveryId(), LeadId: lead})
			refused(c.t, err, codes.NotFound, "EVENT_NOT_FOUND", "event_id")
		},
		"at once": nil,
	} {
		t.Run(name, func(t *testing.T) {
			inDesk(t, func(t *testing.T, c *counter) {
				lead := c.person(anybody, "+14155550142")
				if known == nil {
					c.told(stepped("start", chatIs("4711", anybody, "", 0), time.Now()))
				}
				c.told(typed("stop", "4711", "Stop!", time.Now()))
				if known != nil {
					var waiting []idmap.Delivery
					c.view(func(r idmap.Reader) (err error) {
						waiting, err = r.Waiting("default", "", 10)
						return err
					})
					if len(waiting) != 1 {
						t.Errorf("%d deliveries wait to be claimed", len(waiting))
					}
					known(c)
					c.view(func(r idmap.Reader) (err error) {
						waiting, err = r.Waiting("default", "", 10)
						return err
					})
					if len(waiting) != 0 {
						t.Errorf("%d deliveries still wait", len(waiting))
					}
				}
				said := 0
				for _, e := range c.about(idmap.EventFilter{LeadID: lead, Types: []string{"chat.message"}}) {
					said += len(e.GetMessage().GetText())
				}
				if said != len("Stop!") {
					t.Errorf("%d letters in the lead's story", said)
				}
				c.sound()
				c.view(func(r idmap.Reader) error {
					found, err := r.Lead("default", lead)
					if e := found.GetEngagements()[0]; e.GetState() != leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT {
						t.Errorf("%v", e)
					}
					return err
				})
			})
		})
	}
}

// TestACallThatAnAgentPlacesGetsItsIDByItsEvent has the vendor take a call on, and tell of it once an agent placed it.
func TestACallThatAnAgentPlacesGetsItsIDByItsEvent(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.person(anybody, "+14155550142")
		c.desk.does["CreateCall"] = func(_, response proto.Message) (int, error) {
			response.(*leadmuxv1.CreateCallResponse).Accepted = true
			return 202, nil
		}
		made, err := c.createCall(outbound("r-1"))
		if err != nil {
			t.Fatal(err)
		}
		pass(30 * time.Second)
		c.told(stepped("start", callIs("81", anybody, "", 0), time.Now()))
		if call := c.getCall(made.GetCall().GetCallId()); call.GetVendorCallId() != "81" || call.GetAccepted() {
			t.Errorf("%v", call)
		}
		c.sound()
	})
}

package service_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/service"
)

// echoing is a chat at the desk, with what takes in what the vendor tells of it.
type echoing struct {
	*counter
	leads *service.LeadService
	chat  string // by our ID; the vendor's is 991
	told  int
}

func newEchoing(t *testing.T, c *counter) *echoing {
	t.Helper()
	secret, err := seal.NewSecret(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	e := &echoing{counter: c}
	e.leads, _ = service.New(service.Config{
		Store: c.store, Accounts: adapters.NewSet(nil), Dispatcher: c.d, Secret: secret, Logger: slog.New(slog.DiscardHandler),
		Region: "US", KeepRequestIDs: time.Hour, OptOutWords: []string{"STOP"},
	})
	c.desk.does["SendSms"] = made("991", "")
	c.known("UpsertEndUser", "7731", "someone")
	sent, err := c.call(c.ctx, "SendSms", &leadmuxv1.SendSmsRequest{Account: "support", EndUserNumber: "+14155550142", OutboundNumber: "+17605550199", Message: "Hi"})
	if err != nil {
		t.Fatal(err)
	}
	e.chat = sent.(*leadmuxv1.SendSmsResponse).GetChat().GetChatId()
	e.answers(nil)
	return e
}

// answers lets the vendor answer to messages.
func (e *echoing) answers(err error, meanwhile ...func()) {
	e.desk.does["SendChatMessage"] = func(_, _ proto.Message) (int, error) {
		for _, do := range meanwhile {
			do()
		}
		return 200, err
	}
}

// send sends a text for the person.
func (e *echoing) send(text string) error {
	e.t.Helper()
	user, err := e.call(e.ctx, "UpsertEndUser", &leadmuxv1.UpsertEndUserRequest{Account: "support", EndUser: &leadmuxv1.EndUser{Identifier: "someone"}})
	if err != nil {
		e.t.Fatal(err)
	}
	_, err = e.call(e.ctx, "SendChatMessage", &leadmuxv1.SendChatMessageRequest{
		ChatId: e.chat, FromLeadId: user.(*leadmuxv1.UpsertEndUserResponse).GetEndUser().GetId(), Message: &leadmuxv1.ChatMessage{Type: "text", Content: text},
	})
	return err
}

// tell is a webhook of a message.
func (e *echoing) tell(chat, kind, text string, at time.Time, change ...func(*leadmuxv1.ConversationMessage)) {
	e.t.Helper()
	e.told++
	m := &leadmuxv1.ConversationMessage{
		Channel: leadmuxv1.MessageChannel_MESSAGE_CHANNEL_CHAT, Direction: leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND,
		MediaType: kind, Text: text, SenderType: "end_user",
	}
	for _, c := range change {
		c(m)
	}
	said := adapters.VendorEvent{Key: fmt.Sprint("told ", e.told), VendorChatID: chat, Event: &leadmuxv1.Event{
		Type: "chat.message", VendorTime: timestamppb.New(at), Detail: &leadmuxv1.Event_Message{Message: m},
	}}
	account := &adapters.Account{Name: "support", Tenant: "default", Vendor: "ujet", Adapter: e.desk}
	if err := e.leads.Receive(e.ctx, account, "", fmt.Append(nil, "raw ", e.told), []adapters.VendorEvent{said}); err != nil {
		e.t.Error(err)
	}
}

// messages is how many messages stand in the log.
func (e *echoing) messages(want int) {
	e.t.Helper()
	all := slices.DeleteFunc(e.events(), func(kind string) bool { return kind != "chat.message" })
	if len(all) != want {
		e.t.Errorf("%d messages in the log, want %d", len(all), want)
	}
}

func inChat(t *testing.T, test func(t *testing.T, e *echoing)) {
	t.Helper()
	inDesk(t, func(t *testing.T, c *counter) { test(t, newEchoing(t, c)) })
}

// TestOurOwnMessageIsNotToldOfAgain: each of ours swallows one echo, and the person's own words of the same text stay.
func TestOurOwnMessageIsNotToldOfAgain(t *testing.T) {
	inChat(t, func(t *testing.T, e *echoing) {
		for range 2 {
			if err := e.send("Yes"); err != nil {
				t.Fatal(err)
			}
		}
		e.tell("991", "text", "Yes", time.Now())
		e.tell("991", "text", "Yes", time.Now())
		e.messages(0)
		e.tell("991", "text", "Yes", time.Now())
		e.messages(1)
	})
}

// TestWhatIsNoEchoStands, however much it looks like one.
func TestWhatIsNoEchoStands(t *testing.T) {
	inChat(t, func(t *testing.T, e *echoing) {
		if err := e.send("Yes"); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		e.tell("991", "text", "yes", now)
		e.tell("991", "photo", "Yes", now)
		e.tell("992", "text", "Yes", now) // a chat that we do not know
		e.tell("991", "text", "Yes", now.Add(-5*time.Minute))
		e.tell("991", "text", "Yes", now, func(m *leadmuxv1.ConversationMessage) {
			m.Direction, m.SenderType = leadmuxv1.MessageDirection_MESSAGE_DIRECTION_OUTBOUND, "agent"
		})
		e.messages(5)
		<-time.After(time.Hour)
		e.tell("991", "text", "Yes", time.Now())
		e.messages(6)
		e.tell("991", "text", "Yes", now) // late, but of then
		e.messages(6)
	})
}

// TestARefusalIsNeverTakenForAnEcho: it opts the person out once it is known whose it is, even if we passed it on.
func TestARefusalIsNeverTakenForAnEcho(t *testing.T) {
	inChat(t, func(t *testing.T, e *echoing) {
		if err := e.send("Stop."); err != nil {
			t.Fatal(err)
		}
		e.tell("991", "text", "Stop.", time.Now())
		e.messages(1)
	})
}

// TestAMessageThatMayNotHaveBeenSentSwallowsNothing: what was refused has no echo, and the echo of what is in doubt is what can settle it.
func TestAMessageThatMayNotHaveBeenSentSwallowsNothing(t *testing.T) {
	for name, failure := range map[string]*adapters.Error{
		"refused":  {Vendor: "ujet", Op: "SendChatMessage", Kind: adapters.KindInvalid, Status: 400},
		"in doubt": {Vendor: "ujet", Op: "SendChatMessage", Kind: adapters.KindUnavailable, Ambiguous: true},
	} {
		t.Run(name, func(t *testing.T) {
			inChat(t, func(t *testing.T, e *echoing) {
				e.answers(failure)
				if err := e.send("Yes"); err == nil {
					t.Fatal("no error")
				}
				e.tell("991", "text", "Yes", time.Now())
				e.messages(1)
			})
		})
	}
}

// TestAnEchoMayBeFasterThanTheAnswer: it waits for that for a while, and stands where it does not come.
func TestAnEchoMayBeFasterThanTheAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		takes    time.Duration
		failure  error
		messages int
	}{
		"answered soon": {takes: time.Second},
		"too late":      {takes: 10 * time.Second, messages: 1},
		"refused":       {takes: time.Second, messages: 1, failure: &adapters.Error{Vendor: "ujet", Op: "SendChatMessage", Kind: adapters.KindInvalid, Status: 400}},
	} {
		t.Run(name, func(t *testing.T) {
			inChat(t, func(t *testing.T, e *echoing) {
				e.answers(c.failure, func() {
					go e.tell("991", "text", "Yes", time.Now())
					<-time.After(c.takes)
				})
				if err := e.send("Yes"); (err == nil) != (c.failure == nil) {
					t.Fatal(err)
				}
				synctest.Wait()
				e.messages(c.messages)
			})
		})
	}
}

package ujet

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// smsTypes are the chat types that POST /sms takes; the table and the samples differ.
var smsTypes = []string{"Messaging (API)", typeSMS, "SMS"}

// sendSMS is POST /sms: it opens a text message session with one message. It has no idempotency of
// any kind; a second one is refused only while the person is in a session.
func (e *Emulator) sendSMS(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	c, message, err := e.planSMS(p)
	if err != nil {
		return reply{}, err
	}
	var out smsAnswer
	err = e.ledger.Update(func(tx *kit.Tx) error {
		if err := e.takeSMS(tx, p, &c); err != nil {
			return err
		}
		if err := e.openChat(tx, c); err != nil {
			return err
		}
		content, err := json.Marshal(message)
		if err != nil {
			return err
		}
		if _, err := e.addMessage(tx, c, Message{SenderType: "agent", SenderID: c.AgentID, Type: "text", Content: content, ByAPI: true}); err != nil {
			return err
		}
		out, err = e.shownSMS(tx, c)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(c.ID), kit.EffectCreated)
	return reply{http.StatusOK, out}, nil
}

// planSMS checks what needs no look at the ledger.
func (e *Emulator) planSMS(p params) (c Chat, message string, err error) {
	c = Chat{Type: typeSMS, Lang: "en", CreatedAt: e.stamp()}
	s := e.settings.Get()
	asked, err := p.word("chat_type")
	switch {
	case err != nil || asked == "":
		return c, "", badRequest("chat_type needs to be provided")
	case !slices.Contains(smsTypes, asked):
		return c, "", badRequest("valid chat type needs to be provided")
	case !s.SMS:
		return c, "", badRequest("SMS is not enabled")
	case !s.OutboundSMS:
		return c, "", badRequest("Outbound SMS is not enabled")
	}
	if c.Number, err = smsNumber(p, "end_user_number"); err != nil {
		return c, "", err
	}
	if c.OutboundNumber, err = smsNumber(p, "outbound_number"); err != nil {
		return c, "", err
	}
	if !slices.Contains(s.ManagedNumbers, c.OutboundNumber) {
		return c, "", badRequest("outbound_number is not found")
	}
	if !s.ForeignSMS && !strings.HasPrefix(c.Number, "+1") {
		return c, "", badRequest("Non-US phone number not allowed")
	}
	if message, err = p.word("message"); err != nil || message == "" {
		return c, "", badRequest("message is required")
	}
	c.TicketID, err = p.word("ticket_id")
	return c, message, err
}

func smsNumber(p params, name string) (string, error) {
	number, err := p.word(name)
	if err != nil {
		return "", err
	}
	if number == "" {
		return "", badRequest(name + " is required")
	}
	plain, ok := wellFormed(number)
	if !ok {
		return "", badRequest(name + " is invalid")
	}
	return plain, nil
}

// takeSMS gives the session its number, its person and perhaps its agent.
func (e *Emulator) takeSMS(tx *kit.Tx, p params, c *Chat) error {
	chats, err := all[Chat](tx, KindChat)
	if err != nil {
		return err
	}
	for _, other := range chats {
		if other.Type == typeSMS && other.Number == c.Number && !other.over() {
			return badRequest("Outbound SMS failed. Consumer is already in an active SMS session.")
		}
	}
	agent, err := e.smsAgent(tx, p)
	if err != nil {
		return err
	}
	user, err := e.endUserAt(tx, c.Number)
	if err != nil {
		return err
	}
	c.Status = chatSelecting
	if agent != 0 {
		at := c.CreatedAt
		c.Status, c.AssignedAt, c.AgentID, c.AgentIDs = chatAssigned, &at, agent, []int64{agent}
	}
	c.setEndUser(user)
	return e.numberChat(tx, c)
}

// smsAgent finds the agent the session is meant for; the refusal is assumed.
func (e *Emulator) smsAgent(tx *kit.Tx, p params) (int64, error) {
	var id int64
	byID, err := p.value("agentId", &id)
	if err != nil {
		return 0, err
	}
	email, err := p.word("agentEmail")
	if err != nil || !byID && email == "" {
		return 0, err
	}
	agent, found, err := e.userBy(tx, func(u User) bool {
		return byID && u.ID == id || !byID && strings.EqualFold(u.Email, email)
	})
	if err == nil && !found {
		err = badRequest("Not a valid agent")
	}
	return agent.ID, err
}

package ujet

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// chatStatuses are those a control call can bring about.
var chatStatuses = append([]string{chatVAAssigned, "va_connected", chatDismissed, chatVADismissed}, callStatuses...)

func (e *Emulator) chatControl() []kit.Route {
	return []kit.Route{
		{
			Method: http.MethodPost, Path: "/chats/status", Handle: e.stepChat,
			Doc: `Moves a chat: {"id","status","agentId"}; an agent joins when one is named.`,
		},
		{
			Method: http.MethodPost, Path: "/chats/message", Handle: e.say,
			Doc: `Somebody at the centre or the person writes: {"chatId","from":"agent|virtual_agent|end_user","text"}.`,
		},
	}
}

// chatStep is what a control call says has happened to a chat.
type chatStep struct {
	ID      int64  `json:"id"`
	Status  string `json:"status"`
	AgentID int64  `json:"agentId"`
}

func (e *Emulator) stepChat(_ *http.Request, body []byte) (any, error) {
	var step chatStep
	if err := kit.DecodeStrict(body, &step); err != nil {
		return nil, err
	}
	if !slices.Contains(chatStatuses, step.Status) {
		return nil, fmt.Errorf("status must be one of %s", strings.Join(chatStatuses, ", "))
	}
	var out chatAnswer
	err := e.ledger.Update(func(tx *kit.Tx) error {
		c, err := load[Chat](tx, KindChat, step.ID)
		if err != nil {
			return err
		}
		before := c
		if err := e.moveChat(tx, &c, step); err != nil {
			return err
		}
		if err := e.tellChatMove(tx, before, c); err != nil {
			return err
		}
		if err := tx.Put(KindChat, key(c.ID), c); err != nil {
			return err
		}
		out, err = e.shownChat(tx, c)
		return err
	})
	return out, err
}

// moveChat sets the status and what follows from it.
func (e *Emulator) moveChat(tx *kit.Tx, c *Chat, step chatStep) error {
	if c.over() {
		return errors.New("the chat is over")
	}
	if step.AgentID != 0 && step.AgentID != c.AgentID {
		_, found, err := e.userBy(tx, func(u User) bool { return u.ID == step.AgentID })
		if err != nil || !found {
			return errors.Join(err, errors.New("no such agent"))
		}
		agent, err := newParticipant(tx, "agent")
		if err != nil {
			return err
		}
		agent.ChatID, agent.UserID = c.ID, &step.AgentID
		c.Participants = append(c.Participants, agent)
		c.AgentID, c.AgentIDs = step.AgentID, append(c.AgentIDs, step.AgentID)
	}
	at := e.stamp()
	c.Status = step.Status
	if c.Status == chatAssigned {
		c.AssignedAt = &at
	}
	if c.over() {
		e.end(c, c.Status)
		return nil
	}
	for i := range c.Participants {
		c.Participants[i].follow(c.Status, at, false)
	}
	return nil
}

func (e *Emulator) say(_ *http.Request, body []byte) (any, error) {
	var asked struct {
		ChatID int64  `json:"chatId"`
		From   string `json:"from"`
		Text   string `json:"text"`
	}
	if err := kit.DecodeStrict(body, &asked); err != nil {
		return nil, err
	}
	var m Message
	err := e.ledger.Update(func(tx *kit.Tx) error {
		c, err := load[Chat](tx, KindChat, asked.ChatID)
		if err != nil {
			return err
		}
		sender, known := map[string]int64{"agent": c.AgentID, "virtual_agent": c.VirtualAgentID, "end_user": c.EndUser.ID}[asked.From]
		if !known || sender == 0 || asked.Text == "" || c.over() {
			return errors.New("a message needs a text, an open chat and a sender who is in it: agent, virtual_agent or end_user")
		}
		content, err := json.Marshal(asked.Text)
		if err != nil {
			return err
		}
		m, err = e.addMessage(tx, c, Message{SenderType: asked.From, SenderID: sender, Type: "text", Content: content})
		return err
	})
	return m, err
}

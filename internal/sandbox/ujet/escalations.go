package ujet

import (
	"net/http"
	"slices"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindEscalation is the ledger kind of escalations of chats, each under its id in decimal.
const KindEscalation = "escalation"

// Escalation is a chat on its way from a virtual agent to a human one. Its shape is inferred.
type Escalation struct {
	ID     int64  `json:"id"`
	ChatID int64  `json:"chat_id"`
	Reason string `json:"reason"`
	// Status is escalated, or deflected when no agent can take the chat; then Options are offered.
	Status  string   `json:"status"`
	Options []string `json:"deflection_options,omitempty"`
	// Channel is what was chosen of them.
	Channel   string `json:"deflection_channel,omitempty"`
	CreatedAt string `json:"created_at"`
}

func (e *Emulator) escalationRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /chats/{id}/escalations", e.serve(e.escalate))
	mux.HandleFunc("PATCH /chats/{id}/escalations/{escalation_id}", e.serve(e.updateEscalation))
}

// escalate is POST /chats/{id}/escalations: a virtual agent hands over to a human. A queue that is
// over capacity or closed deflects the chat, unless force_escalate is set. Refusals are assumed.
func (e *Emulator) escalate(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	reason, err := p.word("reason")
	if err != nil {
		return reply{}, err
	}
	force := false
	if err := p.boolean("force_escalate", &force); err != nil {
		return reply{}, err
	}
	return editSession(e, r, func(tx *kit.Tx, c *Chat) (reply, error) {
		before := *c
		if c.over() {
			return reply{}, badRequest("Chat is already ended")
		}
		if c.VirtualAgentID == 0 || c.AgentID != 0 || c.Status == chatQueued {
			return reply{}, badRequest("Chat is not with a virtual agent")
		}
		id, err := newID(tx, KindEscalation)
		if err != nil {
			return reply{}, err
		}
		esc := Escalation{ID: id, ChatID: c.ID, Reason: reason, Status: "escalated", CreatedAt: e.stamp()}
		if closed := e.closedFor(c.MenuID); closed != "" && !force {
			esc.Reason, esc.Status = closed, "deflected"
			esc.Options = []string{"email", "human_agent", "external_link", "virtual_agent"}
		} else {
			at := esc.CreatedAt
			c.Status, c.QueuedAt = chatQueued, &at
		}
		if err := tx.Put(KindEscalation, key(id), esc); err != nil {
			return reply{}, err
		}
		if esc.Status == "deflected" {
			return reply{http.StatusCreated, esc}, e.emit(tx, *c, eventEscalation, map[string]any{"escalation": esc})
		}
		return reply{http.StatusCreated, esc}, e.tellChatMove(tx, before, *c)
	})
}

// closedFor is why a queue takes no chat now; empty if it does.
func (e *Emulator) closedFor(menu int64) string {
	switch e.settings.Get().Menus[menu].State {
	case stateOverCapacity:
		return "over_capacity"
	case stateAfterHours:
		return "after_hours"
	default:
		return ""
	}
}

// updateEscalation is PATCH on one escalation: the person chooses a channel.
func (e *Emulator) updateEscalation(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	channel, err := p.required("deflection_channel")
	if err != nil {
		return reply{}, err
	}
	id, err := pathID(r, "escalation_id")
	if err != nil {
		return reply{}, err
	}
	return editSession(e, r, func(tx *kit.Tx, c *Chat) (reply, error) {
		before := *c
		if err := e.chooseChannel(tx, c.ID, id, channel); err != nil {
			return reply{}, err
		}
		switch channel {
		case "human_agent":
			at := e.stamp()
			c.Status, c.QueuedAt = chatQueued, &at
		case "email", "external_link":
			c.DeflectionChannel = channel
		}
		esc, err := load[Escalation](tx, KindEscalation, id)
		if err != nil {
			return reply{}, err
		}
		return reply{http.StatusOK, esc}, e.tellChatMove(tx, before, *c)
	})
}

// chooseChannel notes the channel on an escalation of the chat. Waiting for a human goes only where
// the queue was over capacity. Texts of refusals are assumed.
func (e *Emulator) chooseChannel(tx *kit.Tx, chat, id int64, channel string) error {
	esc, err := load[Escalation](tx, KindEscalation, id)
	switch {
	case err != nil:
		return err
	case esc.ChatID != chat:
		return notFound()
	case esc.Status != "deflected":
		return badRequest("Escalation is not deflected")
	case !slices.Contains(esc.Options, channel):
		return badRequest("deflection_channel is invalid")
	case channel == "human_agent" && esc.Reason != "over_capacity":
		return badRequest("human_agent is only available for over_capacity")
	}
	esc.Channel = channel
	return tx.Put(KindEscalation, key(id), esc)
}

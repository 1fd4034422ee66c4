package ujet

import (
	"encoding/json"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Events of chats. The first five names are seen in public code; those of an escalation that was
// deflected and of a transfer are assumed, though both are documented to be sent.
const (
	eventChatCreated       = "chat_created"
	eventMessageReceived   = "message_received"
	eventParticipantJoined = "participant_joined"
	eventParticipantLeft   = "participant_left"
	eventChatEnded         = "chat_ended"
	eventChatDismissed     = "chat_dismissed"
	eventEscalation        = "escalation_deflected"
	eventTransferred       = "chat_transferred"
)

// Webhook is where the tenant's chat events go. One URL takes all of them; the vendor knows no
// subscription to single ones.
type Webhook struct {
	// URL is the endpoint; empty sends nothing.
	URL string `json:"url"`
	// PrimarySecret signs; SecondarySecret too, if there is one, while secrets are changed over.
	PrimarySecret   string `json:"primarySecret"`
	SecondarySecret string `json:"secondarySecret"`
	// OldNames spells the events as an earlier revision did, such as MessageReceivedEvent.
	OldNames bool `json:"oldNames"`
}

// chatEvent is the envelope of all chat events.
type chatEvent struct {
	EventType string `json:"event_type"`
	Timestamp string `json:"timestamp"`
	ChatID    int64  `json:"chat_id"`
	Body      any    `json:"body"`
}

// side is a participant inside an event.
type side struct {
	ID          int64   `json:"id"`
	Type        string  `json:"type"`
	Status      string  `json:"status"`
	ConnectedAt *string `json:"connected_at"`
}

// emit stores a chat event that is to be sent.
func (e *Emulator) emit(tx *kit.Tx, c Chat, event string, body any) error {
	w := e.settings.Get().Webhook
	if w.URL == "" {
		return nil
	}
	name := event
	if w.OldNames {
		name = oldName(event)
	}
	raw, err := json.Marshal(chatEvent{name, e.stamp(), c.ID, body})
	if err != nil {
		return err
	}
	return e.hooks.Put(tx, kit.Hook{Endpoint: endpointChat, Event: event, URL: w.URL, Body: raw})
}

// oldName is an event's name in the earlier spelling.
func oldName(event string) string {
	name := ""
	for word := range strings.SplitSeq(event, "_") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return name + "Event"
}

// emitCreated tells of a new chat. It can arrive before the answer to the request that made it.
func (e *Emulator) emitCreated(tx *kit.Tx, c Chat) error {
	shown, err := e.shownChat(tx, c)
	if err != nil {
		return err
	}
	return e.emit(tx, c, eventChatCreated, map[string]any{"chat": shown})
}

// emitMessage tells of a message; of those that came through the API too.
func (e *Emulator) emitMessage(tx *kit.Tx, c Chat, m Message) error {
	message := map[string]any{"type": m.Type}
	switch {
	case m.MediaID != 0:
		message["content"] = map[string]any{"media_id": m.MediaID}
	default:
		message["content"] = m.Content
	}
	sender := side{ID: m.SenderID, Type: m.SenderType, Status: "connected", ConnectedAt: &c.CreatedAt}
	return e.emit(tx, c, eventMessageReceived, map[string]any{"sender": sender, "message": message})
}

// emitParticipant tells that somebody came or went, in the envelope's place for who did it.
func (e *Emulator) emitParticipant(tx *kit.Tx, c Chat, event string, p side) error {
	return e.emit(tx, c, event, map[string]any{"sender": p})
}

// emitMoves tells what a change of a chat amounts to, seen from outside.
func (e *Emulator) emitMoves(tx *kit.Tx, before, after Chat) error {
	at := e.stamp()
	if after.AgentID != before.AgentID {
		if before.AgentID != 0 {
			if err := e.emitParticipant(tx, after, eventParticipantLeft, side{before.AgentID, "agent", "finished", nil}); err != nil {
				return err
			}
			transfer := map[string]any{"from_agent_id": before.AgentID, "to_agent_id": after.AgentID}
			if err := e.emit(tx, after, eventTransferred, transfer); err != nil {
				return err
			}
		}
		if err := e.emitParticipant(tx, after, eventParticipantJoined, side{after.AgentID, "agent", "connected", &at}); err != nil {
			return err
		}
	}
	switch {
	case after.over() && !before.over():
		return e.emit(tx, after, eventChatEnded, map[string]any{"status": after.Status, "ends_at": at})
	case after.dismissed() && !before.dismissed():
		return e.emit(tx, after, eventChatDismissed, map[string]any{"status": after.Status})
	}
	return nil
}

package ujet

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// sendMessage is POST /chats/{id}/message: the end user says something. The answer carries no message
// id, for no page shows one. Texts of refusals but those of an ended chat are assumed.
func (e *Emulator) sendMessage(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	from, err := p.requiredID("from_user_id")
	if err != nil {
		return reply{}, err
	}
	if p, err = p.inner("message"); err != nil {
		return reply{}, err
	}
	m, err := parseMessage(p)
	if err != nil {
		return reply{}, err
	}
	m.SenderType, m.SenderID, m.ByAPI = "end_user", from, true
	return editSession(e, r, func(tx *kit.Tx, c *Chat) (reply, error) {
		switch {
		case c.over():
			return reply{}, badRequest("Chat is already ended")
		case c.dismissed():
			return reply{}, badRequest("Chat is dismissed")
		case from != c.EndUser.ID:
			return reply{}, badRequest("from_user_id is invalid")
		}
		if m.MediaID != 0 {
			media, err := load[Media](tx, KindMedia, m.MediaID)
			if err != nil || media.ChatID != c.ID || media.Type != m.Type {
				return reply{}, badRequest("media_id is not found")
			}
		}
		_, err := e.addMessage(tx, *c, m)
		return reply{http.StatusOK, struct{}{}}, err
	})
}

// parseMessage reads a message: text as a string or as {"text": …}, a photo or video by its media id
// beside the content or inside it. The vendor's pages show all of these.
func parseMessage(p params) (Message, error) {
	kind, err := p.required("type")
	if err != nil {
		return Message{}, err
	}
	if !slices.Contains([]string{"text", "photo", "video"}, kind) {
		return Message{}, badRequest("type is invalid")
	}
	m := Message{Type: kind}
	inside := params{}
	_ = json.Unmarshal(p["content"], &inside) // a string has no members
	if kind == "text" {
		return m, readText(p, inside, &m)
	}
	for _, p := range []params{p, inside} {
		if raw := strings.Trim(string(p["media_id"]), `"`); raw != "" && raw != "null" {
			if json.Unmarshal([]byte(raw), &m.MediaID) != nil {
				return m, badRequest("media_id is invalid")
			}
		}
	}
	if m.MediaID == 0 {
		return m, missing("media_id")
	}
	return m, nil
}

func readText(p, inside params, m *Message) error {
	from, name := p, "content"
	if _, object := inside["text"]; object {
		from, name = inside, "text"
	}
	text, err := from.required(name)
	if err != nil {
		return err
	}
	m.Content, err = json.Marshal(text)
	return err
}

// messageAnswer is one message of a chat's history (assumed, like the endpoint).
type messageAnswer struct {
	ID        int64           `json:"id"`
	Timestamp string          `json:"timestamp"`
	Sender    messageSender   `json:"sender"`
	Type      string          `json:"type"`
	Content   json.RawMessage `json:"content,omitempty"`
	MediaID   int64           `json:"media_id,omitempty"`
}

type messageSender struct {
	Type string `json:"type"`
	ID   int64  `json:"id"`
}

// listMessages is GET /chats/{id}/messages (assumed): all that was said, oldest first.
func (e *Emulator) listMessages(_ http.ResponseWriter, r *http.Request) (reply, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return reply{}, err
	}
	out := []messageAnswer{}
	err = e.ledger.View(func(tx *kit.Tx) error {
		if _, err := load[Chat](tx, KindChat, id); err != nil {
			return err
		}
		messages, err := all[Message](tx, KindMessage)
		for _, m := range messages {
			if m.ChatID == id {
				out = append(out, messageAnswer{m.ID, m.At, messageSender{m.SenderType, m.SenderID}, m.Type, m.Content, m.MediaID})
			}
		}
		return err
	})
	kit.Touch(r.Context(), key(id), "")
	return reply{http.StatusOK, out}, err
}

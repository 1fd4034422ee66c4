package ujet

import (
	"encoding/json"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindMessage is the ledger kind of messages in chats, each under its id in decimal; every accepted
// request to send one, by chat or by text message, makes exactly one.
const KindMessage = "message"

// Message is one message of a chat.
type Message struct {
	ID     int64  `json:"id"`
	ChatID int64  `json:"chatId"`
	At     string `json:"at"`
	// SenderType is end_user, agent or virtual_agent, SenderID the sender's number among those.
	SenderType string `json:"senderType"`
	SenderID   int64  `json:"senderId"`
	// Type is text, photo or video.
	Type string `json:"type"`
	// Content is the text of a text message.
	Content json.RawMessage `json:"content,omitempty"`
	// MediaID names what a photo or video message shows.
	MediaID int64 `json:"mediaId,omitempty"`
	// ByAPI says that a request of the Apps API made it.
	ByAPI bool `json:"byApi"`
}

// spoken is one entry of a transcript that was imported with a chat.
type spoken struct {
	Sender    string          `json:"sender"`
	Timestamp string          `json:"timestamp"`
	Content   []spokenContent `json:"content"`
}

type spokenContent struct {
	Type  string `json:"type"`
	Text  string `json:"text,omitempty"`
	Media *struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	} `json:"media,omitempty"`
}

// addMessage numbers and stores a message, and tells of it.
func (e *Emulator) addMessage(tx *kit.Tx, c Chat, m Message) (Message, error) {
	id, err := newID(tx, KindMessage)
	if err != nil {
		return m, err
	}
	m.ID, m.ChatID, m.At = id, c.ID, e.stamp()
	if err := tx.Put(KindMessage, key(id), m); err != nil {
		return m, err
	}
	return m, e.emitMessage(tx, c, m)
}

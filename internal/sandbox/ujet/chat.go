package ujet

import (
	"encoding/json"
	"slices"
)

// KindChat is the ledger kind of chats, text message sessions among them, each under its id in decimal.
const KindChat = "chat"

// Chat types: what a session that began in a browser shows, and one by text message.
const (
	typeWebChat = "Messaging (Web)"
	typeSMS     = "Messaging (SMS)"
)

// Statuses of a chat that the vendor's documents name; others are as for calls (inferred).
const (
	chatSelecting   = "selecting"
	chatQueued      = "queued"
	chatAssigned    = "assigned"
	chatVAAssigned  = "va_assigned"
	chatDismissed   = "dismissed"
	chatVADismissed = "va_dismissed"
	chatFinished    = "finished"
	chatFailed      = "failed"
	chatDeflected   = "deflected"
)

// Chat is one chat or text message session as the emulator's ledger keeps it.
type Chat struct {
	Session
	ID     int64  `json:"id"`
	Type   string `json:"type"`
	Status string `json:"status"`
	Lang   string `json:"lang"`
	MenuID int64  `json:"menuId"`
	// EndUser is whose chat it is.
	EndUser *personAnswer `json:"endUser"`
	// AgentID is the agent it is with; AgentIDs are all it was with.
	AgentID  int64   `json:"agentId"`
	AgentIDs []int64 `json:"agentIds"`
	// VirtualAgentID is the virtual agent it began with; 0 is none.
	VirtualAgentID int64 `json:"virtualAgentId"`
	// Number and OutboundNumber are both ends of a text message session, E.164.
	Number         string `json:"number,omitempty"`
	OutboundNumber string `json:"outboundNumber,omitempty"`
	// TicketID, Email, Context and Transcript are as sent.
	TicketID   string          `json:"ticketId,omitempty"`
	Email      string          `json:"email,omitempty"`
	Context    json.RawMessage `json:"context,omitempty"`
	Transcript []spoken        `json:"transcript,omitempty"`
	// Greeting is the greeting_override of an imported transcript.
	Greeting string `json:"greeting,omitempty"`
	// DeflectionChannel and FinishedBy are how and by whom it was ended.
	DeflectionChannel string        `json:"deflectionChannel,omitempty"`
	FinishedBy        int64         `json:"finishedBy,omitempty"`
	CreatedAt         string        `json:"createdAt"`
	QueuedAt          *string       `json:"queuedAt"`
	AssignedAt        *string       `json:"assignedAt"`
	EndsAt            *string       `json:"endsAt"`
	Participants      []participant `json:"participants"`
}

// session, over, setEndUser and kind are what calls and chats have in common.
func (c *Chat) session() *Session       { return &c.Session }
func (c *Chat) setEndUser(u EndUser)    { c.EndUser = u.shown() }
func (*Chat) kind() (kind, name string) { return KindChat, "Chat" }
func (c *Chat) over() bool {
	return slices.Contains([]string{chatFinished, chatFailed, chatDeflected}, c.Status)
}

// dismissed says that nobody answered for long; the end user can resume such a chat.
func (c *Chat) dismissed() bool { return c.Status == chatDismissed || c.Status == chatVADismissed }

// end closes a chat.
func (e *Emulator) end(c *Chat, status string) {
	at := e.stamp()
	c.Status, c.EndsAt = status, &at
	for i := range c.Participants {
		c.Participants[i].follow(status, at, true)
	}
}

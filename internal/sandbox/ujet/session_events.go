package ujet

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// SessionEvents is where events of calls and chats go, each channel to its own URL, both with the same
// Basic credentials, which the receiver has chosen.
type SessionEvents struct {
	CallURL  string `json:"callUrl"`
	ChatURL  string `json:"chatUrl"`
	Username string `json:"username"`
	Password string `json:"password"`
}

// sessionEvent is one event of a session. The page names its order and most members; that the step
// stands in "event" and the state in "state", and that the session's status is told, is assumed.
type sessionEvent struct {
	EventID      string        `json:"event_id"`
	Event        string        `json:"event"`
	State        string        `json:"state"`
	Status       string        `json:"status,omitempty"`
	Timestamp    int64         `json:"timestamp"` // milliseconds
	CallID       int64         `json:"call_id,omitempty"`
	ChatID       int64         `json:"chat_id,omitempty"`
	ConnectedAt  *string       `json:"connected_at"`
	EndsAt       *string       `json:"ends_at"`
	Initiator    string        `json:"initiator"`
	QueuePath    []string      `json:"queue_path,omitempty"`
	Dispositions *disposition  `json:"dispositions"`
	Participants []participant `json:"participants"`
}

// disposition is how an agent filed a session.
type disposition struct {
	Code         string `json:"code"`
	CustomCodeID int64  `json:"custom_code_id"`
	Note         string `json:"note"`
}

// sessionSteps are the events that a status brings about, in the documented order. A session begins
// with the first; the last comes when the agent has filed it.
var sessionSteps = map[string][][2]string{
	"":         {{"start", "connected"}},
	"queued":   {{"routing", "queued"}},
	"assigned": {{"routing", "queued"}, {"assigned", "accepted"}},
	"connected": {
		{"active", "connected"},
	},
	"over":  {{"end", "disconnected"}},
	"filed": {{"final", "dispositionSubmitted"}},
}

// sessionView is what calls and chats tell alike.
type sessionView struct {
	callID, chatID int64
	menuID         int64
	agentID        int64
	virtualAgentID int64
	status         string
	connectedAt    *string
	endsAt         *string
	participants   []participant
}

func (c *Call) view() sessionView {
	return sessionView{
		callID: c.ID, menuID: c.MenuID, agentID: c.AgentID, status: c.Status, connectedAt: c.ConnectedAt, endsAt: c.EndsAt,
		participants: c.Participants,
	}
}

func (c *Chat) view() sessionView {
	return sessionView{
		chatID: c.ID, menuID: c.MenuID, agentID: c.AgentID, virtualAgentID: c.VirtualAgentID, status: c.Status, connectedAt: c.AssignedAt, endsAt: c.EndsAt,
		participants: c.Participants,
	}
}

// initiator is who the session is with, as the vendor writes it.
func (v sessionView) initiator() string {
	switch {
	case v.agentID != 0:
		return "agent_" + strconv.FormatInt(v.agentID, 10)
	case v.virtualAgentID != 0:
		return "virtual_agent_" + strconv.FormatInt(v.virtualAgentID, 10)
	default:
		return "end_user"
	}
}

// tellSession stores the session events of one step: a status, or "over" or "filed".
func (e *Emulator) tellSession(tx *kit.Tx, v sessionView, step string, filed *disposition) error {
	s := e.settings.Get()
	url := s.SessionEvents.CallURL
	if v.chatID != 0 {
		url = s.SessionEvents.ChatURL
	}
	steps := sessionSteps[step]
	if url == "" || len(steps) == 0 {
		return nil
	}
	var events []sessionEvent
	for _, one := range steps {
		ev := sessionEvent{
			EventID: uuid.NewString(), Event: one[0], State: one[1], Timestamp: e.now().UnixMilli(), CallID: v.callID, ChatID: v.chatID,
			ConnectedAt: v.connectedAt, EndsAt: v.endsAt, Initiator: v.initiator(), Dispositions: filed, Participants: v.participants,
		}
		if step != "" && one == steps[len(steps)-1] { // of several at once the last one brought it there
			ev.Status = v.status
		}
		if ev.Event == "routing" {
			ev.QueuePath = s.menuPath(v.menuID)
		}
		events = append(events, ev)
	}
	raw, err := json.Marshal(map[string]any{"count": len(events), "events": events})
	if err != nil {
		return err
	}
	return e.hooks.Put(tx, kit.Hook{Endpoint: endpointSessions, Event: steps[0][0], URL: url, Body: raw})
}

// tellSessionMove stores the events of a status a session has come to.
func (e *Emulator) tellSessionMove(tx *kit.Tx, v sessionView, status string, over bool) error {
	if over {
		status = "over"
	}
	return e.tellSession(tx, v, status, nil)
}

// hookWaits are the waits between two attempts to send; the vendor publishes none (assumed).
func (e *Emulator) hookWaits() []time.Duration {
	var waits []time.Duration
	for _, ms := range e.settings.Get().HookRetryMS {
		waits = append(waits, time.Duration(ms)*time.Millisecond)
	}
	return waits
}

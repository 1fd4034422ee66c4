package ujet

import "slices"

// KindCall is the ledger kind of calls, each under its id in decimal.
const KindCall = "call"

// KindPendingCall is the ledger kind of calls that wait in an agent's widget after a 202.
const KindPendingCall = "pendingCall"

// Call statuses, in the vendor's wire spelling (lower snake case: partly inferred).
var callStatuses = []string{
	"selecting", "queued", "assigned", "connecting", "connected", "finished", "failed", "switching", "recovered", "scheduled",
	"action_only", "action_only_finished", "deflected", "voicemail", "voicemail_received", "voicemail_read",
}

// endStatuses are those after which nothing more happens in a session.
var endStatuses = []string{
	"finished", "failed", "recovered", "action_only_finished", "deflected", "voicemail_received", "voicemail_read",
}

// Call is one call: what the vendor shows of it, and what it keeps to itself.
type Call struct {
	CallAnswer
	Session
	// Number is the person's phone number, E.164.
	Number string `json:"number"`
	// MenuID and AgentID are 0 where there is none.
	MenuID  int64 `json:"menuId"`
	AgentID int64 `json:"agentId"`
	// TicketID is as sent.
	TicketID string `json:"ticketId"`
}

// CallAnswer is the vendor's call object, field by field.
type CallAnswer struct {
	ID                  int64         `json:"id"`
	ParentID            *int64        `json:"parent_id"`
	Lang                string        `json:"lang"`
	CallType            string        `json:"call_type"`
	Status              string        `json:"status"`
	CreatedAt           string        `json:"created_at"`
	QueuedAt            *string       `json:"queued_at"`
	AssignedAt          *string       `json:"assigned_at"`
	ConnectedAt         *string       `json:"connected_at"`
	EndsAt              *string       `json:"ends_at"`
	ScheduledAt         *string       `json:"scheduled_at"`
	WaitDuration        *int          `json:"wait_duration"`
	CallDuration        *int          `json:"call_duration"`
	HoldDuration        *int          `json:"hold_duration"`
	Rating              *int          `json:"rating"`
	HasFeedback         bool          `json:"has_feedback"`
	VoIPProvider        string        `json:"voip_provider"`
	OutTicketID         *string       `json:"out_ticket_id"`
	OutTicketURL        *string       `json:"out_ticket_url"`
	Verified            bool          `json:"verified"`
	RecordingURL        *string       `json:"recording_url"`
	RecordingPermission string        `json:"recording_permission"`
	VoicemailReason     string        `json:"voicemail_reason"`
	Deflection          string        `json:"deflection"`
	DisconnectedBy      string        `json:"disconnected_by"`
	FailDetails         *string       `json:"fail_details"`
	FailReason          string        `json:"fail_reason"`
	SupportNumber       *string       `json:"support_number"`
	SelectedMenu        *menuAnswer   `json:"selected_menu"`
	MenuPath            *pathAnswer   `json:"menu_path"`
	AgentInfo           *agentAnswer  `json:"agent_info"`
	EndUser             *personAnswer `json:"end_user"`
	Photos              []any         `json:"photos"`
	Videos              []any         `json:"videos"`
	Transfers           []any         `json:"transfers"`
	Participants        []participant `json:"participants"`
	DeflectionDetails   []any         `json:"deflection_details"`
	OfferType           string        `json:"offer_type"`
	OfferEvents         []any         `json:"offer_events"`
	AnswerType          *string       `json:"answer_type"`
	OutboundNumber      *string       `json:"outbound_number"`
}

// personAnswer is an end user inside a session.
type personAnswer struct {
	ID           int64   `json:"id"`
	Identifier   *string `json:"identifier"`
	OutContactID *string `json:"out_contact_id"`
}

// participant is one side of a session; CallID and ChatID exclude each other.
type participant struct {
	ID           int64   `json:"id"`
	Type         string  `json:"type"`
	Status       string  `json:"status"`
	CallID       int64   `json:"call_id,omitempty"`
	ChatID       int64   `json:"chat_id,omitempty"`
	UserID       *int64  `json:"user_id"`
	EndUserID    *int64  `json:"end_user_id"`
	CallDuration *int    `json:"call_duration"`
	HoldDuration *int    `json:"hold_duration"`
	ConnectedAt  *string `json:"connected_at"`
	EndedAt      *string `json:"ended_at"`
	FailReason   string  `json:"fail_reason"`
}

// newCallAnswer has the defaults of the vendor's samples.
func newCallAnswer() CallAnswer {
	return CallAnswer{
		VoIPProvider: "voip_provider_twilio", RecordingPermission: "not_asked", VoicemailReason: "not_voicemail",
		Deflection: "no_deflection", DisconnectedBy: "disconnected_by_unknown", FailReason: "nothing",
		Photos: []any{}, Videos: []any{}, Transfers: []any{}, Participants: []participant{},
		DeflectionDetails: []any{}, OfferType: "cascade", OfferEvents: []any{},
	}
}

// shown is the person as sessions show one; an identifier nobody has given is null.
func (u EndUser) shown() *personAnswer {
	out := &personAnswer{ID: u.ID}
	if u.Identifier != "" {
		out.Identifier = &u.Identifier
	}
	return out
}

// session and over are what calls and chats have in common.
func (c *Call) session() *Session       { return &c.Session }
func (c *Call) over() bool              { return slices.Contains(endStatuses, c.Status) }
func (c *Call) setEndUser(u EndUser)    { c.EndUser = u.shown() }
func (*Call) kind() (kind, name string) { return KindCall, "Call" }

package ujet

import "github.com/leadmux/leadmux/internal/sandbox/kit"

// chatAnswer is the vendor's chat object, field by field.
type chatAnswer struct {
	ID               int64         `json:"id"`
	Status           string        `json:"status"`
	StatusText       string        `json:"status_text"`
	Features         []string      `json:"features"`
	CreatedAt        string        `json:"created_at"`
	EndsAt           *string       `json:"ends_at"`
	TimeoutAt        *string       `json:"timeout_at"`
	Agent            *chatAgent    `json:"agent"`
	VirtualAgent     *chatAgent    `json:"virtual_agent"`
	AllAgents        []chatAgent   `json:"all_agents"`
	AllVirtualAgents []chatAgent   `json:"all_virtual_agents"`
	Lang             string        `json:"lang"`
	Menus            []menuName    `json:"menus"`
	EndUser          *personAnswer `json:"end_user"`
}

// chatAgent is a human or virtual agent inside a chat; only humans have a first name.
type chatAgent struct {
	ID        int64   `json:"id"`
	Name      string  `json:"name"`
	FirstName string  `json:"first_name,omitempty"`
	AvatarURL *string `json:"avatar_url"`
	Status    string  `json:"status"`
}

// menuName is one step of the way to a chat's queue.
type menuName struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// shownChat renders a chat.
func (e *Emulator) shownChat(tx *kit.Tx, c Chat) (chatAnswer, error) {
	out := chatAnswer{
		ID: c.ID, Status: c.Status, StatusText: c.Status, Features: []string{"photo", "video"}, CreatedAt: c.CreatedAt,
		EndsAt: c.EndsAt, AllAgents: []chatAgent{}, AllVirtualAgents: []chatAgent{}, Lang: c.Lang, Menus: []menuName{},
		EndUser: c.EndUser,
	}
	if m, found := e.settings.Get().Menus[c.MenuID]; found {
		out.Menus = append(out.Menus, menuName{c.MenuID, m.Name})
	}
	for _, id := range c.AgentIDs {
		u, _, err := e.userBy(tx, func(u User) bool { return u.ID == id })
		if err != nil {
			return out, err
		}
		agent := chatAgent{ID: id, Name: u.name(), FirstName: u.FirstName, Status: "connected"}
		out.AllAgents = append(out.AllAgents, agent)
		if id == c.AgentID {
			out.Agent = &agent
		}
	}
	if c.VirtualAgentID != 0 {
		va := chatAgent{ID: c.VirtualAgentID, Name: "Virtual agent", Status: "connected"}
		out.AllVirtualAgents = append(out.AllVirtualAgents, va)
		if c.AgentID == 0 {
			out.VirtualAgent = &va
		}
	}
	return out, nil
}

// smsAnswer is the object that POST /sms answers: nearer to a call than to a chat.
type smsAnswer struct {
	ID             int64         `json:"id"`
	Lang           string        `json:"lang"`
	ChatType       string        `json:"chat_type"`
	Status         string        `json:"status"`
	CreatedAt      string        `json:"created_at"`
	QueuedAt       *string       `json:"queued_at"`
	AssignedAt     *string       `json:"assigned_at"`
	EndsAt         *string       `json:"ends_at"`
	WaitDuration   *int          `json:"wait_duration"`
	ChatDuration   *int          `json:"chat_duration"`
	Rating         *int          `json:"rating"`
	HasFeedback    bool          `json:"has_feedback"`
	OutTicketID    *string       `json:"out_ticket_id"`
	OutTicketURL   *string       `json:"out_ticket_url"`
	Verified       bool          `json:"verified"`
	DisconnectedBy string        `json:"disconnected_by"`
	FailReason     string        `json:"fail_reason"`
	SelectedMenu   *menuAnswer   `json:"selected_menu"`
	MenuPath       *pathAnswer   `json:"menu_path"`
	AgentInfo      *agentAnswer  `json:"agent_info"`
	EndUser        *personAnswer `json:"end_user"`
	Photos         []any         `json:"photos"`
	Videos         []any         `json:"videos"`
	Transfers      []any         `json:"transfers"`
	Participants   []participant `json:"participants"`
	OfferType      string        `json:"offer_type"`
	OfferEvents    []any         `json:"offer_events"`
	AnswerType     *string       `json:"answer_type"`
	OutboundNumber string        `json:"outbound_number"`
}

// shownSMS renders a text message session.
func (e *Emulator) shownSMS(tx *kit.Tx, c Chat) (smsAnswer, error) {
	out := smsAnswer{
		ID: c.ID, Lang: c.Lang, ChatType: c.Type, Status: c.Status, CreatedAt: c.CreatedAt, QueuedAt: c.QueuedAt,
		AssignedAt: c.AssignedAt, EndsAt: c.EndsAt, DisconnectedBy: "disconnected_by_unknown", FailReason: "nothing",
		EndUser: c.EndUser, Photos: []any{}, Videos: []any{}, Transfers: []any{}, Participants: c.Participants,
		OfferType: "cascade", OfferEvents: []any{}, OutboundNumber: c.OutboundNumber,
	}
	out.SelectedMenu, out.MenuPath = e.settings.Get().shownMenu(c.MenuID)
	if c.TicketID != "" {
		out.OutTicketID = &c.TicketID
	}
	if c.AgentID != 0 {
		u, found, err := e.userBy(tx, func(u User) bool { return u.ID == c.AgentID })
		if err != nil {
			return out, err
		}
		if found {
			out.AgentInfo = u.shown()
		}
	}
	return out, nil
}

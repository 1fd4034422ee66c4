package convertalk

// chat is one record as the listing shows it.
type chat struct {
	ID            string       `json:"_id"`
	UUID          string       `json:"uuid"`
	CreatedAt     string       `json:"createdAt"`
	UpdatedAt     string       `json:"updatedAt"`
	LastSeenAt    string       `json:"lastSeenAt"`
	IsOnline      bool         `json:"isOnline"`
	WebsiteVisits int          `json:"websiteVisits"`
	Status        string       `json:"status"`
	AgentAssigned string       `json:"_agentAssigned,omitempty"` // absent when none (assumed)
	LastMessage   *LastMessage `json:"lastMessage,omitempty"`
	Profile       profile      `json:"profile"`
}

type profile struct {
	UserDetails userDetails `json:"userDetails"`
	Notes       []Note      `json:"notes"`
}

type userDetails struct {
	Name       string      `json:"name"`
	Picture    string      `json:"picture,omitempty"`
	Contact    contact     `json:"contact"`
	Tags       []string    `json:"tags"`
	Attributes []Attribute `json:"attributes"`
}

type contact struct {
	Email string `json:"email"`
	Phone phone  `json:"phone"`
}

type phone struct {
	Number string `json:"number"`
	Prefix string `json:"prefix"`
}

// chatOf puts a record into the listing's shape.
func chatOf(l Lead) chat {
	return chat{
		ID: l.ID, UUID: l.UUID, Status: l.Status, AgentAssigned: l.AgentID,
		CreatedAt: timeText(l.CreatedAt), UpdatedAt: timeText(l.UpdatedAt), LastSeenAt: timeText(l.LastSeenAt),
		IsOnline: l.IsOnline, WebsiteVisits: l.Visits, LastMessage: l.LastMessage,
		Profile: profile{
			Notes: l.Notes,
			UserDetails: userDetails{
				Name: l.Name, Picture: l.Picture, Tags: l.Tags, Attributes: l.Attributes,
				Contact: contact{Email: l.Email, Phone: phone{Number: l.Phone, Prefix: l.prefix()}},
			},
		},
	}
}

package ujet

import (
	"encoding/json"
	"slices"
	"time"
)

// planChat checks what a new chat says. Only the menu is taken as required beside the end user; texts
// of refusals that calls do not share are assumed.
func (e *Emulator) planChat(p params) (Chat, error) {
	c := Chat{Type: typeWebChat, CreatedAt: e.stamp()}
	id, menu, given, err := e.settings.Get().namedMenu(p, false)
	if err != nil {
		return c, err
	}
	if !given {
		return c, badRequest("menu_id is required")
	}
	c.MenuID, c.VirtualAgentID = id, menu.VirtualAgent
	if c.Lang, err = e.lang(p); err != nil {
		return c, err
	}
	if c.Email, err = p.word("email"); err != nil {
		return c, err
	}
	if err := planContext(p, &c); err != nil {
		return c, err
	}
	if err := planTranscript(p, &c); err != nil {
		return c, err
	}
	at := c.CreatedAt
	c.Status, c.QueuedAt = chatQueued, &at
	if c.VirtualAgentID != 0 {
		c.Status, c.AssignedAt = chatVAAssigned, &at
	}
	return c, nil
}

// planContext keeps the context; it is any object, though a virtual agent sees only its "value".
func planContext(p params, c *Chat) error {
	var object map[string]json.RawMessage
	given, err := p.value("context", &object)
	if err != nil || !given {
		return err
	}
	c.Context = p["context"]
	return nil
}

// planTranscript reads an imported transcript: its entries, or an object that holds them beside a
// greeting_override.
func planTranscript(p params, c *Chat) error {
	raw, given := p["transcript"]
	if !given || string(raw) == "null" {
		return nil
	}
	var whole struct {
		Transcript json.RawMessage `json:"transcript"`
		Greeting   string          `json:"greeting_override"`
	}
	if json.Unmarshal(raw, &whole) == nil {
		raw, c.Greeting = whole.Transcript, whole.Greeting
	}
	if json.Unmarshal(raw, &c.Transcript) != nil {
		return badRequest("transcript is invalid")
	}
	for _, s := range c.Transcript {
		if !s.valid() {
			return badRequest("transcript is invalid")
		}
	}
	return nil
}

// valid says whether an entry has a known sender, a time and known content.
func (s spoken) valid() bool {
	if _, err := time.Parse(time.RFC3339Nano, s.Timestamp); err != nil {
		return false
	}
	if !slices.Contains([]string{"end_user", "agent", "virtual_agent"}, s.Sender) || len(s.Content) == 0 {
		return false
	}
	return !slices.ContainsFunc(s.Content, func(c spokenContent) bool {
		text := c.Type == "text" && c.Text != ""
		media := c.Type == "media" && c.Media != nil && c.Media.URL != "" && (c.Media.Type == "image" || c.Media.Type == "video")
		return !text && !media
	})
}

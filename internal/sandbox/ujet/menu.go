package ujet

import (
	"strconv"
	"strings"
)

// States a menu can be in; all but the first keep some kind of session away.
const (
	stateOpen              = "open"
	stateAfterHours        = "after_hours"
	stateManualRedirection = "manual_redirection"
	stateOverCapacity      = "over_capacity"
)

var (
	menuTypes  = []string{"ivr_menu", "mobile_menu", "web_menu"}
	menuStates = []string{stateOpen, stateAfterHours, stateManualRedirection, stateOverCapacity}
)

// Menu is one queue of the contact centre.
type Menu struct {
	// Name is what agents see; Type is ivr_menu, mobile_menu or web_menu.
	Name string `json:"name"`
	Type string `json:"type"`
	// ParentID is the menu above; 0 is none.
	ParentID int64 `json:"parentId"`
	// State is open, after_hours, manual_redirection or over_capacity.
	State string `json:"state"`
	// VirtualAgent is the id of the virtual agent that takes chats first; 0 is none.
	VirtualAgent int64 `json:"virtualAgent"`
	// ChatWait and VoiceWait are the estimated waits; units are ambiguous in the vendor's documents.
	ChatWait  int `json:"chatWait"`
	VoiceWait int `json:"voiceWait"`
	// LoggedIn, Available and Breakthrough count the menu's agents.
	LoggedIn     int `json:"loggedIn"`
	Available    int `json:"available"`
	Breakthrough int `json:"breakthrough"`
}

// menuAnswer is a menu inside a call.
type menuAnswer struct {
	ID        int64   `json:"id"`
	Name      string  `json:"name"`
	ParentID  *int64  `json:"parent_id"`
	Position  int     `json:"position"`
	Deleted   bool    `json:"deleted"`
	Hidden    bool    `json:"hidden"`
	MenuType  string  `json:"menu_type"`
	OutputMsg *string `json:"output_msg"`
}

// pathAnswer is where a menu stands in the tree.
type pathAnswer struct {
	ItemsCount       int    `json:"items_count"`
	Name             string `json:"name"`
	MaterializedPath string `json:"materialized_path"`
}

// shownMenu renders a menu as sessions show it; an id of 0 shows as null.
func (s Settings) shownMenu(id int64) (*menuAnswer, *pathAnswer) {
	m, found := s.Menus[id]
	if !found {
		return nil, nil
	}
	out := &menuAnswer{ID: id, Name: m.Name, Position: 1, MenuType: m.Type}
	if m.ParentID != 0 {
		out.ParentID = &m.ParentID
	}
	names := s.menuPath(id)
	return out, &pathAnswer{len(names), m.Name, strings.Join(names, "/")}
}

// menuPath lists the names from the top menu down to this one.
func (s Settings) menuPath(id int64) []string {
	var names []string
	for range len(s.Menus) { // a circle of parents ends too
		m, found := s.Menus[id]
		if !found {
			break
		}
		names = append([]string{m.Name}, names...)
		id = m.ParentID
	}
	return names
}

// below says whether a menu is the given one or stands under it.
func (s Settings) below(id, top int64) bool {
	for range len(s.Menus) {
		if id == top {
			return true
		}
		id = s.Menus[id].ParentID
	}
	return false
}

// namedMenu reads menu_id and finds the menu; words makes digits in a string good too.
func (s Settings) namedMenu(p params, words bool) (id int64, m Menu, given bool, err error) {
	raw, given := p["menu_id"]
	if !given || string(raw) == "null" || string(raw) == `""` {
		return 0, m, false, nil
	}
	text := string(raw)
	if words {
		text = strings.Trim(text, `"`)
	}
	if id, err = strconv.ParseInt(text, 10, 64); err != nil {
		return 0, m, true, badRequest("menu_id is not well formed")
	}
	m, found := s.Menus[id]
	if !found {
		return 0, m, true, badRequest("menu_id " + text + " is not found")
	}
	return id, m, true, nil
}

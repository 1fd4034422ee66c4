package ujet

import (
	"encoding/json"
	"net/mail"
	"slices"
	"strconv"
	"strings"
)

// bulkRow is one user of a bulk file, checked. A nil pointer changes nothing.
type bulkRow struct {
	email, newEmail     string
	firstName, lastName string
	agentNumber         *string
	status              string
	location            *string // empty removes it
	maxChats            *int
	maxChatsOn          *bool
	roles, teams        []bulkMember
}

// bulkMember gives or takes a role or team.
type bulkMember struct {
	name string
	give bool
}

// schemeCheck reads a file's rows and gathers what is wrong with them. Texts are assumed; the rules
// are the vendor's.
type schemeCheck struct {
	settings Settings
	errors   []rowError
	emails   map[string]bool
	renamed  map[string]bool
}

// checkScheme reads a bulk file.
func (s Settings) checkScheme(content []byte) ([]bulkRow, []rowError) {
	c := &schemeCheck{settings: s, errors: []rowError{}, emails: map[string]bool{}, renamed: map[string]bool{}}
	var raw []params
	if json.Unmarshal(content, &raw) != nil {
		return nil, []rowError{{Message: "File must be a JSON array of users"}}
	}
	if len(raw) == 0 {
		return nil, []rowError{{Message: "File has no users"}}
	}
	rows := make([]bulkRow, len(raw))
	for i, p := range raw {
		rows[i] = c.row(i+1, p)
	}
	return rows, c.errors
}

func (c *schemeCheck) refuse(row int, column, message string) {
	c.errors = append(c.errors, rowError{Message: column + " " + message, Column: &column, Row: &row})
}

// word reads an optional string column.
func (c *schemeCheck) word(row int, p params, column string) string {
	value, err := p.word(column)
	if err != nil {
		c.refuse(row, column, "must be a string")
	}
	return value
}

func (c *schemeCheck) row(n int, p params) bulkRow {
	r := bulkRow{
		email:     c.email(n, p, "email", c.emails),
		newEmail:  c.email(n, p, "new_email", c.renamed),
		firstName: c.word(n, p, "first_name"),
		lastName:  c.word(n, p, "last_name"),
		status:    c.word(n, p, "status"),
	}
	for _, f := range [][2]string{{"email", r.email}, {"first_name", r.firstName}, {"last_name", r.lastName}} {
		if f[1] == "" {
			c.refuse(n, f[0], "can't be blank")
		}
	}
	if !slices.Contains([]string{"", "Active", "Inactive"}, r.status) {
		c.refuse(n, "status", "must be Active, Inactive or empty")
	}
	if _, given := p["agent_number"]; given {
		number := c.word(n, p, "agent_number")
		r.agentNumber = &number
	}
	c.location(n, p, &r)
	c.chats(n, p, &r)
	r.roles, r.teams = c.members(n, p, "roles"), c.members(n, p, "teams")
	return r
}

// email reads an address that is valid and in no other row of the same column.
func (c *schemeCheck) email(n int, p params, column string, seen map[string]bool) string {
	value := c.word(n, p, column)
	if value == "" {
		return ""
	}
	if at, err := mail.ParseAddress(value); err != nil || at.Address != value {
		c.refuse(n, column, "is not a valid email")
	}
	if seen[strings.ToLower(value)] {
		c.refuse(n, column, "is in the file more than once")
	}
	seen[strings.ToLower(value)] = true
	return value
}

// location: null removes it, empty changes nothing, anything else must be one of the centre's.
func (c *schemeCheck) location(n int, p params, r *bulkRow) {
	raw, given := p["location"]
	none := ""
	switch {
	case !given:
	case string(raw) == "null":
		r.location = &none
	default:
		value := c.word(n, p, "location")
		if value == "" {
			return
		}
		i := slices.IndexFunc(c.settings.Locations, func(l string) bool { return strings.EqualFold(l, value) })
		if i < 0 {
			c.refuse(n, "location", "is not an existing location")
			return
		}
		r.location = &c.settings.Locations[i]
	}
}

// chats reads the two columns of the chat limit.
func (c *schemeCheck) chats(n int, p params, r *bulkRow) {
	if limit, given := number(p["max_chat_limit"]); given {
		if limit < 1 || limit > c.settings.MaxChatLimit {
			c.refuse(n, "max_chat_limit", "must be 1 to "+strconv.Itoa(c.settings.MaxChatLimit)+" or empty")
		}
		r.maxChats = &limit
	}
	if on, given := number(p["max_chat_limit_enabled"]); given {
		if on != 0 && on != 1 {
			c.refuse(n, "max_chat_limit_enabled", "must be 0, 1 or empty")
		}
		enabled := on == 1
		r.maxChatsOn = &enabled
	}
}

// members reads roles or teams; an empty value changes nothing.
func (c *schemeCheck) members(n int, p params, column string) []bulkMember {
	var list []params
	if _, err := p.value(column, &list); err != nil {
		c.refuse(n, column, "must be a list of name and value")
	}
	var out []bulkMember
	for _, one := range list {
		name := c.word(n, one, "name")
		value, given := number(one["value"])
		switch {
		case name == "" || given && value != 0 && value != 1:
			c.refuse(n, column, "must have a name and the value 0, 1 or empty")
		case given:
			out = append(out, bulkMember{name, value == 1})
		}
	}
	return out
}

// number reads a whole number, as a number or as digits in a string; absent, null and empty are not
// given. What is no number reads as -1, which no column takes.
func number(raw json.RawMessage) (n int, given bool) {
	text := strings.Trim(string(raw), `"`)
	if text == "" || text == "null" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1, true
	}
	return n, true
}

package convertalk

import (
	"fmt"
	"strings"
	"time"
)

// KindLead is the ledger kind of all chat users, leads or not, each under its uuid.
const KindLead = "lead"

// timeLayout is the vendor's time: ISO 8601, UTC, milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Where a record came from.
const (
	// OriginAPI marks a record made by a PUT.
	OriginAPI = "api"
	// OriginVisitor marks a record made by a visitor who opened the bot.
	OriginVisitor = "visitor"
)

// defaultStatus is what a new chat has (inferred from a sample event).
const defaultStatus = "OPEN"

// Lead is one chat user as the emulator's ledger keeps it.
type Lead struct {
	ID         string `json:"_id"`
	UUID       string `json:"uuid"`
	BotID      string `json:"botId"`
	CustomerID string `json:"customerId"`
	// Seq is the order of creation, from 1; it settles equal creation times.
	Seq uint64 `json:"seq"`
	// Origin is OriginAPI or OriginVisitor.
	Origin string `json:"origin"`
	// Upserts counts accepted PUTs for this uuid, so that a judge sees one record however often
	// a client sent it.
	Upserts int `json:"upserts"`

	Name     string `json:"name"`
	Email    string `json:"email"`
	Phone    string `json:"phone"`
	DialCode string `json:"dialCode"` // with its plus sign, as sent
	AgentID  string `json:"agentId"`
	Status   string `json:"status"`
	Picture  string `json:"picture"`

	Tags       []string    `json:"tags"`
	Attributes []Attribute `json:"attributes"`
	Notes      []Note      `json:"notes"`
	NoteSeq    int         `json:"noteSeq"` // notes ever made, for their ids

	IsOnline    bool         `json:"isOnline"`
	Visits      int          `json:"websiteVisits"`
	LastMessage *LastMessage `json:"lastMessage,omitempty"`

	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
	LastSeenAt time.Time `json:"lastSeenAt"`
	// LeadSince is when mail or phone was first present; nil while the record is no lead. It never
	// goes back to nil: no document knows that way.
	LeadSince *time.Time `json:"leadSince,omitempty"`
}

// Attribute is one custom attribute.
type Attribute struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Note is one note on a chat user.
type Note struct {
	ID          string `json:"_id"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// LastMessage is the newest message of a chat; By is "bot", "user" or "agent".
type LastMessage struct {
	At   string `json:"at"`
	By   string `json:"by"`
	Text string `json:"text"`
}

// newLead starts a record with the ids the vendor makes itself.
func newLead(seq uint64, origin string, at time.Time) Lead {
	return Lead{
		ID: objectID(at, seq, 0), Seq: seq, Origin: origin, Status: defaultStatus,
		Tags: []string{}, Attributes: []Attribute{}, Notes: []Note{},
		CreatedAt: at, LastSeenAt: at,
	}
}

// objectID is 24 hex digits in the manner of an object id: seconds, then what makes it unique.
func objectID(at time.Time, seq uint64, part int) string {
	return fmt.Sprintf("%08x%08x%08x", uint32(at.Unix()), uint32(seq), uint32(part))
}

// touch notes a change at the given time and whether it made the record a lead.
func (l *Lead) touch(at time.Time) {
	l.UpdatedAt = at
	if l.LeadSince == nil && (l.Email != "" || l.Phone != "") {
		l.LeadSince = &at
	}
}

// addNote appends a note under the next id.
func (l *Lead) addNote(n Note, at time.Time) {
	l.NoteSeq++
	n.ID = objectID(at, l.Seq, l.NoteSeq)
	l.Notes = append(l.Notes, n)
}

// prefix is the dial code as the listing shows it: without the plus sign.
func (l *Lead) prefix() string { return strings.TrimPrefix(l.DialCode, "+") }

func timeText(t time.Time) string { return t.UTC().Format(timeLayout) }

package convertalk

import (
	"errors"
	"net/http"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Action is what an agent does to a record in the vendor's inbox. All but UUID is optional; empty
// values change nothing.
type Action struct {
	// UUID names the record.
	UUID string `json:"uuid"`
	// Status is set as it stands: accounts may define statuses of their own, which the PUT does
	// not take.
	Status string `json:"status,omitempty"`
	// AgentID is whom the chat is given to.
	AgentID string `json:"agentId,omitempty"`
	// Tag and Note are added.
	Tag  string `json:"tag,omitempty"`
	Note *Note  `json:"note,omitempty"`
	// Message is what the agent writes to the visitor.
	Message string `json:"message,omitempty"`
	// Delete removes the record; the pages of the listing move up.
	Delete bool `json:"delete,omitempty"`
}

func (e *Emulator) agentRoute() kit.Route {
	return kit.Route{
		Method: http.MethodPost, Path: "/agents",
		Doc: "An agent works on the record uuid: status (any text), agentId, tag, note {title, description}, message, or delete.",
		Handle: func(r *http.Request, body []byte) (any, error) {
			if _, err := kit.Query(r); err != nil {
				return nil, err
			}
			var a Action
			if err := kit.DecodeStrict(body, &a); err != nil {
				return nil, err
			}
			return e.Act(a)
		},
	}
}

// Act lets an agent work on a record, which no client hears of but by the listing. It fails on a
// uuid that has no record.
func (e *Emulator) Act(a Action) (Visited, error) {
	var lead Lead
	err := e.ledger.Update(func(tx *kit.Tx) error {
		known, err := tx.Get(KindLead, a.UUID, &lead)
		if err != nil {
			return err
		}
		if !known {
			return errors.New("no record has the uuid given")
		}
		if a.Delete {
			return tx.Delete(KindLead, a.UUID)
		}
		a.work(&lead, e)
		return tx.Put(KindLead, lead.UUID, lead)
	})
	if err != nil {
		return Visited{}, err
	}
	if a.Delete {
		e.index.remove(lead)
	}
	return Visited{UUID: lead.UUID, ID: lead.ID}, nil
}

// work writes the action into the record.
func (a Action) work(l *Lead, e *Emulator) {
	at := e.clock()
	if a.Status != "" {
		l.Status = a.Status
	}
	if a.AgentID != "" {
		l.AgentID = a.AgentID
	}
	if tag := strings.TrimSpace(a.Tag); tag != "" {
		l.Tags = mergeTags(l.Tags, []string{tag})
	}
	if a.Note != nil {
		l.addNote(*a.Note, at)
	}
	if a.Message != "" {
		l.LastMessage = &LastMessage{At: timeText(at), By: "agent", Text: a.Message} // "agent" is assumed
	}
	l.touch(at)
}

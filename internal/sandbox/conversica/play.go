package conversica

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Play is a control call that lets a conversation go on.
type Play struct {
	// ID is the sender's id of the lead. Required.
	ID string `json:"id"`
	// ClientID is needed only where several clients have a lead of that ID.
	ClientID string `json:"clientId,omitempty"`
	// State is what happens, by its name; empty is the next turn of the script.
	State string `json:"state,omitempty"`
	// Text and Subject are those of the message that goes with it, where one
	// does.
	Text    string `json:"text,omitempty"`
	Subject string `json:"subject,omitempty"`
	// DiscoveredPhone and DiscoveredEmail are found in the reply.
	DiscoveredPhone string `json:"discoveredPhone,omitempty"`
	DiscoveredEmail string `json:"discoveredEmail,omitempty"`
	// ConversationStage, ConversationStatus and LeadStatus are set as they are,
	// also to words that the vendor has not published.
	ConversationStage  string `json:"conversationStage,omitempty"`
	ConversationStatus string `json:"conversationStatus,omitempty"`
	LeadStatus         string `json:"leadStatus,omitempty"`
}

// errScriptOver says that the script has no more turns.
var errScriptOver = errors.New("the script is over; name a state")

func (e *Emulator) playRoute() kit.Route {
	return kit.Route{
		Method: http.MethodPost, Path: "/script",
		Doc: `Lets a conversation go on: {"id":"…"} plays the script's next turn, "state" another: ` +
			strings.Join(turnNames(), ", ") + "; text, subject, discoveredPhone, discoveredEmail, conversationStage, " +
			"conversationStatus and leadStatus are optional, clientId only where several clients have the id.",
		Handle: func(r *http.Request, body []byte) (any, error) {
			if _, err := kit.Query(r); err != nil {
				return nil, err
			}
			var p Play
			if err := kit.DecodeStrict(body, &p); err != nil {
				return nil, err
			}
			return e.Play(p)
		},
	}
}

// Play carries one turn out, stores the lead's new state with the callbacks it
// makes, and returns the lead. A turn that cannot follow changes nothing.
func (e *Emulator) Play(p Play) (Lead, error) {
	if _, known := turns[p.State]; p.State != "" && !known {
		return Lead{}, fmt.Errorf("unknown state %q; allowed: %s", p.State, strings.Join(turnNames(), ", "))
	}
	var lead Lead
	err := e.ledger.Update(func(tx *kit.Tx) error {
		var err error
		if lead, err = findLead(tx, p.ClientID, p.ID); err != nil {
			return err
		}
		name, place := p.State, slices.Index(script, p.State)
		if name == "" {
			if place = lead.Turn; place >= len(script) {
				return errScriptOver
			}
			name = script[place]
		}
		next := turns[name]
		if !next.mayCome(&lead.State) {
			return fmt.Errorf("%q cannot follow on %s, %s", name, lead.State.ConversationStage, lead.State.ConversationStatus)
		}
		if place >= 0 {
			lead.Turn = place + 1
		}
		return e.carryOut(tx, &lead, next, p)
	})
	return lead, err
}

// carryOut changes the state by a turn and what the call adds to it.
func (e *Emulator) carryOut(tx *kit.Tx, lead *Lead, next turn, p Play) error {
	at, before := e.now().UTC(), lead.State
	next.do(&lead.State, at)
	lead.State.discover(p.DiscoveredPhone, p.DiscoveredEmail)
	if p.ConversationStage != "" || p.ConversationStatus != "" {
		stage, status := lead.State.ConversationStage, lead.State.ConversationStatus
		if p.ConversationStage != "" {
			stage = p.ConversationStage
		}
		if p.ConversationStatus != "" {
			status = p.ConversationStatus
		}
		lead.State.move(stage, status, at)
	}
	if p.LeadStatus != "" {
		lead.State.rate(p.LeadStatus, at)
	}
	if next.action != "" {
		text := next.text
		if p.Text != "" {
			text = p.Text
		}
		if err := e.tell(tx, lead, CallbackMessage, at, message(next.action, p.Subject, text, at)); err != nil {
			return err
		}
	}
	return e.keep(tx, lead, before, at)
}

// findLead finds the one lead of an id, of one client if that is named.
func findLead(tx *kit.Tx, clientID, id string) (Lead, error) {
	var found []Lead
	err := tx.Each(KindLead, func(_ string, raw json.RawMessage) error {
		var l Lead
		if err := json.Unmarshal(raw, &l); err != nil {
			return err
		}
		if l.ID == id && (clientID == "" || l.ClientID == clientID) {
			found = append(found, l)
		}
		return nil
	})
	switch {
	case err != nil:
		return Lead{}, err
	case len(found) == 0:
		return Lead{}, fmt.Errorf("no lead has the id %q", id)
	case len(found) > 1:
		return Lead{}, fmt.Errorf("%d clients have a lead of the id %q; name the clientId", len(found), id)
	}
	return found[0], nil
}

package conversica

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindCallback is the kind of the callback records in the ledger. Their ids
// count up, so that they come in the order in which they were made.
const KindCallback = "callback"

// Kinds of callback, each with an endpoint of its own at the receiver.
const (
	CallbackMessage = "message"
	CallbackLead    = "lead"
)

// Actions of a message, seen from the assistant.
const (
	actionSent     = "sent"
	actionReceived = "received"
)

// Versions of the vendor's API that callbacks can have.
const (
	version72 = "7.2"
	version71 = "7.1"
)

// Callback is one call the vendor has to make to its customer.
type Callback struct {
	// Kind is CallbackMessage, CallbackLead or CallbackCreate.
	Kind string `json:"kind"`
	// Lead is the record id of the lead it is about; CallbackCreate has none.
	Lead string `json:"lead"`
	// Time is when it was made.
	Time time.Time `json:"time"`
	// Body is what is posted.
	Body map[string]any `json:"body"`
}

// Callbacks returns all callbacks in the order in which they were made.
func (e *Emulator) Callbacks() ([]Callback, error) {
	var all []Callback
	err := e.ledger.View(func(tx *kit.Tx) error {
		return tx.Each(KindCallback, func(_ string, raw json.RawMessage) error {
			var c Callback
			if err := json.Unmarshal(raw, &c); err != nil {
				return err
			}
			all = append(all, c)
			return nil
		})
	})
	return all, err
}

// keep stores a lead, and a Lead Update with what differs from before, if
// anything does: the vendor sends what changed and nothing else.
func (e *Emulator) keep(tx *kit.Tx, lead *Lead, before State, at time.Time) error {
	if err := tx.Put(KindLead, RecordID(lead.ClientID, lead.ID), lead); err != nil {
		return err
	}
	body, err := changes(before, lead.State)
	if err != nil || len(body) == 0 {
		return err
	}
	return e.tell(tx, lead, CallbackLead, at, body)
}

// tell stores a callback about a lead, with what every body has.
func (e *Emulator) tell(tx *kit.Tx, lead *Lead, kind string, at time.Time, body map[string]any) error {
	body["apiVersion"], body["clientId"] = version72, lead.ClientID
	key := "id"
	if e.settings.Get().Version71 {
		body["apiVersion"] = version71
		if kind == CallbackMessage {
			key = "leadId"
		}
	}
	body[key] = lead.ID
	return e.owe(tx, Callback{Kind: kind, Lead: RecordID(lead.ClientID, lead.ID), Time: at, Body: body})
}

// owe stores a callback and sends it, if its kind has an endpoint.
func (e *Emulator) owe(tx *kit.Tx, c Callback) error {
	n, err := tx.NextID(KindCallback)
	if err != nil {
		return err
	}
	if err := tx.Put(KindCallback, fmt.Sprintf("%012d", n), c); err != nil {
		return err
	}
	return e.send(tx, c)
}

// message is the body of a Message callback but for what tell adds. The vendor
// names no channel; that the subject of the first mail is made up is ours.
func message(action, subject, text string, at time.Time) map[string]any {
	if subject == "" {
		subject = "Your question"
		if action == actionReceived {
			subject = "Re: Your question"
		}
	}
	return map[string]any{"action": action, "date": date(at), "subject": subject, "body": text}
}

// changes are the keys in which two states differ, as the second has them. What
// has a date of its own brings it along, also when that is the same second.
func changes(before, after State) (map[string]any, error) {
	old, err := keysOf(before)
	if err != nil {
		return nil, err
	}
	body, err := keysOf(after)
	if err != nil {
		return nil, err
	}
	for key, value := range old {
		if now, there := body[key]; !there {
			body[key] = false // only a flag can go out again
		} else if now == value {
			delete(body, key)
		}
	}
	dates, err := keysOf(after)
	if err != nil {
		return nil, err
	}
	for key := range dates {
		thing, dated := strings.CutSuffix(key, "Date")
		if _, changed := body[thing]; dated && changed {
			body[key] = dates[key]
		}
	}
	return body, nil
}

// keysOf is a state as a JSON object.
func keysOf(s State) (map[string]any, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	keys := map[string]any{}
	return keys, json.Unmarshal(raw, &keys)
}

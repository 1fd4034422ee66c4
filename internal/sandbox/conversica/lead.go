package conversica

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindLead is the kind of the lead records in the ledger.
const KindLead = "lead"

// Lead is the vendor's record of one lead.
type Lead struct {
	// ClientID is the sender's customer, empty if none was named.
	ClientID string `json:"clientId"`
	// ID is the sender's id of the lead.
	ID string `json:"id"`
	// Posts counts how often it was posted.
	Posts int `json:"posts"`
	// CreatedTime and UpdatedTime are the times of the first and last post.
	CreatedTime time.Time `json:"createdTime"`
	UpdatedTime time.Time `json:"updatedTime"`
	// Fields holds the keys as they stand after the last post, unknown ones
	// included.
	Fields map[string]json.RawMessage `json:"fields"`
	// State is what the vendor has found out since.
	State State `json:"state"`
	// Turn counts the turns of the script that are played.
	Turn int `json:"turn"`
}

// text returns a field as it stands, "" if it is not there.
func (l *Lead) text(key string) string { return post{l.Fields}.text(key) }

// RecordID is the id of a lead's record in the ledger: both parts of the key,
// escaped as path segments, with a slash between them.
func RecordID(clientID, id string) string {
	return url.PathEscape(clientID) + "/" + url.PathEscape(id)
}

// Leads returns all leads in the order of their record ids.
func (e *Emulator) Leads() ([]Lead, error) {
	var all []Lead
	err := e.ledger.View(func(tx *kit.Tx) error {
		return tx.Each(KindLead, func(_ string, raw json.RawMessage) error {
			var l Lead
			if err := json.Unmarshal(raw, &l); err != nil {
				return err
			}
			all = append(all, l)
			return nil
		})
	})
	return all, err
}

// upsert creates the lead or updates the one with the same key.
func (e *Emulator) upsert(ctx context.Context, p post, s Settings) error {
	clientID, id := p.text("clientId"), p.text("id")
	key, now, effect := RecordID(clientID, id), e.now().UTC(), kit.EffectUpdated
	err := e.ledger.Update(func(tx *kit.Tx) error {
		var lead Lead
		found, err := tx.Get(KindLead, key, &lead)
		if err != nil {
			return err
		}
		if !found {
			lead = Lead{ClientID: clientID, ID: id, CreatedTime: now}
			effect = kit.EffectCreated
		}
		if lead.Fields == nil || s.OmittedClears {
			lead.Fields = map[string]json.RawMessage{}
		}
		for field, value := range p.fields {
			lead.Fields[field] = value
		}
		lead.Posts++
		lead.UpdatedTime = now
		before := lead.State
		if err := e.take(tx, &lead, p, now); err != nil {
			return err
		}
		return e.keep(tx, &lead, before, now)
	})
	if err == nil {
		kit.Touch(ctx, key, effect)
	}
	return err
}

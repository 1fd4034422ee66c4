package verse

import (
	"encoding/json"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Kinds of records in the ledger. The index of active conversations is hidden.
const (
	KindLead   = "lead"
	KindDNC    = "dnc"
	kindActive = "_active"
)

// States of a lead's conversation.
const (
	StateActive      = "active"
	StateQualified   = "qualified"
	StateUnqualified = "unqualified"
)

// endedInBulk is what EndedBy says of a conversation that the portal ended with
// all others.
const endedInBulk = "bulk"

// endedByConcierge is what EndedBy says of one that the vendor's people ended.
const endedByConcierge = "concierge"

// Lead is the vendor's record of one conversation with one person.
type Lead struct {
	// ID is the vendor's id, a version 4 UUID.
	ID string `json:"id"`
	// Account is the name of the account it belongs to.
	Account string `json:"account"`
	// State is StateActive, StateQualified or StateUnqualified.
	State string `json:"state"`
	// ZapierLeadID is the sender's own id, empty if none came.
	ZapierLeadID string `json:"zapierLeadId"`
	// Phone is the normalised phone, empty if none could be read.
	Phone string `json:"phone"`
	// Email is the case-folded address, empty if none was valid.
	Email string `json:"email"`
	// Message is the message of the 201 answer.
	Message string `json:"message"`
	// CreatedTime is when it was created.
	CreatedTime time.Time `json:"createdTime"`
	// EndedTime is when it left StateActive.
	EndedTime *time.Time `json:"endedTime,omitempty"`
	// EndedBy is what ended it: the action "end", "stop" or
	// "dnc", or "bulk" or "concierge".
	EndedBy string `json:"endedBy,omitempty"`
	// Fields is the body of the create request as it was received.
	Fields json.RawMessage `json:"fields"`
}

// contacts lists what the lead can be reached by and told apart by.
func (l *Lead) contacts() []string {
	var all []string
	for _, c := range []string{l.Phone, l.Email} {
		if c != "" {
			all = append(all, c)
		}
	}
	return all
}

// Leads returns all leads of all accounts, in the order of their ids.
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

// scoped is the record id of a phone or address within an account.
func scoped(account, contact string) string {
	return account + "\x00" + contact
}

// putLead stores the lead and keeps the index of active contacts in step.
func putLead(tx *kit.Tx, l *Lead) error {
	for _, c := range l.contacts() {
		key := scoped(l.Account, c)
		if l.State == StateActive {
			if err := tx.Put(kindActive, key, l.ID); err != nil {
				return err
			}
		} else if err := tx.Delete(kindActive, key); err != nil {
			return err
		}
	}
	return tx.Put(KindLead, l.ID, l)
}

// activeID finds the id of the account's active lead with that phone or
// address, or "".
func activeID(tx *kit.Tx, account, contact string) (string, error) {
	var id string
	_, err := tx.Get(kindActive, scoped(account, contact), &id)
	return id, err
}

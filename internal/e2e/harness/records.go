package harness

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/conversica"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

// Record is one person as a vendor's ledger has it.
type Record struct {
	// ID is the ledger's key of the record.
	ID string
	// Ours is the ID that we gave the person at the vendor.
	Ours string
	// Email is in lower case.
	Email string
	// Name is first and last name.
	Name string
	// Says is what the record says of the conversation, in the vendor's own words; UJET has none.
	Says string
	// Notes are the titles of its notes; only Convertalk has any.
	Notes []string
}

// Records are the persons the vendor has under an e-mail address.
func (v *Vendor) Records(tb testing.TB, email string) []Record {
	tb.Helper()
	all, err := v.records()
	must(tb, err)
	var found []Record
	for _, r := range all {
		if strings.EqualFold(r.Email, email) {
			found = append(found, r)
		}
	}
	return found
}

// Created counts how often the vendor created something for the person with this e-mail address.
func (v *Vendor) Created(tb testing.TB, email string) int {
	tb.Helper()
	return v.count(tb, func(r kit.Request) bool { return r.Effect == kit.EffectCreated && mentions(r, email) })
}

// About are the requests about the person with this e-mail address, in the order they arrived.
func (v *Vendor) About(tb testing.TB, email string) []kit.Request {
	tb.Helper()
	return slices.DeleteFunc(v.Requests(tb), func(r kit.Request) bool { return !mentions(r, email) })
}

// Asked counts the requests about the person with this e-mail address, whatever became of them.
func (v *Vendor) Asked(tb testing.TB, email string) int {
	tb.Helper()
	return v.count(tb, func(r kit.Request) bool { return mentions(r, email) })
}

func (v *Vendor) count(tb testing.TB, counts func(kit.Request) bool) int {
	tb.Helper()
	n := 0
	for _, r := range v.Requests(tb) {
		if counts(r) {
			n++
		}
	}
	return n
}

func mentions(r kit.Request, email string) bool {
	return bytes.Contains(bytes.ToLower(r.Body), []byte(`"`+strings.ToLower(email)+`"`))
}

func verseRecords(e *verse.Emulator) func() ([]Record, error) {
	return func() ([]Record, error) {
		leads, err := e.Leads()
		var all []Record
		for _, l := range leads {
			var sent struct{ FirstName, LastName string }
			_ = json.Unmarshal(l.Fields, &sent) // the emulator took it, so it is an object
			all = append(all, Record{ID: l.ID, Ours: l.ZapierLeadID, Email: l.Email, Name: name(sent.FirstName, sent.LastName), Says: l.State})
		}
		return all, err
	}
}

func conversicaRecords(e *conversica.Emulator) func() ([]Record, error) {
	return func() ([]Record, error) {
		leads, err := e.Leads()
		var all []Record
		for _, l := range leads {
			all = append(all, Record{
				ID: conversica.RecordID(l.ClientID, l.ID), Ours: l.ID, Email: text(l.Fields["email"]),
				Name: name(text(l.Fields["firstName"]), text(l.Fields["lastName"])), Says: switches(l.Fields),
			})
		}
		return all, err
	}
}

func ujetRecords(e *ujet.Emulator) func() ([]Record, error) {
	return fromLedger(e.Ledger(), ujet.KindEndUser, func(id string, u ujet.EndUser) Record {
		return Record{ID: id, Ours: u.Identifier, Email: deref(u.Email), Name: deref(u.Name)}
	})
}

func convertalkRecords(e *convertalk.Emulator) func() ([]Record, error) {
	return fromLedger(e.Ledger(), convertalk.KindLead, func(id string, l convertalk.Lead) Record {
		r := Record{ID: id, Ours: l.UUID, Email: l.Email, Name: l.Name, Says: l.Status}
		for _, n := range l.Notes {
			r.Notes = append(r.Notes, n.Title)
		}
		return r
	})
}

// switches are the keys of a Conversica record that say how its conversation goes on, as far as they were ever sent.
func switches(fields map[string]json.RawMessage) string {
	var said []string
	for _, key := range []string{"leadStatus", "skipToFollowup", "stopMessaging", "optOut", "smsOptOut"} {
		if raw := fields[key]; raw != nil {
			said = append(said, key+"="+string(raw))
		}
	}
	return strings.Join(said, " ")
}

func name(first, last string) string { return strings.TrimSpace(first + " " + last) }

// text is a JSON string; empty for anything else.
func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // a record need not have it
	return s
}

// fromLedger reads every record of a kind.
func fromLedger[T any](l *kit.Ledger, kind string, read func(id string, record T) Record) func() ([]Record, error) {
	return func() ([]Record, error) {
		var all []Record
		err := l.View(func(tx *kit.Tx) error {
			return tx.Each(kind, func(id string, raw json.RawMessage) error {
				var record T
				if err := json.Unmarshal(raw, &record); err != nil {
					return err
				}
				all = append(all, read(id, record))
				return nil
			})
		})
		return all, err
	}
}

// Contacts are the names of the campaign contacts at UJET under an e-mail address.
func (v *Vendor) Contacts(tb testing.TB, email string) []string {
	tb.Helper()
	var names []string
	must(tb, v.emulator.Ledger().View(func(tx *kit.Tx) error {
		return tx.Each(ujet.KindContact, func(_ string, raw json.RawMessage) error {
			var c ujet.Contact
			if err := json.Unmarshal(raw, &c); err != nil {
				return err
			}
			if strings.EqualFold(deref(c.Email), email) {
				names = append(names, deref(c.Name))
			}
			return nil
		})
	}))
	return names
}

// OnDoNotCallList says whether a number is on UJET's.
func (v *Vendor) OnDoNotCallList(tb testing.TB, phone string) (listed bool) {
	tb.Helper()
	must(tb, v.emulator.Ledger().View(func(tx *kit.Tx) error {
		return tx.Each(ujet.KindDNC, func(number string, _ json.RawMessage) error {
			listed = listed || number == phone
			return nil
		})
	}))
	return listed
}

func deref(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

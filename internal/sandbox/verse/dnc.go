package verse

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// DNCEntry is one phone or address on an account's do-not-contact list.
type DNCEntry struct {
	// Account is the name of the account.
	Account string `json:"account"`
	// Contact is a phone as "+" and digits, or a case-folded address.
	Contact string `json:"contact"`
	// Since is when it was put on the list.
	Since time.Time `json:"since"`
}

// onList tells whether a phone or address is on the account's list.
func onList(tx *kit.Tx, account, contact string) (bool, error) {
	if contact == "" {
		return false, nil
	}
	var entry DNCEntry
	return tx.Get(KindDNC, scoped(account, contact), &entry)
}

// addToList puts the entry on the list.
func addToList(tx *kit.Tx, entry DNCEntry) error {
	return tx.Put(KindDNC, scoped(entry.Account, entry.Contact), entry)
}

// controlRoutes are the emulator's own control routes.
func (e *Emulator) controlRoutes() []kit.Route {
	return []kit.Route{
		{
			Method: http.MethodPost, Path: "/dnc", Handle: e.postDNC,
			Doc: `Puts a phone or an e-mail address on an account's do-not-contact list: {"account":"default","contact":"…"}.`,
		},
		{
			Method: http.MethodDelete, Path: "/dnc", Handle: e.deleteDNC,
			Doc: `Takes it off the list; same body.`,
		},
	}
}

// listChange is the body of both /dnc routes.
type listChange struct {
	Account string `json:"account"`
	Contact string `json:"contact"`
}

func (e *Emulator) postDNC(r *http.Request, body []byte) (any, error) {
	entry, err := e.readListChange(r, body)
	if err != nil {
		return nil, err
	}
	return entry, e.ledger.Update(func(tx *kit.Tx) error { return addToList(tx, entry) })
}

func (e *Emulator) deleteDNC(r *http.Request, body []byte) (any, error) {
	entry, err := e.readListChange(r, body)
	if err != nil {
		return nil, err
	}
	return map[string]any{}, e.ledger.Update(func(tx *kit.Tx) error {
		return tx.Delete(KindDNC, scoped(entry.Account, entry.Contact))
	})
}

// readListChange reads the body; without an account it is the default one.
func (e *Emulator) readListChange(r *http.Request, body []byte) (DNCEntry, error) {
	var in listChange
	if _, err := kit.Query(r); err != nil {
		return DNCEntry{}, err
	}
	if err := kit.DecodeStrict(body, &in); err != nil {
		return DNCEntry{}, err
	}
	contact, ok := asContact(in.Contact)
	if !ok {
		return DNCEntry{}, errors.New("contact must be a phone number of 10 to 15 digits or an e-mail address")
	}
	account := cmp.Or(in.Account, DefaultAccount)
	if !e.team.has(account) {
		return DNCEntry{}, fmt.Errorf("no account %q", account)
	}
	return DNCEntry{Account: account, Contact: contact, Since: e.now().UTC()}, nil
}

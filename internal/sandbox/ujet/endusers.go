package ujet

import (
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindEndUser is the ledger kind of end users, each under its id in decimal.
const KindEndUser = "endUser"

// kindIdentifier is the hidden index from an identifier to its end user's id.
const kindIdentifier = "_endUserByIdentifier"

// identifierLimit is the longest identifier, in characters (assumed: a Rails string column).
const identifierLimit = 255

// EndUser is an end user as the emulator's ledger keeps it, under its id in decimal.
type EndUser struct {
	// ID is the vendor's number, unique over all end users.
	ID int64 `json:"id"`
	// Identifier is the client's own reference; one end user per identifier.
	Identifier string `json:"identifier"`
	// Email, Name and Phone are as last sent; null when never sent or cleared.
	Email *string `json:"email"`
	Name  *string `json:"name"`
	Phone *string `json:"phone"`
	// CreatedAt and UpdatedAt are in the vendor's time form.
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
}

// endUserAnswer is all the vendor tells about an end user.
type endUserAnswer struct {
	ID         int64  `json:"id"`
	Identifier string `json:"identifier"`
}

// endUserChange is one validated upsert: a nil func leaves its field alone.
type endUserChange struct {
	identifier string
	set        []func(u *EndUser)
	// keepPhone leaves a phone number that is already known.
	keepPhone bool
}

// upsertEndUser is POST /end_users: the identifier decides whether it creates or updates, so
// sending it twice is harmless. Members not sent stay as they are, null clears.
func (e *Emulator) upsertEndUser(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	change, err := parseEndUser(p)
	if err != nil {
		return reply{}, err
	}
	var user EndUser
	var effect string
	err = e.ledger.Update(func(tx *kit.Tx) error {
		var err error
		user, effect, err = e.applyEndUser(tx, change)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), strconv.FormatInt(user.ID, 10), effect)
	return reply{http.StatusOK, endUserAnswer{user.ID, user.Identifier}}, nil
}

func parseEndUser(p params) (endUserChange, error) {
	identifier, err := p.required("identifier")
	if err != nil {
		return endUserChange{}, err
	}
	if utf8.RuneCountInString(identifier) > identifierLimit {
		return endUserChange{}, badRequest("identifier is too long (maximum is 255 characters)")
	}
	change := endUserChange{identifier: identifier}
	fields := []struct {
		name string
		at   func(u *EndUser) **string
	}{
		{"email", func(u *EndUser) **string { return &u.Email }},
		{"name", func(u *EndUser) **string { return &u.Name }},
		{"phone", func(u *EndUser) **string { return &u.Phone }},
	}
	for _, f := range fields {
		value, given, err := p.text(f.name)
		if err != nil {
			return endUserChange{}, err
		}
		if given {
			change.set = append(change.set, func(u *EndUser) { *f.at(u) = value })
		}
	}
	return change, nil
}

// applyEndUser writes the change and says what it did. An update that changes nothing leaves the
// record, its time included, as it was.
func (e *Emulator) applyEndUser(tx *kit.Tx, change endUserChange) (EndUser, string, error) {
	var user EndUser
	var id string
	known, err := tx.Get(kindIdentifier, change.identifier, &id)
	if err != nil {
		return user, "", err
	}
	if !known {
		return e.createEndUser(tx, change)
	}
	if _, err := tx.Get(KindEndUser, id, &user); err != nil {
		return user, "", err
	}
	before := user
	for _, set := range change.set {
		set(&user)
	}
	if change.keepPhone && before.Phone != nil {
		user.Phone = before.Phone
	}
	if sameText(before.Email, user.Email) && sameText(before.Name, user.Name) && sameText(before.Phone, user.Phone) {
		return user, "", nil
	}
	user.UpdatedAt = e.stamp()
	return user, kit.EffectUpdated, tx.Put(KindEndUser, id, user)
}

func (e *Emulator) createEndUser(tx *kit.Tx, change endUserChange) (EndUser, string, error) {
	next, err := tx.NextID(KindEndUser)
	if err != nil {
		return EndUser{}, "", err
	}
	user := EndUser{ID: int64(next), Identifier: change.identifier, CreatedAt: e.stamp()}
	user.UpdatedAt = user.CreatedAt
	for _, set := range change.set {
		set(&user)
	}
	id := strconv.FormatInt(user.ID, 10)
	if err := tx.Put(kindIdentifier, user.Identifier, id); err != nil {
		return EndUser{}, "", err
	}
	return user, kit.EffectCreated, tx.Put(KindEndUser, id, user)
}

// findEndUser is GET /end_users with id or identifier; id wins when both are given (assumed).
func (e *Emulator) findEndUser(_ http.ResponseWriter, r *http.Request) (reply, error) {
	query := r.URL.Query()
	id, identifier := query.Get("id"), query.Get("identifier")
	if id == "" && identifier == "" {
		return reply{}, missing("identifier")
	}
	if id != "" {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return reply{}, badRequest("id is not well formed")
		}
		id = strconv.FormatInt(n, 10)
	}
	var user EndUser
	found := false
	err := e.ledger.View(func(tx *kit.Tx) error {
		if id == "" {
			if known, err := tx.Get(kindIdentifier, identifier, &id); err != nil || !known {
				return err
			}
		}
		var err error
		found, err = tx.Get(KindEndUser, id, &user)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	if !found {
		return reply{}, notFound()
	}
	kit.Touch(r.Context(), id, "")
	return reply{http.StatusOK, endUserAnswer{user.ID, user.Identifier}}, nil
}

func sameText(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

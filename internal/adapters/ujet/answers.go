package ujet

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/leadmux/leadmux/internal/adapters"
)

// statusLimit is the longest status text we keep, in bytes; the vendor's longest is half of that.
const statusLimit = 64

// errNoID says that a success did not name the end user.
var errNoID = errors.New("the answer has no end-user id")

// endUser is what the vendor answers to operations 30 and 31: {id, identifier}.
type endUser struct {
	// ID is the vendor's integer in decimal.
	ID string
	// Identifier is what the vendor knows the end user under; empty when the answer does not say.
	Identifier string
}

// UnmarshalJSON reads an answer whose id is an integer, or the same in quotes, and refuses one without an id: a success that
// does not say who cannot be bound to the lead.
func (u *endUser) UnmarshalJSON(raw []byte) error {
	var wire struct {
		ID         json.RawMessage `json:"id"`
		Identifier json.RawMessage `json:"identifier"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return err
	}
	u.ID, u.Identifier = integer(wire.ID), text(wire.Identifier)
	if u.ID == "" {
		return errNoID // not the parse error: it would quote the answer
	}
	return nil
}

// integer is a positive JSON integer, or the same in quotes, in decimal; empty for any other JSON value.
func integer(raw json.RawMessage) string {
	n, err := strconv.ParseUint(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil || n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// contact is a campaign contact. The vendor's documents show our external_unique_id come back as unique_id; public client
// code reads it under its own name. Either may be any JSON value.
type contact struct {
	ID               json.RawMessage `json:"id"`
	UniqueID         json.RawMessage `json:"unique_id"`
	ExternalUniqueID json.RawMessage `json:"external_unique_id"`
	Status           json.RawMessage `json:"status"`
}

func (c contact) is(leadID string) bool {
	return text(c.UniqueID) == leadID || text(c.ExternalUniqueID) == leadID
}

// id is the contact's ID in decimal, empty when the answer does not hold it.
func (c contact) id() string { return integer(c.ID) }

// status is the vendor's word for where the contact stands ("Upcoming"), empty when unknown.
func (c contact) status() string {
	if s := text(c.Status); len(s) <= statusLimit {
		return s
	}
	return ""
}

// readContact reads the answer to operations 19 and 23. Its shape is only inferred, so anything may stand there: the HTTP
// status alone says that it was done.
func readContact(body []byte) contact {
	var c contact
	if err := json.Unmarshal(body, &c); err != nil {
		return contact{}
	}
	return c
}

// text is a JSON string's value, empty for any other JSON value.
func text(raw json.RawMessage) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return ""
	}
	return s
}

// hasMore says that a listing is a part only. No document speaks of pages here, but other listings of this vendor announce
// theirs in these headers; a contact missing from one page would be added twice.
func hasMore(h http.Header, listed int) bool {
	total, err := strconv.Atoi(h.Get("Total"))
	return err == nil && total > listed || strings.Contains(strings.Join(h.Values("Link"), ","), `rel="next"`)
}

// incompleteListing is a listing that cannot settle whether the contact is there.
func incompleteListing(op string, status int) error {
	return unreadable(op, status, "the list of campaign contacts is cut into pages")
}

// noContactID is a listing that shows the lead without the ID that changing and removing it need.
func noContactID(op string, status int) error {
	return unreadable(op, status, "the campaign contact has no id")
}

func unreadable(op string, status int, cause string) error {
	return &adapters.Error{
		Vendor: Vendor, Op: op, Kind: adapters.KindBadAnswer, Status: status, Ambiguous: true, Cause: errors.New(cause),
	}
}

// Package typeid makes and reads Leadmux IDs: a kind prefix ("lead_", "op_", …) and 26 characters of lower-case Crockford
// base32 that hold a UUIDv7, the TypeID form. IDs made by one process sort by the moment they were made. Any package may use it.
package typeid

import (
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Prefixes of the kinds of ID, each with its underscore.
const (
	Lead        = "lead_"
	Call        = "call_"
	Chat        = "chat_"
	Operation   = "op_"
	Event       = "evt_"
	Suppression = "sup_"

	Subscription = "sub_"
	Delivery     = "dlv_"
)

// ErrInvalid is returned for a text that is no ID of the kind asked for.
var ErrInvalid = errors.New("not a Leadmux ID")

const length = 26

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// New makes an ID of the kind that prefix names.
func New(prefix string) string {
	id := uuid.Must(uuid.NewV7()) // fails only when the system has no randomness left, where nothing can be promised
	return prefix + encode(id)
}

// UUID returns the 128 bits of an ID of the kind that prefix names. It fails with ErrInvalid.
func UUID(prefix, id string) (uuid.UUID, error) {
	text, ok := strings.CutPrefix(id, prefix)
	if !ok || len(text) != length || text[0] > '7' {
		return uuid.Nil, fmt.Errorf("%w of kind %q", ErrInvalid, strings.TrimSuffix(prefix, "_"))
	}
	// The way back of encode: a character on either end makes whole bytes of the 130 bits.
	raw, err := crockford.DecodeString("0" + text + "0")
	if err != nil {
		return uuid.Nil, fmt.Errorf("%w of kind %q", ErrInvalid, strings.TrimSuffix(prefix, "_"))
	}
	return shiftRight(raw), nil
}

func encode(id uuid.UUID) string {
	// 26 characters hold 130 bits: two zero bits, then the 128. Behind five more zero bits they start at a character of the
	// base32 text of 17 bytes.
	var padded [17]byte
	for i, b := range id {
		padded[i] |= b >> 7
		padded[i+1] = b << 1
	}
	return crockford.EncodeToString(padded[:])[1 : 1+length]
}

func shiftRight(raw []byte) uuid.UUID {
	var id uuid.UUID
	for i := range id {
		id[i] = raw[i]<<7 | raw[i+1]>>1
	}
	return id
}

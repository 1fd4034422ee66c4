package service

import (
	"crypto/subtle"
	"encoding/base64"

	"github.com/leadmux/leadmux/internal/seal"
)

// cursors makes and reads the cursors of a tenant's event log: a place in it and a signature, so that none can be made up, nor
// carried to another tenant, and nobody builds on what is inside.
type cursors struct {
	secret *seal.Secret
	tenant string
}

func (s *EventService) cursors(tenant string) cursors { return cursors{s.cfg.Secret, tenant} }

// cursor is the cursor of a place.
func (c cursors) cursor(place string) string {
	return base64.RawURLEncoding.EncodeToString(append(c.mac(place), place...))
}

// place reads a cursor; "" is the start.
func (c cursors) place(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= macSize || subtle.ConstantTimeCompare(raw[:macSize], c.mac(string(raw[macSize:]))) != 1 {
		return "", errNoCursor()
	}
	return string(raw[macSize:]), nil
}

func (c cursors) mac(place string) []byte {
	return c.secret.Sum("cursor", []byte(c.tenant), []byte(place))[:macSize]
}

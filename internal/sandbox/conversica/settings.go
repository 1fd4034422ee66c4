package conversica

import (
	"errors"
	"net/http"
	"time"
)

// Settings are the vendor's switches. They are durable.
type Settings struct {
	// RequireConversationID refuses a lead without conversationId; the
	// vendor's documents disagree on whether it is required.
	RequireConversationID bool `json:"requireConversationId"`
	// RequireClientID refuses a lead without clientId, as an integration that
	// serves several customers would.
	RequireClientID bool `json:"requireClientId"`
	// SMSConversations are the conversationIds that message by SMS; their leads
	// need cellPhone, smsOptIn and smsOptOut.
	SMSConversations []string `json:"smsConversations"`
	// AllowBlank takes an empty string for a required key (that it is refused
	// otherwise is assumed). An empty id is always refused.
	AllowBlank bool `json:"allowBlank"`
	// OmittedClears drops the keys that an update leaves out; otherwise they
	// keep their old value (assumed).
	OmittedClears bool `json:"omittedClears"`
	// LockoutAfter locks the integration after so many failed sign-ins in a
	// row; 0 is never. The vendor warns of it without numbers.
	LockoutAfter int `json:"lockoutAfter"`
	// LockoutSeconds is how long a lockout lasts (assumed).
	LockoutSeconds int `json:"lockoutSeconds"`
	// LockoutStatus is what is answered meanwhile, 401 or 403 (assumed).
	LockoutStatus int `json:"lockoutStatus"`
	// Version71 makes callbacks in the older form: apiVersion "7.1", and the
	// lead's id in a Message as leadId.
	Version71 bool `json:"version71"`
	// Callbacks are where callbacks are sent.
	Callbacks Endpoints `json:"callbacks"`
	// HookRetryMS are the waits in milliseconds between attempts to deliver a
	// callback, at first 1, 5 and 25 seconds (assumed); empty is one attempt.
	HookRetryMS []int `json:"hookRetryMs"`
}

// defaultSettings has everything strict off.
func defaultSettings() Settings {
	return Settings{LockoutSeconds: 60, LockoutStatus: http.StatusForbidden, HookRetryMS: []int{1000, 5000, 25000}}
}

// check refuses values that make no sense.
func (s Settings) check() error {
	switch {
	case s.LockoutAfter < 0:
		return errors.New("lockoutAfter must be 0 (never) or more")
	case s.LockoutSeconds < 1:
		return errors.New("lockoutSeconds must be 1 or more")
	case s.LockoutStatus != http.StatusForbidden && s.LockoutStatus != http.StatusUnauthorized:
		return errors.New("lockoutStatus must be 401 or 403")
	}
	return s.Callbacks.check()
}

// lockout is how long a lockout lasts.
func (s Settings) lockout() time.Duration {
	return time.Duration(s.LockoutSeconds) * time.Second
}

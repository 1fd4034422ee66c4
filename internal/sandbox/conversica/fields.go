package conversica

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// requiredKeys must be present in every post, also in an update.
var requiredKeys = []string{"apiVersion", "id", "firstName", "email", "leadSource", "repName"}

// textKeys are the other keys that must hold a string.
var textKeys = []string{
	"conversationId", "leadStatus", "repId", "repEmail", "clientId", "lastName",
	"homePhone", "workPhone", "cellPhone", "address", "city", "state", "zip", "leadType",
	"leadSubStatus", "appointmentStatus",
	"bdcRepId", "bdcRepName", "bdcRepEmail", "serviceRepId", "serviceRepName", "serviceRepEmail",
	"year", "make", "model", "vin",
	"altEmail", "homeEmail", "workEmail", "altRepName", "altRepId", "altRepEmail",
}

// timeKeys must hold a string in RFC 3339.
var timeKeys = []string{"date", "appointmentDate"}

// boolKeys must hold true or false.
var boolKeys = []string{"optOut", "smsOptOut", "smsOptIn", "stopMessaging", "skipToFollowup"}

// post is a lead object whose keys have the right types.
type post struct {
	fields map[string]json.RawMessage
}

// text returns a key that is known to be a string, or "".
func (p post) text(key string) string {
	var text string
	if raw, ok := p.fields[key]; ok {
		_ = json.Unmarshal(raw, &text) // the type has been checked
	}
	return text
}

// parsePost checks the body against the documented types and required keys.
// Its errors are meant for the answer. Unknown keys are ignored.
func parsePost(body []byte, s Settings) (post, error) {
	var p post
	if err := json.Unmarshal(body, &p.fields); err != nil || p.fields == nil {
		return p, errors.New("the request body must be a JSON object")
	}
	for key, raw := range p.fields {
		if err := checkType(key, raw); err != nil {
			return p, err
		}
	}
	return p, p.checkRequired(s)
}

// checkType refuses null and values of another type than the key's.
func checkType(key string, raw json.RawMessage) error {
	switch {
	case slices.Contains(boolKeys, key):
		if s := string(bytes.TrimSpace(raw)); s != "true" && s != "false" {
			return fmt.Errorf("%s must be a boolean", key)
		}
	case slices.Contains(timeKeys, key):
		text, ok := parseText(raw)
		if _, err := time.Parse(time.RFC3339, text); !ok || err != nil {
			return fmt.Errorf("%s must be an RFC 3339 date and time", key)
		}
	case slices.Contains(requiredKeys, key), slices.Contains(textKeys, key):
		if _, ok := parseText(raw); !ok {
			return fmt.Errorf("%s must be a string", key)
		}
	}
	return nil
}

// parseText decodes a JSON string and refuses everything else.
func parseText(raw json.RawMessage) (string, bool) {
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil || text == nil {
		return "", false
	}
	return *text, true
}

// checkRequired applies the keys required always, and those the settings add.
func (p post) checkRequired(s Settings) error {
	for _, key := range requiredKeys {
		blankOK := s.AllowBlank && key != "id"
		if _, given := p.fields[key]; !given || (p.text(key) == "" && !blankOK) {
			return fmt.Errorf("%s is required", key)
		}
	}
	conversation := p.text("conversationId")
	switch {
	case s.RequireConversationID && conversation == "":
		return errors.New("conversationId is required")
	case s.RequireClientID && p.text("clientId") == "":
		return errors.New("clientId is required")
	case slices.Contains(s.SMSConversations, conversation):
		return p.checkSMS()
	}
	return nil
}

// checkSMS applies the keys that an SMS conversation needs.
func (p post) checkSMS() error {
	if p.text("cellPhone") == "" {
		return errors.New("cellPhone is required for SMS conversations")
	}
	for _, key := range []string{"smsOptIn", "smsOptOut"} {
		if _, given := p.fields[key]; !given {
			return fmt.Errorf("%s is required for SMS conversations", key)
		}
	}
	return nil
}

package verse

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// textFields are the keys of the create body that must hold a string. The
// dotted ones are literal keys. Both spellings of the phone are taken, because
// the documentation has both.
var textFields = []string{
	"phoneNumber", "phone", "email", "firstName", "lastName", "type",
	"street", "city", "state", "postalCode", "leadComment", "additionalNote",
	"channelWebsite", "zapierLeadId",
	"agent.firstName", "agent.lastName", "agent.email", "agent.phone",
	"agent.calendly", "agent.teamName", "agent.callCenterRoutingNumber",
}

// leadBody is a create request that has the right shape.
type leadBody struct {
	text map[string]string
	raw  json.RawMessage
}

// parseLead checks the shape: a JSON object, strings where strings belong, and
// customFields a flat object of strings. Unknown keys are kept and ignored.
// That null counts as the wrong type is assumed.
func parseLead(raw []byte) (leadBody, bool) {
	b := leadBody{text: map[string]string{}, raw: raw}
	fields, ok := parseObject(raw)
	if !ok {
		return b, false
	}
	for key, value := range fields {
		if slices.Contains(textFields, key) {
			text, ok := parseText(value)
			if !ok {
				return b, false
			}
			b.text[key] = text
		}
	}
	custom, given := fields["customFields"]
	return b, !given || isTextMap(custom)
}

// parseObject decodes a JSON object and refuses everything else.
func parseObject(raw []byte) (map[string]json.RawMessage, bool) {
	var fields map[string]json.RawMessage
	err := json.Unmarshal(raw, &fields)
	return fields, err == nil && fields != nil
}

// parseText decodes a JSON string and refuses everything else.
func parseText(raw json.RawMessage) (string, bool) {
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil || text == nil {
		return "", false
	}
	return *text, true
}

// isTextMap tells whether raw is an object whose values are all strings.
func isTextMap(raw json.RawMessage) bool {
	fields, ok := parseObject(raw)
	if !ok {
		return false
	}
	for _, value := range fields {
		if _, ok := parseText(value); !ok {
			return false
		}
	}
	return true
}

// create is the documented POST /zapier. The order of the checks is assumed.
func (e *Emulator) create(c call) (reply, error) {
	body, ok := parseLead(c.body)
	if !ok {
		return *refuse(msgBadBody), nil
	}
	settings := e.settings.Get()
	switch {
	case settings.onHold(c.account):
		return *refuse(msgHold), nil
	case settings.closed(c.account):
		return *refuse(msgClosed), nil
	}
	phone := body.text["phone"]
	if given, ok := body.text["phoneNumber"]; ok {
		phone = given
	}
	reach := readContact(phone, body.text["email"], settings.badNumber)
	message, refusal := judge(reach)
	if refusal != nil {
		return *refusal, nil
	}
	lead := &Lead{
		ID: uuid.NewString(), Account: c.account, State: StateActive,
		ZapierLeadID: body.text["zapierLeadId"], Phone: reach.phone, Email: reach.email,
		Message: message, CreatedTime: e.now().UTC(), Fields: body.raw,
	}
	return e.store(c, lead, reach, settings.LegacyConflict)
}

// judge gives the message of the 201, or the refusal, for the four qualities a
// phone can have and the three an address can have. A bad address beside a bad
// phone counts as none (assumed).
func judge(c contact) (string, *reply) {
	phoneBad := c.phoneQuality == malformed || c.phoneQuality == unusable
	switch {
	case c.phoneQuality == missing && c.emailQuality == missing:
		return "", refuse(msgPhoneNeeded)
	case c.phoneQuality == missing && c.emailQuality == malformed:
		return "", refuse(msgEmailInvalid)
	case phoneBad && c.emailQuality == good:
		return msgEmailOnly, nil
	case c.phoneQuality == malformed:
		return "", refuse(msgPhoneInvalid)
	case c.phoneQuality == unusable:
		return msgUnreachable, nil
	case c.emailQuality == malformed:
		return msgPhoneOnly, nil
	default:
		return msgCreated, nil
	}
}

// store creates the lead unless an active one has the same phone or address.
// Look-up and write are one transaction, so of two twins one is refused.
func (e *Emulator) store(c call, lead *Lead, reach contact, legacy bool) (reply, error) {
	out := duplicate(legacy)
	err := e.ledger.Update(func(tx *kit.Tx) error {
		for _, contact := range lead.contacts() {
			twin, err := activeID(tx, lead.Account, contact)
			if err != nil {
				return err
			}
			if twin != "" {
				kit.Touch(c.ctx, twin, "")
				return nil
			}
		}
		listed, err := onList(tx, lead.Account, lead.Phone)
		if err != nil {
			return err
		}
		// That the list outranks a bad address is assumed.
		if listed && reach.phoneQuality == good {
			lead.Message = msgBlacklisted
		}
		out = created(lead)
		kit.Touch(c.ctx, lead.ID, kit.EffectCreated)
		if err := putLead(tx, lead); err != nil {
			return err
		}
		return e.tell(tx, lead, activity{Title: titleCreated, Message: usualMessage(titleCreated, "")})
	})
	if err != nil {
		kit.Touch(c.ctx, "", "")
		return say(http.StatusInternalServerError, msgFailed), err
	}
	return out, nil
}

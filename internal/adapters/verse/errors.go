package verse

import (
	"encoding/json"
	"net/http"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/mutant"
)

// known is a message of the vendor's error table: how it begins, in lower case, what it means, and what callers are told.
type known struct {
	begins  string
	kind    adapters.Kind
	message string
	fields  func() []*leadmuxv1.FieldViolation
}

// refusals are the messages that come with 422. All but those on e-mail stand in the vendor's table, which remarks that
// "phone" in the last one "may be phone, or email"; the messages on e-mail are assumed by analogy.
var refusals = []known{
	{"your account is not set up to receive leads at this time", adapters.KindIntakeClosed,
		"its account manager can change the hours", nil},
	{"your account is currently on hold", adapters.KindOnHold,
		"its account manager can reactivate it", nil},
	{"phone is invalid", adapters.KindInvalid, "phone is invalid", phoneRefused},
	{"email is invalid", adapters.KindInvalid, "email is invalid", emailRefused},
	{`"phone" is required`, adapters.KindInvalid, "a phone number or an e-mail address is required", contactNeeded},
	{`"email" is required`, adapters.KindInvalid, "a phone number or an e-mail address is required", contactNeeded},
	{"invalid request body", adapters.KindInvalid, "invalid request body", nil},
}

func phoneRefused() []*leadmuxv1.FieldViolation {
	return []*leadmuxv1.FieldViolation{{Field: "lead.phone",
		Description: "Verse cannot use this number; give one that can be called, or an e-mail address"}}
}

func emailRefused() []*leadmuxv1.FieldViolation {
	return []*leadmuxv1.FieldViolation{{Field: "lead.email",
		Description: "Verse cannot use this address; give one that can receive mail, or a phone number"}}
}

func contactNeeded() []*leadmuxv1.FieldViolation {
	const needed = "Verse needs a phone number or an e-mail address"
	return []*leadmuxv1.FieldViolation{
		{Field: "lead.phone", Description: needed},
		{Field: "lead.email", Description: needed},
	}
}

// decode reads a refusal: by status first, by message second. The message of the vendor never goes further than here.
func decode(a vendorhttp.Answer) vendorhttp.Decoded {
	message, code := complaint(a.Body)
	if saysNoRoute(a.Status, message) {
		return missing(a.Route, a.Status, false)
	}
	switch a.Status {
	case http.StatusNotFound:
		return missing(a.Route, a.Status, true)
	case http.StatusConflict:
		return vendorhttp.Decoded{Code: code, Message: "the person has an active conversation at Verse"}
	case http.StatusUnprocessableEntity:
		return refusal(message)
	}
	return vendorhttp.Decoded{}
}

// noConversation is said of an action that found nothing to act on.
const noConversation = "Verse has no active conversation with this person; it may have ended there"

// saysNoRoute says whether an answer may be one about the path and not about what was asked for. Where the conversation is not there,
// the vendor's table has a 404 with a text of its own, and no other 404; the 403 it explains in the same way is what its gateway
// says of a path or verb that it does not know. Any other 403 is a key that may not do this.
func saysNoRoute(status int, message string) bool {
	switch status {
	case http.StatusForbidden:
		return strings.HasPrefix(message, "missing authentication token")
	case http.StatusNotFound:
		return !strings.HasPrefix(message, "resource not found")
	default:
		return status == http.StatusMethodNotAllowed
	}
}

// missing tells what an answer of "not found" is about; sure says that it has the vendor's text for that. A create names no object
// that could be missing, so there it is the path (inferred). The path of an opt-out is assumed: only the vendor's own text is believed
// to be about the conversation, or a wrong path would pass for a person who needs not be told of.
func missing(route string, status int, sure bool) vendorhttp.Decoded {
	switch {
	case route == routeCreate, status == http.StatusMethodNotAllowed:
		return vendorhttp.Decoded{Kind: adapters.KindRouteUnknown, HasKind: true}
	case route == routeOptOut && !sure && !mutant.TrustEveryNotFound:
		return vendorhttp.Decoded{Kind: adapters.KindRouteDoubted, HasKind: true}
	default:
		return vendorhttp.Decoded{Kind: adapters.KindNotFound, HasKind: true, Message: noConversation}
	}
}

func refusal(message string) vendorhttp.Decoded {
	for _, k := range refusals {
		if !strings.HasPrefix(message, k.begins) {
			continue
		}
		d := vendorhttp.Decoded{Kind: k.kind, HasKind: true, Message: k.message}
		if k.fields != nil {
			d.Fields = k.fields()
		}
		return d
	}
	return vendorhttp.Decoded{}
}

// complaint is the message of an error body, trimmed and in lower case, and its code if that is a short number. Two forms of
// body exist, so everything is read loosely. The vendor's table prints one body that is no JSON for its unescaped quotes;
// there the text after "message" is taken.
func complaint(body []byte) (message, code string) {
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) == nil {
		var n json.Number
		if json.Unmarshal(object["code"], &n) == nil && len(n) <= 6 {
			code = n.String()
		}
		return strings.ToLower(text(object["message"])), code
	}
	raw := string(body)
	if _, after, ok := strings.Cut(raw, `"message":`); ok {
		raw = strings.TrimPrefix(strings.TrimSpace(after), `"`)
	}
	return strings.ToLower(strings.TrimSpace(raw)), ""
}

package ujet

import (
	"cmp"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// sentence is a refusal that the vendor's documents print.
type sentence struct {
	text string // what the message begins with
	kind adapters.Kind
	wire string // the vendor's name of the field that it is about; empty for none
	says string // what the caller reads, where text is only the beginning; empty for text
}

// printed are the vendor's refusals that do not begin with a field's name. What follows the part given here may hold a value of the
// caller's or of a person's, and stays with us.
var printed = []sentence{
	{text: textDuplicate, kind: adapters.KindRateLimited},

	{text: "Agent is not available to take this call", kind: adapters.KindWrongState},
	{text: "Agent email required", kind: adapters.KindInvalid, wire: "agent_email"},
	{text: "Not a valid agent email", kind: adapters.KindInvalid, wire: "agent_email"},
	{text: "Agent does not have access to make calls", kind: adapters.KindInvalid, wire: "agent_email"},
	{text: "ticket_id or end_user_number required", kind: adapters.KindInvalid, wire: "end_user_number"},
	{text: "Contact not found", kind: adapters.KindInvalid, wire: "ticket_id"},
	{text: "Only IVR and mobile menu IDs are permitted", kind: adapters.KindInvalid, wire: "menu_id"},
	{text: "Only mobile and web menu IDs are permitted", kind: adapters.KindInvalid, wire: "menu_id"},
	{text: "Menu is in 'manual redirection' state, can't accept calls", kind: adapters.KindWrongState},
	{text: "Menu is in 'after hours' state, can't accept incoming calls", kind: adapters.KindWrongState},
	{text: "Language '", kind: adapters.KindInvalid, wire: "lang", says: "this language is not available"},
	{text: "This call cannot be placed because the phone number is on the Company DNC list", kind: adapters.KindInvalid, wire: "end_user_number"},
	{text: "Call is already ended", kind: adapters.KindWrongState},
	{text: "Chat is already ended", kind: adapters.KindWrongState},
	{text: "Unsupported CRM request", kind: adapters.KindWrongState},
	{text: "SMS is not enabled", kind: adapters.KindWrongState},
	{text: "Outbound SMS is not enabled", kind: adapters.KindWrongState},
	{text: "Non-US phone number not allowed", kind: adapters.KindInvalid, wire: "end_user_number"},
	{text: "Outbound SMS failed. Consumer is already in an active SMS session.", kind: adapters.KindWrongState},
}

// decode is what the sentence means, if the message is it.
func (s sentence) decode(message string) (vendorhttp.Decoded, bool) {
	if !strings.HasPrefix(message, s.text) {
		return vendorhttp.Decoded{}, false
	}
	d := vendorhttp.Decoded{Kind: s.kind, HasKind: true, Message: cmp.Or(s.says, s.text)}
	if s.wire != "" {
		d.Fields = []*leadmuxv1.FieldViolation{{Field: s.wire, Description: d.Message}}
	}
	return d, true
}

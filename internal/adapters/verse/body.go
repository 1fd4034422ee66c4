package verse

import (
	"fmt"
	"slices"
	"unicode/utf8"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// Longest values in characters, from the vendor's published page. Nothing says whether Verse cuts or refuses what is longer,
// so we cut, and say so. Its cap on e-mail (125) is not applied: a cut address is somebody else's.
const (
	nameCap    = 85
	placeCap   = 85
	sourceCap  = 85
	commentCap = 1024
)

// vendorName is the vendor's name as people know it.
const vendorName = "Verse"

const (
	defaultPhoneField = "phoneNumber"
	customFields      = "customFields"
)

// field is one key of the create body. The dotted keys are literal: Verse has no nested owner.
type field struct {
	key   string
	path  string // ours
	value string
	limit int // characters; 0 for none
}

// fieldsOf is the lead and its options in the vendor's terms. An external_id stays with us by design: our own ID is what Verse
// gets, and what its webhooks bring back.
func fieldsOf(phoneKey string, l *leadmuxv1.Lead, o *leadmuxv1.VerseOptions) []field {
	address, owner := l.GetAddress(), l.GetOwner()
	return []field{
		{"zapierLeadId", "lead.lead_id", l.GetLeadId(), 0},
		{phoneKey, "lead.phone", l.GetPhone(), 0},
		{"email", "lead.email", l.GetEmail(), 0},
		{"firstName", "lead.first_name", l.GetFirstName(), nameCap},
		{"lastName", "lead.last_name", l.GetLastName(), nameCap},
		{"type", "lead.type", l.GetType(), 0},
		{"street", "lead.address.street", address.GetStreet(), placeCap},
		{"city", "lead.address.city", address.GetCity(), placeCap},
		{"state", "lead.address.region", address.GetRegion(), placeCap},
		{"postalCode", "lead.address.postal_code", address.GetPostalCode(), 0},
		{"leadComment", "lead.comment", l.GetComment(), commentCap},
		{"channelWebsite", "lead.source", l.GetSource(), sourceCap},
		{"agent.firstName", "lead.owner.first_name", owner.GetFirstName(), 0},
		{"agent.lastName", "lead.owner.last_name", owner.GetLastName(), 0},
		{"agent.email", "lead.owner.email", owner.GetEmail(), 0},
		{"agent.phone", "lead.owner.phone", owner.GetPhone(), 0},
		{"agent.calendly", "lead.owner.booking_url", owner.GetBookingUrl(), 0},
		{"agent.teamName", "lead.owner.team", owner.GetTeam(), 0},
		{"agent.callCenterRoutingNumber", "vendor_options.verse.call_center_routing_number", o.GetCallCenterRoutingNumber(), 0},
		{"additionalNote", "vendor_options.verse.additional_note", o.GetAdditionalNote(), 0},
	}
}

// public are the keys, and the placeholders of paths, whose values a preview may show. The callers choose the keys of the
// custom fields, so none of those.
var public = map[string]bool{
	varID:          true,
	"zapierLeadId": true, "type": true, "channelWebsite": true, "agent.teamName": true,
	"agent.callCenterRoutingNumber": true, customFields: false,
}

// taken says whether a key has a meaning other than the phone's.
func taken(key string) bool {
	return key == customFields || slices.ContainsFunc(fieldsOf("", nil, nil), func(f field) bool { return f.key == key })
}

// body is the create body, with a warning for everything that does not reach Verse whole. Empty values are left out.
func (a *Adapter) body(l *leadmuxv1.Lead, o *leadmuxv1.VerseOptions) (map[string]any, []*leadmuxv1.Warning) {
	body := map[string]any{}
	var warnings []*leadmuxv1.Warning
	sent := []string{"lead.attributes"}
	for _, f := range fieldsOf(a.phoneField, l, o) {
		sent = append(sent, f.path)
		if f.value == "" {
			continue
		}
		value, cut := clip(f.value, f.limit)
		body[f.key] = value
		if cut {
			warnings = append(warnings, vendorhttp.Warning(leadmuxv1.WarningCode_WARNING_CODE_FIELD_CLIPPED, f.path,
				fmt.Sprintf("Verse takes %d characters; the rest was cut off", f.limit)))
		}
	}
	if len(l.GetAttributes()) > 0 {
		body[customFields] = l.GetAttributes()
	}
	return body, append(warnings, vendorhttp.NotSent(vendorName, l, sent...)...)
}

// clip cuts text to limit characters, never inside one; 0 is no limit.
func clip(text string, limit int) (string, bool) {
	if limit == 0 || utf8.RuneCountInString(text) <= limit {
		return text, false
	}
	count := 0
	for i := range text {
		if count == limit {
			return text[:i], true
		}
		count++
	}
	return text, false
}

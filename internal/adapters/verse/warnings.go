package verse

import (
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// creations are the messages that come with a 201 when not all is well, in lower case, longer before shorter: they are
// compared by their beginning, since the vendor spells "Created Lead" and "Created lead" both.
var creations = []struct {
	message    string
	warnings   []leadmuxv1.WarningCode
	suppressed bool
}{
	{"created lead, but phone is invalid, and no email was provided", []leadmuxv1.WarningCode{
		leadmuxv1.WarningCode_WARNING_CODE_PHONE_INVALID,
		leadmuxv1.WarningCode_WARNING_CODE_NO_EMAIL,
		leadmuxv1.WarningCode_WARNING_CODE_NOT_CONTACTABLE,
	}, false},
	{"created lead, but phone is invalid", []leadmuxv1.WarningCode{
		leadmuxv1.WarningCode_WARNING_CODE_PHONE_INVALID,
	}, false},
	{"created lead, but email is invalid", []leadmuxv1.WarningCode{
		leadmuxv1.WarningCode_WARNING_CODE_EMAIL_INVALID,
	}, false},
	{"created lead, but phone was previously blacklisted", []leadmuxv1.WarningCode{
		leadmuxv1.WarningCode_WARNING_CODE_PHONE_BLACKLISTED,
	}, true},
}

// creationTexts are the field and the sentence of each warning that a 201 can carry.
var creationTexts = map[leadmuxv1.WarningCode][2]string{
	leadmuxv1.WarningCode_WARNING_CODE_PHONE_INVALID:     {"lead.phone", "Verse took the lead but cannot use its phone number"},
	leadmuxv1.WarningCode_WARNING_CODE_EMAIL_INVALID:     {"lead.email", "Verse took the lead but cannot use its e-mail address"},
	leadmuxv1.WarningCode_WARNING_CODE_NO_EMAIL:          {"lead.email", "Verse has no e-mail address to fall back on"},
	leadmuxv1.WarningCode_WARNING_CODE_NOT_CONTACTABLE:   {"", "Verse cannot reach the person with what it got"},
	leadmuxv1.WarningCode_WARNING_CODE_PHONE_BLACKLISTED: {"lead.phone", "the number is on the account's do-not-contact list at Verse"},
}

// creationWarnings reads the message of a 2xx, and says whether Verse will leave the person alone (inferred: the table says
// only that the number is on the account's list). An unknown message is no warning: the lead is created all the same.
func creationWarnings(message string) ([]*leadmuxv1.Warning, bool) {
	message = strings.ToLower(strings.TrimSpace(message))
	for _, c := range creations {
		if !strings.HasPrefix(message, c.message) {
			continue
		}
		var warnings []*leadmuxv1.Warning
		for _, code := range c.warnings {
			warnings = append(warnings, vendorhttp.Warning(code, creationTexts[code][0], creationTexts[code][1]))
		}
		return warnings, c.suppressed
	}
	return nil, false
}

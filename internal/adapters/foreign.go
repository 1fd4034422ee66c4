package adapters

import (
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// maxEmail is the longest e-mail address that the API takes, in bytes.
const maxEmail = 254

// Clip is the beginning of a vendor's text, at most so many bytes long and valid UTF-8.
func Clip(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// Email is a vendor's text as an address that the service takes; empty for any other text.
func Email(text string) string {
	text = strings.TrimSpace(text)
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || len(text) > maxEmail || !strings.Contains(text[strings.LastIndexByte(text, '@')+1:], ".") {
		return ""
	}
	return text
}

// Phone is a vendor's text in E.164, read as dialled within region (ISO 3166-1 alpha-2); empty when it can be no number.
func Phone(text, region string) string {
	parsed, err := phonenumbers.Parse(text, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(parsed) != phonenumbers.IS_POSSIBLE {
		return ""
	}
	return phonenumbers.Format(parsed, phonenumbers.E164)
}

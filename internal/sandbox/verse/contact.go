package verse

import (
	"net/mail"
	"strings"
	"unicode"
)

// quality is how good a phone number or an e-mail address is.
type quality int

const (
	missing   quality = iota
	malformed         // has not the shape of one
	unusable          // phone only: has the shape, but cannot be reached
	good
)

// contact is how a lead can be reached. Phone and email are normalised and
// empty where nothing can be made of them; only then can they tell duplicates.
type contact struct {
	phone        string
	phoneQuality quality
	email        string
	emailQuality quality
}

// readContact judges a phone and an e-mail address as received.
func readContact(phone, email string, bad func(string) bool) contact {
	var c contact
	c.phone, c.phoneQuality = judgePhone(phone, bad)
	c.email, c.emailQuality = judgeEmail(email)
	return c
}

// judgePhone applies the documented split: not phone-shaped is malformed;
// phone-shaped but no number that North America can dial is unusable. The rule
// that separates the two is assumed.
func judgePhone(raw string, bad func(string) bool) (string, quality) {
	if strings.TrimSpace(raw) == "" {
		return "", missing
	}
	phone, ok := normalisePhone(raw)
	switch {
	case !ok:
		return "", malformed
	case !dialable(phone) || bad(phone):
		return phone, unusable
	default:
		return phone, good
	}
}

// normalisePhone gives "+" and the digits, with the country code 1 put before
// ten digits. It is false where letters occur or the digits are not 10 to 15.
func normalisePhone(raw string) (string, bool) {
	var digits strings.Builder
	for _, r := range raw {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return "", false
		}
	}
	d := digits.String()
	if len(d) < 10 || len(d) > 15 {
		return "", false
	}
	if len(d) == 10 && !strings.HasPrefix(strings.TrimSpace(raw), "+") {
		d = "1" + d
	}
	return "+" + d, true
}

// dialable tells whether a normalised phone is a number of the North American
// plan whose area code and exchange do not start with 0 or 1. The 555-01xx
// numbers kept for examples count as dialable.
func dialable(phone string) bool {
	return len(phone) == 12 && phone[1] == '1' && phone[2] > '1' && phone[5] > '1'
}

// judgeEmail takes a bare address with a dotted domain and folds its case.
func judgeEmail(raw string) (string, quality) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return "", missing
	}
	addr, err := mail.ParseAddress(raw)
	if err != nil || addr.Address != raw {
		return "", malformed
	}
	domain := raw[strings.LastIndex(raw, "@")+1:]
	if !strings.Contains(strings.Trim(domain, "."), ".") {
		return "", malformed
	}
	return strings.ToLower(raw), good
}

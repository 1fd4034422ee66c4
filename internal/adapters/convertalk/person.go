package convertalk

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// Limits of our fields, in bytes, and of how many a list may hold. What the vendor has beyond them is cut, or left out where
// a part would be something else.
const (
	maxName, maxPicture            = 200, 2048
	maxTag, maxKey, maxValue       = 100, 64, 1024
	maxTitle, maxDescription       = 200, 4096
	maxTags, maxNotes, maxKeyCount = 50, 50, 50
)

// person is what the record knows of the lead, as a caller of ours could have said it. City, country and gender are left out:
// the vendor guesses the first two from the network address, and we have no field for the last.
func (r record) person() *leadmuxv1.Lead {
	lead := &leadmuxv1.Lead{
		Email:   adapters.Email(r.details("contact", "email").text()),
		Phone:   e164(r.details("contact", "phone", "prefix").text(), r.details("contact", "phone", "number").text()),
		Picture: picture(r.details("picture").text()),
	}
	// The vendor has one name; that the family name follows the first blank is assumed.
	first, last := r.name(), ""
	if blank := strings.IndexFunc(first, unicode.IsSpace); blank >= 0 {
		first, last = first[:blank], strings.TrimSpace(first[blank:])
	}
	lead.FirstName, lead.LastName = adapters.Clip(first, maxName), adapters.Clip(last, maxName)
	for _, tag := range r.tags() {
		if len(tag) <= maxTag && len(lead.GetTags()) < maxTags {
			lead.Tags = append(lead.Tags, tag)
		}
	}
	for _, n := range r.notes() {
		if len(lead.GetNotes()) < maxNotes {
			lead.Notes = append(lead.Notes, &leadmuxv1.Note{Title: adapters.Clip(n.Title, maxTitle), Description: adapters.Clip(n.Description, maxDescription)})
		}
	}
	for _, a := range r.attributes() {
		if len(a.Key) > maxKey || len(lead.GetAttributes()) == maxKeyCount {
			continue
		}
		if lead.Attributes == nil {
			lead.Attributes = map[string]string{}
		}
		lead.Attributes[a.Key] = adapters.Clip(a.Value, maxValue)
	}
	return lead
}

// picture is an address that the service takes; empty for any other text.
func picture(text string) string {
	if !isWebAddress(text) || len(text) > maxPicture {
		return ""
	}
	return text
}

// e164 puts a number together again: the prefix is the country's calling code with or without plus sign, the number a
// national one with or without its leading zero, or whole with plus sign. Empty when that comes to no possible number.
func e164(prefix, number string) string {
	region := "ZZ" // no country: the number must be whole
	if code, err := strconv.Atoi(prefix); err == nil {
		// A country that has the code; the others that have it write their numbers the same way.
		region = phonenumbers.GetRegionCodeForCountryCode(code)
		if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY && !strings.HasPrefix(number, "+") {
			number = fmt.Sprintf("+%d%s", code, number)
		}
	}
	parsed, err := phonenumbers.Parse(number, region)
	if err != nil || !phonenumbers.IsPossibleNumber(parsed) {
		return ""
	}
	return phonenumbers.Format(parsed, phonenumbers.E164)
}

package verse

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// Limits of our fields, in bytes. What is longer stays whole in the raw payload.
const (
	maxVendorID, maxTitle, maxReason, maxText = 200, 200, 500, 4096
	maxMessage                                = 64 << 10
	maxAnswers, maxQuestion, maxAnswer        = 100, 1024, 4096
	maxAttributes, maxKey, maxValue           = 50, 64, 1024
	maxField                                  = 200
)

// homeRegion is where a number without country code is from: the vendor writes both "(619) 426-8081" and "+16194268081", and serves the
// United States and Canada.
const homeRegion = "US"

// delivery is the body of a webhook, read loosely: any key may be absent, null, or of another type than documented.
type delivery map[string]json.RawMessage

func (d delivery) text(key string) string { return text(d[key]) }

// texts is an object of strings; what is no string in it is left out.
func (d delivery) texts(key string) map[string]string {
	var object map[string]json.RawMessage
	if json.Unmarshal(d[key], &object) != nil {
		return nil
	}
	texts := map[string]string{}
	for name, value := range object {
		if s := text(value); s != "" {
			texts[name] = s
		}
	}
	return texts
}

// key tells this happening from the next. The vendor gives it no ID; the event is left out, since the same happening comes under two
// of them.
func (d delivery) key() string {
	return strings.Join([]string{d.text("id"), d.text("title"), d.text("eventDate"), d.text("message")}, "\x00")
}

// message is what was said, without the title that the vendor may put in front of it.
func (d delivery) message() string {
	said := d.text("message")
	if title := d.text("title"); title != "" {
		said = strings.TrimSpace(strings.TrimPrefix(said, title+":"))
	}
	return adapters.Clip(said, maxMessage)
}

// answers are the questions of the vendor's script with what the person said; nil for none.
func (d delivery) answers() *leadmuxv1.ConversationAnswers {
	given := d.texts("customQuestions")
	if len(given) == 0 {
		return nil
	}
	answers := map[string]string{}
	for _, question := range slices.Sorted(maps.Keys(given)) {
		if len(answers) < maxAnswers && len(question) <= maxQuestion {
			answers[question] = adapters.Clip(given[question], maxAnswer)
		}
	}
	return &leadmuxv1.ConversationAnswers{Answers: answers}
}

// person is what the delivery tells of the person.
func (d delivery) person() *leadmuxv1.Lead {
	lead := &leadmuxv1.Lead{
		FirstName: adapters.Clip(d.text("firstName"), maxField), LastName: adapters.Clip(d.text("lastName"), maxField),
		Email: adapters.Email(d.text("email")), Phone: adapters.Phone(d.text("phone"), homeRegion),
		Source: adapters.Clip(d.text("channelWebsite"), maxField), Type: adapters.Clip(d.text("leadType"), 100),
		Attributes: d.attributes(),
	}
	address := &leadmuxv1.Address{
		Street: adapters.Clip(d.text("street"), maxField), City: adapters.Clip(d.text("city"), maxField),
		Region: adapters.Clip(d.text("state"), maxField), PostalCode: adapters.Clip(d.text("postalCode"), 20),
	}
	if address.GetStreet()+address.GetCity()+address.GetRegion()+address.GetPostalCode() != "" {
		lead.Address = address
	}
	return lead
}

// attributes are the custom fields, which come back under either of two names: the vendor's samples have one, its table the other.
func (d delivery) attributes() map[string]string {
	given := d.texts("customerFields")
	if own := d.texts("customFields"); len(own) > 0 {
		given = own
	}
	attributes := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if key != "" && len(key) <= maxKey && len(attributes) < maxAttributes {
			attributes[key] = adapters.Clip(given[key], maxValue)
		}
	}
	if len(attributes) == 0 {
		return nil
	}
	return attributes
}

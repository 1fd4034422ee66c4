package convertalk

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"

	"github.com/google/uuid"
)

var (
	statuses     = []string{"OPEN", "INPROGRESS", "REVIEW", "ONHOLD", "DEPENDANCY", "CLOSED"}
	dialCode     = regexp.MustCompile(`^\+[0-9]{1,6}$`)
	attributeKey = regexp.MustCompile(`^[a-z0-9_]+$`) // rule public for the parent product; refusing is assumed
)

// change is one validated PUT: nil means the field was not given and stays as it is.
type change struct {
	uuid, botID, customerID string

	name, email, phone, dialCode, agentID, status, picture *string

	tags       *[]string
	attributes *[]Attribute
	notes      *[]Note
}

// parseChange reads a PUT body and collects everything wrong with it, not just the first thing.
func parseChange(f fields, anyUUID bool) (change, []string) {
	p := problems{}
	c := change{
		uuid: p.required(f, "uuid"), botID: p.required(f, "botId"), customerID: p.required(f, "customerId"),
		name: p.text(f, "name"), email: p.text(f, "email"), phone: p.text(f, "phone"),
		dialCode: p.text(f, "dialCode"), agentID: p.text(f, "agentId"),
		status: p.text(f, "status"), picture: p.text(f, "picture"),
		tags: p.tags(f), attributes: p.attributes(f), notes: p.notes(f),
	}
	if id, err := uuid.Parse(c.uuid); c.uuid != "" && !anyUUID && (err != nil || id.Version() != 4 || len(c.uuid) != 36) {
		p.add("uuid must be a UUID of version 4")
	}
	if c.status != nil && !slices.Contains(statuses, *c.status) {
		p.add("status must be one of OPEN, INPROGRESS, REVIEW, ONHOLD, DEPENDANCY, CLOSED")
	}
	p.check("email must be a valid email", c.email, validMail)
	p.check("dialCode must include the + sign", c.dialCode, dialCode.MatchString)
	p.check("picture must be a valid URL", c.picture, validPicture)
	return c, p.found
}

func validMail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

func validPicture(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

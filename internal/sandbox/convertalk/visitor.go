package convertalk

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Visitor is what a person does in the chat widget in one visit. All of it is optional: an empty
// Visitor opens the bot and leaves again.
type Visitor struct {
	// UUID names a record that is there, one we wrote or an earlier visitor's; empty opens the bot
	// anew, and the widget makes the uuid.
	UUID string `json:"uuid,omitempty"`
	// Name, Email, Phone (national number) and DialCode (with its plus sign) are what the visitor
	// gives; empty ones stay as they were.
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Phone    string `json:"phone,omitempty"`
	DialCode string `json:"dialCode,omitempty"`
	// Message is what the visitor writes to the bot.
	Message string `json:"message,omitempty"`
	// Answered says that the visitor answered a question which the bot marks as making a lead, so
	// one comes of it without mail or phone.
	Answered bool `json:"answered,omitempty"`
	// Count lets so many different visitors come instead of one, 1 to 100000; not with UUID. A
	// number then follows Name and stands before the "@" of Email.
	Count int `json:"count,omitempty"`
}

// maxVisitors bounds Visitor.Count.
const maxVisitors = 100_000

// Visited tells which record a visit touched; with Visitor.Count, that of the last visitor.
type Visited struct {
	UUID string `json:"uuid"`
	ID   string `json:"_id"`
}

func (e *Emulator) visitorRoute() kit.Route {
	return kit.Route{
		Method: http.MethodPost, Path: "/visitors",
		Doc: "A visitor opens the bot: name, email, phone, dialCode, message, answered, all optional; uuid for one who was here before, " +
			"or count for many.",
		Handle: func(r *http.Request, body []byte) (any, error) {
			if _, err := kit.Query(r); err != nil {
				return nil, err
			}
			var v Visitor
			if err := kit.DecodeStrict(body, &v); err != nil {
				return nil, err
			}
			return e.Visit(v)
		},
	}
}

// Visit lets a visitor act as the widget would; the listing then shows a record that no client
// wrote. It fails on values the widget would not take and on a uuid that has no record.
func (e *Emulator) Visit(v Visitor) (Visited, error) {
	p := problems{}
	p.check("email must be a valid email", &v.Email, validMail)
	p.check("dialCode must include the + sign", &v.DialCode, dialCode.MatchString)
	if v.Count < 0 || v.Count > maxVisitors {
		p.add("count must be 1 to 100000")
	}
	if v.Count > 0 && v.UUID != "" {
		p.add("count makes new visitors: leave uuid out")
	}
	if len(p.found) > 0 {
		return Visited{}, errors.New(p.found[0])
	}
	visitors := []Visitor{v}
	if v.Count > 0 {
		visitors = v.many()
	}
	return e.visit(visitors)
}

// visit stores all the visits, or none.
func (e *Emulator) visit(visitors []Visitor) (Visited, error) {
	leads := make([]Lead, len(visitors))
	err := e.ledger.Update(func(tx *kit.Tx) error {
		for i, v := range visitors {
			uuid := cmp.Or(v.UUID, uuid.NewString())
			lead, made, err := e.lead(tx, uuid, OriginVisitor)
			if err != nil {
				return err
			}
			if made && v.UUID != "" {
				return errors.New("no record has the uuid given; leave it out to open the bot anew")
			}
			before := lead
			v.act(&lead, e.clock())
			if err := tx.Put(KindLead, lead.UUID, lead); err != nil {
				return err
			}
			if err := e.tellVisit(tx, before, lead, v.Message); err != nil {
				return err
			}
			leads[i] = lead
		}
		return nil
	})
	if err != nil || len(leads) == 0 {
		return Visited{}, err
	}
	e.index.put(leads...)
	last := leads[len(leads)-1]
	return Visited{UUID: last.UUID, ID: last.ID}, nil
}

// many are as many visitors as asked for, told apart by a number.
func (v Visitor) many() []Visitor {
	all := make([]Visitor, v.Count)
	local, domain, _ := strings.Cut(v.Email, "@")
	for i := range all {
		all[i] = v
		if v.Name != "" {
			all[i].Name = fmt.Sprintf("%s %d", v.Name, i+1)
		}
		if v.Email != "" {
			all[i].Email = fmt.Sprintf("%s%d@%s", local, i+1, domain)
		}
	}
	return all
}

// meanwhile lets visitors come by themselves.
func (e *Emulator) meanwhile(visitors int) error {
	if visitors == 0 {
		return nil
	}
	arrivals := make([]Visitor, visitors)
	for i := range arrivals {
		arrivals[i] = Visitor{Name: "Passing Visitor", Email: "visitor-" + uuid.NewString() + "@example.com"}
	}
	_, err := e.visit(arrivals)
	return err
}

// act writes the visit into the record.
func (v Visitor) act(l *Lead, at time.Time) {
	l.Name, l.Email = cmp.Or(v.Name, l.Name), cmp.Or(v.Email, l.Email)
	l.Phone, l.DialCode = cmp.Or(v.Phone, l.Phone), cmp.Or(v.DialCode, l.DialCode)
	if v.Message != "" {
		l.LastMessage = &LastMessage{At: timeText(at), By: "user", Text: v.Message}
	}
	l.IsOnline = true
	l.Visits++
	l.LastSeenAt = at
	if l.LeadSince == nil && v.Answered {
		l.LeadSince = &at
	}
	l.touch(at)
}

package conversica

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// historyLayout is the form of times in a chat's history: no zone.
const historyLayout = "2006-01-02T15:04:05"

// ChatLead is a control call: the website chat has captured a visitor.
type ChatLead struct {
	// FirstName, LastName and Email are required.
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Email     string `json:"email"`
	// ClientID is left out of the callback when empty.
	ClientID string `json:"clientId"`
	// Said are the visitor's lines; the assistant answers each. Empty is one
	// question.
	Said []string `json:"said"`
	// Extra are further keys of the callback, as a customer may have agreed.
	Extra map[string]any `json:"extra"`
}

func (e *Emulator) chatRoute() kit.Route {
	return kit.Route{
		Method: http.MethodPost, Path: "/chatLead",
		Doc: `The website chat captures a visitor: {"firstName","lastName","email"}, and "clientId", "said" (lines), "extra" (keys).`,
		Handle: func(r *http.Request, body []byte) (any, error) {
			if _, err := kit.Query(r); err != nil {
				return nil, err
			}
			var in ChatLead
			if err := kit.DecodeStrict(body, &in); err != nil {
				return nil, err
			}
			return e.Capture(in)
		},
	}
}

// Capture stores the callback of a captured visitor. The vendor keeps no lead:
// it gets one when the receiver posts the visitor back.
func (e *Emulator) Capture(in ChatLead) (Callback, error) {
	if in.FirstName == "" || in.LastName == "" || !isAddress(in.Email) {
		return Callback{}, errors.New("firstName, lastName and a valid email are required")
	}
	at := e.now().UTC()
	body := map[string]any{}
	for key, value := range in.Extra {
		body[key] = value
	}
	body["firstName"], body["lastName"], body["email"] = in.FirstName, in.LastName, in.Email
	body["conversationHistory"] = in.history(at)
	if in.ClientID != "" {
		body["clientId"] = in.ClientID
	}
	c := Callback{Kind: CallbackCreate, Time: at, Body: body}
	return c, e.ledger.Update(func(tx *kit.Tx) error { return e.owe(tx, c) })
}

// history is what was said, a line each, seconds apart.
func (in ChatLead) history(at time.Time) string {
	said := in.Said
	if len(said) == 0 {
		said = []string{"Do you ship abroad?"}
	}
	var lines []string
	for i, line := range said {
		when := at.Add(time.Duration(10*i) * time.Second)
		lines = append(lines,
			fmt.Sprintf("%s %s %s: %s", when.Format(historyLayout), in.FirstName, in.LastName, line),
			fmt.Sprintf("%s Conversica (Assistant): Thank you.", when.Add(5*time.Second).Format(historyLayout)))
	}
	return strings.Join(lines, "\n")
}

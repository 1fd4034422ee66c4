package verse

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Activity is a control call: something happens to a lead.
type Activity struct {
	// ID is the vendor's lead id, ZapierLeadID the sender's own; one of them is
	// needed.
	ID           string `json:"id"`
	ZapierLeadID string `json:"zapierLeadId"`
	// Title is what happens, one of Titles or any other text. Required.
	Title string `json:"title"`
	// Message is the webhook's; empty is one that is usual for the title.
	Message string `json:"message"`
	// ReasonUnqualified goes with the title of that name.
	ReasonUnqualified string `json:"reasonUnqualified"`
	// CustomQuestions are the script's questions with the answers so far.
	CustomQuestions map[string]string `json:"customQuestions"`
	// LeadComment is what the concierge has summed up.
	LeadComment string `json:"leadComment"`
	// Channel is sms, call or email; empty follows from the title.
	Channel string `json:"channel"`
}

func (e *Emulator) activityRoutes() []kit.Route {
	return []kit.Route{
		{
			Method: http.MethodPost, Path: "/activities", Handle: e.postActivity,
			Doc: `Something happens to a lead, and webhooks tell of it: {"id" or "zapierLeadId","title","message","reasonUnqualified",` +
				`"customQuestions","leadComment","channel"}. Titles: ` + strings.Join(Titles, ", ") + "; any other is sent too.",
		},
		{
			Method: http.MethodPost, Path: "/callers", Handle: e.postCaller,
			Doc: `Somebody whom no client has sent calls in and becomes a lead: {"account","phone","firstName","lastName","email"}.`,
		},
		{
			Method: http.MethodPost, Path: "/subscriptions", Handle: e.postSubscriptions,
			Doc: `An account manager sets webhooks up by hand: {"account","url","token","events","team"}; no events is all four.`,
		},
	}
}

func (e *Emulator) postActivity(r *http.Request, body []byte) (any, error) {
	var in Activity
	if _, err := kit.Query(r); err != nil {
		return nil, err
	}
	if err := kit.DecodeStrict(body, &in); err != nil {
		return nil, err
	}
	return e.Happen(in)
}

// Happen stores what a control call says has happened, with the webhooks that
// tell of it, and returns the lead. A qualification ends the conversation.
func (e *Emulator) Happen(in Activity) (Lead, error) {
	if in.Title == "" {
		return Lead{}, errors.New("title is required")
	}
	var lead Lead
	err := e.ledger.Update(func(tx *kit.Tx) error {
		found, err := e.leadOf(tx, in)
		if err != nil {
			return err
		}
		lead = *found
		if state := map[string]string{titleQualified: StateQualified, titleUnqual: StateUnqualified}[in.Title]; state != "" && lead.State == StateActive {
			now := e.now().UTC()
			lead.State, lead.EndedBy, lead.EndedTime = state, endedByConcierge, &now
			if err := putLead(tx, &lead); err != nil {
				return err
			}
		}
		return e.tell(tx, &lead, activity{
			Title: in.Title, Message: cmp.Or(in.Message, usualMessage(in.Title, in.ReasonUnqualified)), Reason: in.ReasonUnqualified,
			Comment: in.LeadComment, Channel: cmp.Or(in.Channel, usualChannel(in.Title)), Questions: in.CustomQuestions,
		})
	})
	return lead, err
}

// leadOf finds the lead a control call means.
func (e *Emulator) leadOf(tx *kit.Tx, in Activity) (*Lead, error) {
	var found *Lead
	err := tx.Each(KindLead, func(id string, raw json.RawMessage) error {
		var l Lead
		if err := json.Unmarshal(raw, &l); err != nil {
			return err
		}
		if in.ID != "" && id == in.ID || in.ZapierLeadID != "" && l.ZapierLeadID == in.ZapierLeadID {
			found = &l
		}
		return nil
	})
	if err == nil && found == nil {
		err = errors.New("no lead has that id or zapierLeadId")
	}
	return found, err
}

// usualMessage is what a webhook of a title says when nothing else is known.
func usualMessage(title, reason string) string {
	switch title {
	case titleCreated:
		return "New Lead Created"
	case titleQualified:
		return "We've qualified a new lead for you!"
	case titleUnqual:
		return "We've Unqualified this lead for the following reason: " + reason
	default:
		return title
	}
}

// usualChannel is the channel a title speaks of.
func usualChannel(title string) string {
	for word, channel := range map[string]string{"SMS": "sms", "Email": "email", "Call": "call", "Transfer": "call"} {
		if strings.Contains(title, word) {
			return channel
		}
	}
	return ""
}

// postCaller makes a lead that has no id of a sender's.
func (e *Emulator) postCaller(r *http.Request, body []byte) (any, error) {
	var in struct {
		Account   string `json:"account"`
		Phone     string `json:"phone"`
		FirstName string `json:"firstName"`
		LastName  string `json:"lastName"`
		Email     string `json:"email"`
	}
	if _, err := kit.Query(r); err != nil {
		return nil, err
	}
	if err := kit.DecodeStrict(body, &in); err != nil {
		return nil, err
	}
	reach := readContact(in.Phone, in.Email, func(string) bool { return false })
	account := cmp.Or(in.Account, DefaultAccount)
	if !e.team.has(account) || reach.phoneQuality != good {
		return nil, errors.New("a caller needs a phone that can be dialled, and an account of the team")
	}
	fields, err := json.Marshal(map[string]string{"phone": in.Phone, "firstName": in.FirstName, "lastName": in.LastName, "email": in.Email})
	if err != nil {
		return nil, err
	}
	lead := Lead{
		ID: uuid.NewString(), Account: account, State: StateActive, Phone: reach.phone, Email: reach.email, CreatedTime: e.now().UTC(), Fields: fields,
	}
	return lead, e.ledger.Update(func(tx *kit.Tx) error {
		if err := putLead(tx, &lead); err != nil {
			return err
		}
		return e.tell(tx, &lead, activity{Title: titleCreated, Message: usualMessage(titleCreated, ""), Channel: "call"})
	})
}

// Listen sends everything that happens to an account's leads to a URL from now
// on, in place of where it went before, as an account manager would set it up.
func (e *Emulator) Listen(account, url, token string) error {
	s := Subscription{ID: "by-hand-" + account, Account: account, URL: url, Token: token, Event: EventActivity}
	if !e.team.has(account) || s.check() != nil {
		return errors.New("the account must be one of the team, and the url http on loopback")
	}
	return e.ledger.Update(func(tx *kit.Tx) error { return tx.Put(KindSubscription, s.ID, s) })
}

// postSubscriptions sets webhooks up without the API.
func (e *Emulator) postSubscriptions(r *http.Request, body []byte) (any, error) {
	var in struct {
		Account string   `json:"account"`
		URL     string   `json:"url"`
		Token   string   `json:"token"`
		Events  []string `json:"events"`
		Team    bool     `json:"team"`
	}
	if _, err := kit.Query(r); err != nil {
		return nil, err
	}
	if err := kit.DecodeStrict(body, &in); err != nil {
		return nil, err
	}
	if in.Account = cmp.Or(in.Account, DefaultAccount); !e.team.has(in.Account) {
		return nil, fmt.Errorf("no account %q; there are: %s", in.Account, strings.Join(e.team.names(), ", "))
	}
	if len(in.Events) == 0 {
		in.Events = events
	}
	made := []Subscription{}
	err := e.ledger.Update(func(tx *kit.Tx) error {
		made = made[:0]
		for _, event := range in.Events {
			s := Subscription{ID: uuid.NewString(), Account: in.Account, URL: in.URL, Token: in.Token, Event: event, Team: in.Team}
			if refusal := s.check(); refusal != nil {
				return errors.New("url must be a http URL on loopback, events some of " + strings.Join(events, ", "))
			}
			if err := tx.Put(KindSubscription, s.ID, s); err != nil {
				return err
			}
			made = append(made, s)
		}
		return nil
	})
	return map[string]any{"subscriptions": made}, err
}

package verse

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// action is one of the three ways to end a conversation.
type action struct {
	name  string
	state string
	// list puts the lead's phone and address on the do-not-contact list.
	list bool
	// activity is what the webhooks tell of it.
	activity activity
}

var (
	actionEnd  = action{name: "end", state: StateQualified, activity: activity{Title: titleQualified}}
	actionStop = action{name: "stop", state: StateUnqualified, activity: activity{Title: titleUnqual, Reason: reasonStopped}}
	actionDNC  = action{name: "dnc", state: StateUnqualified, list: true, activity: activity{Title: titleUnqual, Reason: reasonDNC}}
)

// act builds the handler of an action. The lead is named by searchValue (its
// id, phone or address) or, where the route has one, by the path's id.
func (e *Emulator) act(a action) func(call) (reply, error) {
	return func(c call) (reply, error) {
		search := c.id
		if search == "" {
			fields, ok := parseObject(c.body)
			if !ok {
				return *refuse(msgBadBody), nil
			}
			value, given := fields["searchValue"]
			if search, ok = parseText(value); given && !ok {
				return *refuse(msgBadBody), nil
			}
		}
		if search = strings.TrimSpace(search); search == "" {
			return *refuse(msgSearchNeeded), nil
		}
		return e.finish(c, a, search)
	}
}

// finish ends the conversation that search names, if it is active.
func (e *Emulator) finish(c call, a action, search string) (reply, error) {
	settings := e.settings.Get()
	out := e.unknownLead(settings)
	err := e.ledger.Update(func(tx *kit.Tx) error {
		lead, err := findLead(tx, c.team, search)
		if err != nil || lead == nil {
			return err
		}
		if lead.State != StateActive {
			kit.Touch(c.ctx, lead.ID, "")
			if settings.RepeatedActionOK {
				out = done(lead, settings)
			}
			return nil
		}
		now := e.now().UTC()
		lead.State, lead.EndedBy, lead.EndedTime = a.state, a.name, &now
		if a.list {
			for _, contact := range lead.contacts() {
				if err := addToList(tx, DNCEntry{Account: lead.Account, Contact: contact, Since: now}); err != nil {
					return err
				}
			}
		}
		out = done(lead, settings)
		kit.Touch(c.ctx, lead.ID, kit.EffectUpdated)
		if err := putLead(tx, lead); err != nil {
			return err
		}
		told := a.activity
		told.Message = usualMessage(told.Title, told.Reason)
		return e.tell(tx, lead, told)
	})
	if err != nil {
		kit.Touch(c.ctx, "", "")
		return say(http.StatusInternalServerError, msgFailed), err
	}
	return out, nil
}

// unknownLead is the answer to an action on a conversation that is not there.
func (e *Emulator) unknownLead(s Settings) reply {
	if s.UnknownLead403 {
		return say(http.StatusForbidden, msgNoRoute)
	}
	return say(http.StatusNotFound, msgNotFound)
}

// findLead finds a lead of the accounts by id, else the active one by phone or
// address, the first account's before the next one's; nil if there is none. A
// lead of an account that is not among them is not found.
func findLead(tx *kit.Tx, accounts []string, search string) (*Lead, error) {
	id := strings.ToLower(search)
	if contact, ok := asContact(search); ok {
		id = ""
		for _, account := range accounts {
			found, err := activeID(tx, account, contact)
			if err != nil {
				return nil, err
			}
			if id = found; id != "" {
				break
			}
		}
	}
	var lead Lead
	found, err := tx.Get(KindLead, id, &lead)
	if err != nil || !found || !slices.Contains(accounts, lead.Account) {
		return nil, err
	}
	return &lead, nil
}

// asContact reads a search value as a phone or an address. An id is neither: a
// UUID has more than 15 characters that are no punctuation, or letters.
func asContact(search string) (string, bool) {
	if email, q := judgeEmail(search); q == good {
		return email, true
	}
	return normalisePhone(search)
}

// done is the answer to an action that was carried out.
func done(l *Lead, s Settings) reply {
	if !s.LegacyActionAnswer {
		return reply{http.StatusOK, map[string]string{"status": "success"}}
	}
	body := map[string]any{}
	// The stored fields were an object when they came in.
	_ = json.Unmarshal(l.Fields, &body)
	body["id"], body["leadSource"] = l.ID, body["channelWebsite"]
	return reply{http.StatusOK, map[string]any{"statusCode": http.StatusOK, "body": body}}
}

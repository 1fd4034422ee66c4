package verse

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Titles that come of themselves. All others come on control calls.
const (
	titleCreated   = "Lead Created"
	titleQualified = "Qualified Lead"
	titleUnqual    = "Unqualified Lead"
)

// Titles are all that the vendor is known to send, in no order.
var Titles = []string{
	titleCreated, titleQualified, titleUnqual, "Inbound SMS", "Outbound SMS", "Inbound Email", "Outbound Email", "Inbound Call Received",
	"Outbound Call Attempt", "Live Transfer Attempt", "Live Transfer Successful", "Live Transfer Unsuccessful", "Call Forwarded",
	"Concierge Note", "Verse Activity Log",
}

// Reasons for which an action of the API ends a conversation (wording assumed).
const (
	reasonStopped = "Stopped by client"
	reasonDNC     = "Do Not Contact"
)

// activity is something that happened to a lead, as its webhooks tell it.
type activity struct {
	Title   string
	Message string
	// Reason is why a lead is unqualified.
	Reason string
	// Comment replaces the lead's own.
	Comment string
	// Channel is sms, call or email.
	Channel string
	// Questions are the script's, with the answers so far.
	Questions map[string]string
}

// event is what must be subscribed to for a title, beside lead_activity.
func (a activity) event() string {
	switch a.Title {
	case titleCreated:
		return EventCreated
	case titleQualified:
		return EventQualify
	case titleUnqual:
		return EventUnqual
	default:
		return EventActivity
	}
}

// tell stores one webhook for each subscription that takes the activity in.
func (e *Emulator) tell(tx *kit.Tx, lead *Lead, a activity) error {
	all, err := subscriptions(tx)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Account != lead.Account && !s.Team || s.Event != EventActivity && s.Event != a.event() {
			continue
		}
		body, err := json.Marshal(e.body(lead, a, s))
		if err != nil {
			return err
		}
		if err := e.hooks.Put(tx, kit.Hook{Endpoint: s.ID, Event: a.Title, URL: s.URL, Body: body}); err != nil {
			return err
		}
	}
	return nil
}

// body is what a webhook says. Its field names are fixed; the older ones of
// them are left out where the settings say so.
func (e *Emulator) body(lead *Lead, a activity, s Subscription) map[string]any {
	settings, fields := e.settings.Get(), lead.sent()
	out := map[string]any{
		"event": s.Event, "title": a.Title, "message": a.Message, "id": lead.ID, "externalLeadId": orNull(lead.ZapierLeadID),
		"email": orNull(lead.Email), "phone": orNull(settings.phone(lead.Phone)), "link": "https://app.verse.io/leads/" + lead.ID,
		"leadType": orNull(fields.text["type"]), "leadComment": orNull(fields.text["leadComment"]), "owner": fields.owner(),
		"customQuestions": a.Questions, settings.customKey(): fields.custom(),
	}
	for _, key := range []string{"firstName", "lastName", "street", "city", "state", "postalCode", "channelWebsite"} {
		out[key] = orNull(fields.text[key])
	}
	if a.Questions == nil {
		out["customQuestions"] = map[string]string{}
	}
	if a.Comment != "" {
		out["leadComment"] = a.Comment
	}
	if a.Title == titleUnqual {
		out["reasonUnqualified"] = a.Reason
	}
	if !settings.OldWebhooks {
		out["eventDate"] = e.now().UTC().Format(time.DateTime)
		out["phoneCarrierType"] = "mobile"
		out["lastCommunicationChannel"] = orNull(a.Channel)
	}
	if s.Team {
		out["userId"] = e.userOf(lead.Account)
	}
	return out
}

// orNull is null for an empty text.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// sent is what the lead's sender sent.
func (l *Lead) sent() leadBody {
	body, _ := parseLead(l.Fields) // was parsed when it came in
	return body
}

// custom are the custom fields as they came.
func (b leadBody) custom() map[string]string {
	fields, _ := parseObject(b.raw)
	custom := map[string]string{}
	_ = json.Unmarshal(fields["customFields"], &custom) // absent is empty
	return custom
}

// owner is the agent the sender named; null if none was.
func (b leadBody) owner() any {
	owner := map[string]string{}
	for _, key := range []string{"firstName", "lastName", "email", "phone", "calendly", "teamName"} {
		if value := b.text["agent."+key]; value != "" {
			owner[key] = value
		}
	}
	if len(owner) == 0 {
		return nil
	}
	return owner
}

// userOf is the Verse user behind an account.
func (e *Emulator) userOf(account string) string {
	members := e.team.members()
	i := slices.IndexFunc(members, func(a Account) bool { return a.Name == account })
	if i < 0 {
		return ""
	}
	return members[i].UserID
}

// customKey is how the custom fields are called; the vendor's documents have both.
func (s Settings) customKey() string {
	if s.CustomerFields {
		return "customerFields"
	}
	return "customFields"
}

// phone writes a North American phone as people do, where the settings say so.
func (s Settings) phone(phone string) string {
	if !s.PrettyPhone || len(phone) != 12 || phone[:2] != "+1" {
		return phone
	}
	return "(" + phone[2:5] + ") " + phone[5:8] + "-" + phone[8:]
}

// hookWaits are the waits between two attempts (assumed: none are published).
func (e *Emulator) hookWaits() []time.Duration {
	waits := []time.Duration{time.Second, 5 * time.Second, 25 * time.Second}
	if given := e.settings.Get().HookRetryMS; given != nil {
		waits = waits[:0]
		for _, ms := range given {
			waits = append(waits, time.Duration(ms)*time.Millisecond)
		}
	}
	return waits
}

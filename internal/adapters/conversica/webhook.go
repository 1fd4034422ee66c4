package conversica

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// The kinds of callback, by the last part of our URL.
const (
	kindMessage = "message"
	kindLead    = "lead"
	kindCreate  = "create"
)

// accepted is our answer to a callback. The vendor requires it of the create callback, its status a text; to the others it is harmless.
const accepted = `{"status":"200","message":"Lead stored"}`

// Webhook is one of the vendor's three callbacks. All prove themselves with the one pair of HTTP Basic that we gave the vendor; it signs
// nothing.
func (a *Adapter) Webhook(kind string) (adapters.Webhook, bool) {
	read, ok := map[string]func([]byte) []adapters.VendorEvent{
		kindMessage: readMessage, kindLead: readLead, kindCreate: readCreate,
	}[kind]
	if !ok || a.cfg.WebhookPassword == "" {
		return adapters.Webhook{}, false
	}
	return adapters.Webhook{
		Verify: func(header http.Header, _ []byte, _ time.Time) error {
			return adapters.SameBasic(header, a.cfg.WebhookUsername, a.cfg.WebhookPassword)
		},
		Read: read, Challenge: `Basic realm="leadmux"`, Accepted: accepted,
	}, true
}

// Limits of our fields, in bytes.
const maxID, maxWord, maxSubject, maxMessage, maxField = 200, 100, 2048, 64 << 10, 200

// readMessage reads a message that the assistant sent or received. The vendor does not say by which channel; a subject means e-mail
// (inferred: texts have none).
func readMessage(raw []byte) []adapters.VendorEvent {
	c, ok := parse(raw)
	if !ok {
		return unread(kindMessage, raw)
	}
	said := c.event(kindMessage)
	message := &leadmuxv1.ConversationMessage{
		Subject: adapters.Clip(c.text("subject"), maxSubject), Text: adapters.Clip(c.words("body"), maxMessage),
	}
	if message.GetSubject() != "" {
		message.Channel = leadmuxv1.MessageChannel_MESSAGE_CHANNEL_EMAIL
	}
	switch c.text("action") {
	case "sent":
		message.Direction = leadmuxv1.MessageDirection_MESSAGE_DIRECTION_OUTBOUND
	case "received":
		message.Direction = leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND
	default:
		said.Unrecognised = "action"
	}
	said.Key = strings.Join([]string{kindMessage, said.VendorLeadID, c.text("action"), c.text("date"), c.text("subject"), c.words("body")}, "\x00")
	said.Event = &leadmuxv1.Event{Type: "lead.message", VendorTime: c.moment("date"), Detail: &leadmuxv1.Event_Message{Message: message}}
	return []adapters.VendorEvent{said}
}

// readCreate reads a visitor whom the website chat got hold of. The vendor has no ID of it: it waits to be given the lead under ours.
func readCreate(raw []byte) []adapters.VendorEvent {
	c, ok := parse(raw)
	if !ok {
		return unread(kindCreate, raw)
	}
	said := adapters.VendorEvent{
		Key: kindCreate + "\x00" + string(raw), SendBack: true, Born: true,
		Lead: &leadmuxv1.Lead{
			FirstName: adapters.Clip(c.text("firstName"), maxField), LastName: adapters.Clip(c.text("lastName"), maxField),
			Email: adapters.Email(c.text("email")), Source: "Website chat",
		},
		Event: &leadmuxv1.Event{Type: "lead.message", Detail: &leadmuxv1.Event_Message{Message: &leadmuxv1.ConversationMessage{
			Channel: leadmuxv1.MessageChannel_MESSAGE_CHANNEL_CHAT, Text: adapters.Clip(c.words("conversationHistory"), maxMessage),
		}}},
	}
	if said.Lead.GetEmail() == "" { // nobody could be given back to the vendor, which requires an address
		said.Born, said.SendBack = false, false
	}
	return []adapters.VendorEvent{said}
}

// callback is the body of a callback, read loosely: only changed keys come, numbers stand for texts in older versions, and "" or "None"
// mean nothing.
type callback map[string]json.RawMessage

func parse(raw []byte) (callback, bool) {
	var c callback
	return c, json.Unmarshal(raw, &c) == nil && c != nil
}

// words is a text as it is; empty for anything else.
func (c callback) words(key string) string {
	var s string
	if json.Unmarshal(c[key], &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(c[key], &n) == nil {
		return n.String()
	}
	return ""
}

// text is a text without blanks around it; empty where it says that there is none.
func (c callback) text(key string) string {
	s := strings.TrimSpace(c.words(key))
	if strings.EqualFold(s, "none") {
		return ""
	}
	return s
}

// is says whether a switch is there, and how it stands.
func (c callback) is(key string) (set, on bool) {
	if json.Unmarshal(c[key], &on) == nil && string(c[key]) != "null" {
		return true, on
	}
	switch strings.ToLower(c.text(key)) {
	case "true":
		return true, true
	case "false":
		return true, false
	default:
		return false, false
	}
}

// moment is a date; nil where none can be read.
func (c callback) moment(key string) *timestamppb.Timestamp {
	t, err := time.Parse(time.RFC3339, c.text(key))
	if err != nil {
		return nil
	}
	return timestamppb.New(t)
}

// event is what every event of a callback has. The vendor's ID of the lead is ours.
func (c callback) event(kind string) adapters.VendorEvent {
	id := c.text("id")
	if id == "" {
		id = c.text("leadId") // older versions' messages
	}
	id = adapters.Clip(id, maxID)
	return adapters.VendorEvent{Key: kind, VendorLeadID: id, LeadID: id}
}

func unread(kind string, raw []byte) []adapters.VendorEvent {
	return []adapters.VendorEvent{{Key: kind + "\x00" + string(raw), Unrecognised: "body", Event: &leadmuxv1.Event{
		Type: "vendor.other", Detail: &leadmuxv1.Event_Other{Other: &leadmuxv1.VendorOther{Title: kind}},
	}}}
}

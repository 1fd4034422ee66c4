package ujet

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// kindSessions are the external session events; the chat webhooks have no kind.
const kindSessions = "sessions"

// The headers that prove a chat webhook.
const (
	headerSignature = "X-Signature"
	headerSigned    = "X-Signature-Timestamp"
)

// DefaultSignatureAge is how old or how far ahead a signed timestamp may be.
const DefaultSignatureAge = 5 * time.Minute

// Webhook is one of the vendor's two feeds: chat webhooks, signed over timestamp and body, and session events, with HTTP Basic.
func (a *Adapter) Webhook(kind string) (adapters.Webhook, bool) {
	switch {
	case kind == "" && len(a.hook.Secrets) > 0:
		return adapters.Webhook{Verify: a.hook.signed, Read: readChat}, true
	case kind == kindSessions && a.hook.Password != "":
		return adapters.Webhook{
			Verify: func(header http.Header, _ []byte, _ time.Time) error {
				return adapters.SameBasic(header, a.hook.Username, a.hook.Password)
			},
			Read: readSessions, Challenge: `Basic realm="leadmux"`,
		}, true
	default:
		return adapters.Webhook{}, false
	}
}

// Hook is how an account's deliveries are recognised.
type Hook struct {
	// Secrets sign chat webhooks; two during a rotation.
	Secrets []string
	// Username and Password come with session events.
	Username, Password string
	// Age is how old or how far ahead a signed timestamp may be; zero for DefaultSignatureAge.
	Age time.Duration
}

// signed checks the signature: base64 of HMAC-SHA256 over timestamp and raw body. Of two signatures either may match either secret, so
// that a rotation loses nothing.
func (h Hook) signed(header http.Header, raw []byte, now time.Time) error {
	stamp := header.Get(headerSigned)
	at, ok := moment(stamp)
	if !ok || now.Sub(at).Abs() > cmp.Or(h.Age, DefaultSignatureAge) {
		return adapters.ErrForged
	}
	same := false
	for _, secret := range h.Secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(stamp))
		mac.Write(raw)
		want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
		for _, given := range signatures(header.Get(headerSignature)) {
			same = adapters.SameSecret(given, want) || same // never cut short: the time must not tell which one matched
		}
	}
	if same {
		return nil
	}
	return adapters.ErrForged
}

// signatures are those of "primary=… secondary=…".
func signatures(header string) []string {
	var all []string
	for _, part := range strings.FieldsFunc(header, func(r rune) bool { return r == ' ' || r == ',' }) {
		name, value, ok := strings.Cut(part, "=")
		if ok && (name == "primary" || name == "secondary") {
			all = append(all, value)
		}
	}
	return all
}

// moment is a time of the vendor's: ISO 8601, or seconds or milliseconds since 1970. Which of them stands in the signature's header is not
// published.
func moment(text string) (time.Time, bool) {
	const secondsUntil = 1e11 // a number above it is milliseconds
	text = strings.TrimSpace(text)
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, t.Year() >= 1970 && t.Year() <= 9999
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n <= 0 || n > 1e14:
		return time.Time{}, false
	case n < secondsUntil:
		return time.Unix(n, 0), true
	default:
		return time.UnixMilli(n), true
	}
}

// Limits of our fields, in bytes.
const maxVendorID, maxWord, maxText, maxInitiator = 200, 100, 64 << 10, 200

// loose is a JSON object read loosely: any key may be absent or of another type than documented.
type loose map[string]json.RawMessage

func parse(raw []byte) (loose, bool) {
	var o loose
	return o, json.Unmarshal(raw, &o) == nil && o != nil
}

// text is a text or number; empty for anything else.
func (o loose) text(key string) string {
	var s string
	if json.Unmarshal(o[key], &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(o[key], &n) == nil {
		return n.String()
	}
	return ""
}

func (o loose) object(key string) loose {
	inner, _ := parse(o[key])
	return inner
}

func (o loose) moment(key string) *timestamppb.Timestamp {
	t, ok := moment(o.text(key))
	if !ok {
		return nil
	}
	return timestamppb.New(t)
}

// steps are the chat events that are known, by their name in lower case letters, and the word that we keep. An earlier form of the
// vendor's names ended in "Event".
var steps = map[string]string{
	"chatcreated": "chat_created", "participantjoined": "participant_joined", "participantleft": "participant_left",
	"chatended": "chat_ended", "chatdismissed": "chat_dismissed",
}

// readChat reads a chat webhook.
func readChat(raw []byte) []adapters.VendorEvent {
	o, ok := parse(raw)
	if !ok {
		return unread(raw)
	}
	body, name := o.object("body"), o.text("event_type")
	plain := strings.TrimSuffix(letters(name), "event")
	said := adapters.VendorEvent{
		Key: string(raw), VendorChatID: adapters.Clip(o.text("chat_id"), maxVendorID),
		Event: &leadmuxv1.Event{Type: "vendor.other", VendorTime: o.moment("timestamp")},
	}
	said.Session, said.UnknownStatus = told(said, chatTold(plain, body, said.Event.GetVendorTime()))
	if plain == "messagereceived" {
		said.Event.Type = "chat.message"
		said.Event.Detail = &leadmuxv1.Event_Message{Message: message(body)}
		return []adapters.VendorEvent{said}
	}
	if step, known := steps[plain]; known && said.VendorChatID != "" {
		said.Event.Type = "chat.changed"
		if plain == "chatcreated" {
			said.Event.Type = "chat.created"
		}
		sender := body.object("sender")
		said.Event.Detail = &leadmuxv1.Event_SessionChanged{SessionChanged: &leadmuxv1.SessionChanged{
			Step: step, Initiator: adapters.Clip(strings.Trim(sender.text("type")+"_"+sender.text("id"), "_"), maxInitiator),
		}}
		return []adapters.VendorEvent{said}
	}
	said.Unrecognised = "event_type"
	said.Event.Detail = &leadmuxv1.Event_Other{Other: &leadmuxv1.VendorOther{Title: adapters.Clip(name, maxWord)}}
	return []adapters.VendorEvent{said}
}

// message is what was said in a chat. The content is a text, or an object with a text or with the ID of a picture or film.
func message(body loose) *leadmuxv1.ConversationMessage {
	said, sender := body.object("message"), body.object("sender")
	content := said.object("content")
	m := &leadmuxv1.ConversationMessage{
		Channel:    leadmuxv1.MessageChannel_MESSAGE_CHANNEL_CHAT,
		Direction:  leadmuxv1.MessageDirection_MESSAGE_DIRECTION_OUTBOUND,
		MediaType:  adapters.Clip(said.text("type"), maxWord/2),
		MediaId:    adapters.Clip(cmp.Or(said.text("media_id"), content.text("media_id")), maxVendorID),
		Text:       adapters.Clip(cmp.Or(said.text("content"), content.text("text")), maxText),
		SenderType: adapters.Clip(sender.text("type"), maxWord/2),
	}
	if m.GetSenderType() == "end_user" {
		m.Direction = leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND
	}
	return m
}

// readSessions reads the external session events of calls and chats, each with an ID of the vendor's.
func readSessions(raw []byte) []adapters.VendorEvent {
	o, ok := parse(raw)
	var items []json.RawMessage
	if !ok || json.Unmarshal(o["events"], &items) != nil {
		return unread(raw)
	}
	var events []adapters.VendorEvent
	for _, item := range items {
		e, ok := parse(item)
		if !ok {
			events = append(events, unread(item)...)
			continue
		}
		events = append(events, session(e, item))
	}
	return events
}

// session is one session event. How the vendor calls the step is not published; the names here are those of its other feeds (assumed).
func session(e loose, raw []byte) adapters.VendorEvent {
	said := adapters.VendorEvent{
		Key: cmp.Or(e.text("event_id"), string(raw)), Lasting: e.text("event_id") != "",
		VendorCallID: adapters.Clip(e.text("call_id"), maxVendorID), VendorChatID: adapters.Clip(e.text("chat_id"), maxVendorID),
		Event: &leadmuxv1.Event{Type: "vendor.other", VendorTime: e.moment("timestamp")},
	}
	step := cmp.Or(e.text("event_type"), e.text("event"), e.text("state"), e.text("type"))
	dispositions := e.object("dispositions")
	if said.VendorCallID == "" && said.VendorChatID == "" {
		said.Unrecognised = "session"
		said.Event.Detail = &leadmuxv1.Event_Other{Other: &leadmuxv1.VendorOther{Title: adapters.Clip(step, maxWord)}}
		return said
	}
	said.Event.Type = "call.changed"
	if said.VendorCallID == "" {
		said.Event.Type = "chat.changed"
	}
	said.Session, said.UnknownStatus = told(said, sessionTold(step, e))
	said.Event.Detail = &leadmuxv1.Event_SessionChanged{SessionChanged: &leadmuxv1.SessionChanged{
		Step:        adapters.Clip(step, maxWord),
		Initiator:   adapters.Clip(e.text("initiator"), maxInitiator),
		Disposition: adapters.Clip(cmp.Or(dispositions.text("code"), dispositions.text("custom_code_id")), maxVendorID),
	}}
	return said
}

func unread(raw []byte) []adapters.VendorEvent {
	return []adapters.VendorEvent{{Key: "\x00" + string(raw), Unrecognised: "body", Event: &leadmuxv1.Event{
		Type: "vendor.other", Detail: &leadmuxv1.Event_Other{Other: &leadmuxv1.VendorOther{}},
	}}}
}

// letters are the letters of a name in lower case.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

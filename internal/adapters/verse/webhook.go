package verse

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/typeid"
)

// Webhook is the one kind of delivery: the bearer token we gave the vendor is its only proof.
func (a *Adapter) Webhook(kind string) (adapters.Webhook, bool) {
	if kind != "" || a.hook.bearer == "" {
		return adapters.Webhook{}, false
	}
	return adapters.Webhook{
		Verify: func(header http.Header, _ []byte, _ time.Time) error {
			scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
			if strings.EqualFold(scheme, "Bearer") && adapters.SameSecret(strings.TrimSpace(token), a.hook.bearer) {
				return nil
			}
			return adapters.ErrForged
		},
		Read:      a.hook.read,
		Challenge: "Bearer",
	}, true
}

// hook is how an account's deliveries are recognised and read.
type hook struct {
	// bearer is the token that we gave the vendor.
	bearer string
	// optOutReasons are texts of "unqualified" that mean an opt-out. The vendor has no title for one, so which they are is the
	// operator's to say.
	optOutReasons []string
}

// dateLayout is the vendor's form of a moment: UTC, without saying so.
const dateLayout = "2006-01-02 15:04:05"

// read is what a delivery says. The title decides, not the event: one happening reaches a subscriber of lead_activity and one of
// lead_qualify under the same title.
func (h hook) read(raw []byte) []adapters.VendorEvent {
	var d delivery
	if json.Unmarshal(raw, &d) != nil || d == nil {
		return []adapters.VendorEvent{unread(raw)}
	}
	event := &leadmuxv1.Event{Type: "vendor.other", VendorTime: d.moment()}
	said := adapters.VendorEvent{
		Key: d.key(), VendorLeadID: adapters.Clip(d.text("id"), maxVendorID), Event: event, Lead: d.person(),
	}
	if _, err := typeid.UUID(typeid.Lead, d.text("externalLeadId")); err == nil {
		said.LeadID = d.text("externalLeadId")
	}
	h.meaning(d, &said)
	events := []adapters.VendorEvent{said}
	if answers := d.answers(); answers != nil {
		answered := said
		answered.Key, answered.State, answered.Outcome, answered.OptOut, answered.VendorStatus, answered.Unrecognised = said.Key+"\x00answers", 0, nil, nil, "", ""
		answered.Event = &leadmuxv1.Event{Type: "lead.answer", VendorTime: event.GetVendorTime(), Detail: &leadmuxv1.Event_Answers{Answers: answers}}
		events = append(events, answered)
	}
	return events
}

// unread is a delivery that is no JSON object.
func unread(raw []byte) adapters.VendorEvent {
	return adapters.VendorEvent{Key: "\x00" + string(raw), Unrecognised: "body", Event: &leadmuxv1.Event{
		Type: "vendor.other", Detail: &leadmuxv1.Event_Other{Other: &leadmuxv1.VendorOther{}},
	}}
}

// meaning fills in what the title means; the titles are the fifteen of the vendor's schema and of a customer's receiver. Any other is
// kept as it is.
func (h hook) meaning(d delivery, said *adapters.VendorEvent) {
	title, event := d.text("title"), said.Event
	if message, ok := messages[title]; ok {
		message := &leadmuxv1.ConversationMessage{Direction: message.direction, Channel: message.channel, Text: d.message()}
		event.Type, event.Detail = "lead.message", &leadmuxv1.Event_Message{Message: message}
		return
	}
	if result, ok := transfers[title]; ok {
		event.Type, event.Detail = "lead.transfer", &leadmuxv1.Event_Transfer{Transfer: &leadmuxv1.LeadTransfer{Result: result, Text: adapters.Clip(d.message(), maxText)}}
		return
	}
	switch title {
	case "Lead Created":
		said.Born, said.VendorStatus = true, title
	case "Qualified Lead":
		said.State, said.VendorStatus = leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED, title
		said.Outcome = &leadmuxv1.Outcome{Result: &leadmuxv1.Outcome_Qualified{Qualified: true}}
		event.Type = "lead.engagement_changed"
		return
	case "Unqualified Lead":
		reason := d.text("reasonUnqualified")
		said.State, said.VendorStatus = leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNQUALIFIED, title
		said.Outcome = &leadmuxv1.Outcome{Result: &leadmuxv1.Outcome_Unqualified{Unqualified: true}, Reason: adapters.Clip(reason, maxReason)}
		event.Type = "lead.engagement_changed"
		if h.optsOut(reason) {
			said.OptOut = &adapters.OptOut{Evidence: "reasonUnqualified: " + adapters.Clip(reason, maxReason)}
		}
		return
	case "Concierge Note", "Verse Activity Log":
		event.Type, event.Detail = "lead.note", &leadmuxv1.Event_Note{Note: &leadmuxv1.Note{Title: title, Description: adapters.Clip(d.message(), maxText)}}
		return
	default:
		said.Unrecognised = "title"
	}
	event.Detail = &leadmuxv1.Event_Other{Other: &leadmuxv1.VendorOther{Title: adapters.Clip(title, maxTitle), Text: adapters.Clip(d.message(), maxText)}}
}

func (h hook) optsOut(reason string) bool {
	for _, known := range h.optOutReasons {
		if strings.EqualFold(strings.TrimSpace(reason), strings.TrimSpace(known)) {
			return true
		}
	}
	return false
}

// Shorter names for the table.
const (
	inbound  = leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND
	outbound = leadmuxv1.MessageDirection_MESSAGE_DIRECTION_OUTBOUND
	sms      = leadmuxv1.MessageChannel_MESSAGE_CHANNEL_SMS
	email    = leadmuxv1.MessageChannel_MESSAGE_CHANNEL_EMAIL
	call     = leadmuxv1.MessageChannel_MESSAGE_CHANNEL_CALL
)

// messages are the titles that say who wrote or called whom.
var messages = map[string]struct {
	direction leadmuxv1.MessageDirection
	channel   leadmuxv1.MessageChannel
}{
	"Inbound SMS": {inbound, sms}, "Outbound SMS": {outbound, sms},
	"Inbound Email": {inbound, email}, "Outbound Email": {outbound, email},
	"Inbound Call Received": {inbound, call}, "Outbound Call Attempt": {outbound, call},
}

// transfers are the titles that say what became of a hand-over.
var transfers = map[string]leadmuxv1.TransferResult{
	"Live Transfer Attempt":      leadmuxv1.TransferResult_TRANSFER_RESULT_ATTEMPTED,
	"Live Transfer Successful":   leadmuxv1.TransferResult_TRANSFER_RESULT_SUCCEEDED,
	"Live Transfer Unsuccessful": leadmuxv1.TransferResult_TRANSFER_RESULT_FAILED,
	"Call Forwarded":             leadmuxv1.TransferResult_TRANSFER_RESULT_FORWARDED,
}

// moment is when it happened; nil where the delivery does not say, as older ones do not.
func (d delivery) moment() *timestamppb.Timestamp {
	t, err := time.ParseInLocation(dateLayout, d.text("eventDate"), time.UTC)
	if err != nil {
		return nil
	}
	return timestamppb.New(t)
}

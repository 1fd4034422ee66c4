package convertalk

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindWebhook is the ledger kind of webhook subscriptions, each under its event and URL.
const KindWebhook = "webhook"

// Events that can be subscribed to; the third the vendor has, newOrderHook, is WhatsApp's alone.
const (
	EventNewLead    = "newLeadHook"
	EventNewMessage = "newMessageHook"
)

// Webhook is one subscription. Deliveries carry no signature and no name of the event: the receiver
// tells them apart by the URL.
type Webhook struct {
	Event string `json:"event"`
	URL   string `json:"url"`
	Slug  string `json:"slug"`
}

func (w Webhook) id() string { return w.Event + " " + w.URL }

// webhooks returns the subscriptions to an event.
func webhooks(tx *kit.Tx, event string) ([]Webhook, error) {
	var all []Webhook
	err := tx.Each(KindWebhook, func(_ string, raw json.RawMessage) error {
		var w Webhook
		if err := json.Unmarshal(raw, &w); err != nil {
			return err
		}
		if w.Event == event {
			all = append(all, w)
		}
		return nil
	})
	return all, err
}

// message is what a visitor wrote, inside newMessageHook (its place is assumed).
type message struct {
	Text string `json:"text"`
	Type string `json:"type"`
	At   string `json:"at"`
	By   string `json:"by"`
}

// hookContact is the contact document of deliveries: of the listing's family, but not the same.
type hookContact struct {
	ID             string       `json:"_id"`
	Customer       string       `json:"_customer"`
	UUID           string       `json:"uuid"`
	Platform       []string     `json:"platform"`
	IsContact      bool         `json:"isContact"`
	UserInteracted bool         `json:"userInteracted"`
	Status         string       `json:"status"`
	Profile        hookProfile  `json:"profile"`
	LastMessage    *LastMessage `json:"lastMessage,omitempty"`
	Message        *message     `json:"message,omitempty"`
	LastSeenAt     string       `json:"lastSeenAt"`
	CreatedAt      string       `json:"createdAt"`
	UpdatedAt      string       `json:"updatedAt"`
}

type hookProfile struct {
	UserDetails hookDetails `json:"userDetails"`
	Notes       []Note      `json:"notes"`
}

type hookDetails struct {
	UserProvidedName string      `json:"userProvidedName"`
	Contact          contact     `json:"contact"`
	Tags             []string    `json:"tags"`
	Attributes       []Attribute `json:"attributes"`
}

// tell stores a delivery to each subscriber of an event, and to where the settings send it.
func (e *Emulator) tell(tx *kit.Tx, event string, l Lead, said *message) error {
	all, err := webhooks(tx, event)
	if url := e.settings.Get().Webhooks[event]; url != "" {
		all = append(all, Webhook{Event: event, URL: url})
	}
	if err != nil || len(all) == 0 {
		return err
	}
	body, err := json.Marshal(map[string]any{"botId": e.botID, "platform": "website", "data": e.contactOf(l, said)})
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := e.hooks.Put(tx, kit.Hook{Endpoint: w.id(), Event: event, URL: w.URL, Body: body}); err != nil {
			return err
		}
	}
	return nil
}

// contactOf puts a record into the form of deliveries.
func (e *Emulator) contactOf(l Lead, said *message) hookContact {
	return hookContact{
		ID: l.ID, Customer: e.customerID, UUID: l.UUID, Platform: []string{"website"}, IsContact: l.LeadSince != nil,
		UserInteracted: l.LastMessage != nil, Status: l.Status, LastMessage: l.LastMessage, Message: said,
		LastSeenAt: timeText(l.LastSeenAt), CreatedAt: timeText(l.CreatedAt), UpdatedAt: timeText(l.UpdatedAt),
		Profile: hookProfile{Notes: l.Notes, UserDetails: hookDetails{
			UserProvidedName: l.Name, Contact: contact{Email: l.Email, Phone: phone{Number: l.Phone, Prefix: l.prefix()}}, Tags: l.Tags, Attributes: l.Attributes,
		}},
	}
}

// tellVisit tells what a visit brought: a new lead, a message, or nothing that anybody subscribes to.
func (e *Emulator) tellVisit(tx *kit.Tx, before, after Lead, said string) error {
	if before.LeadSince == nil && after.LeadSince != nil {
		if err := e.tell(tx, EventNewLead, after, nil); err != nil {
			return err
		}
	}
	if said == "" {
		return nil
	}
	return e.tell(tx, EventNewMessage, after, &message{Text: said, Type: "text", At: timeText(after.UpdatedAt), By: "user"})
}

// hookWaits are the waits between two attempts to deliver; no retry is documented, so at first there
// is none.
func (e *Emulator) hookWaits() []time.Duration {
	var waits []time.Duration
	for _, ms := range e.settings.Get().HookRetryMS {
		waits = append(waits, time.Duration(ms)*time.Millisecond)
	}
	return waits
}

// bearer admits requests of the subscription API, which has credentials of its own kind.
func (e *Emulator) bearer(r *http.Request) bool {
	given := r.Header.Get("Authorization")
	return r.Header.Get("authtype") == "Key" && (same(given, "Bearer "+e.token) || same(given, "Bearer "+e.botToken))
}

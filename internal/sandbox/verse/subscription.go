package verse

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindSubscription is the kind of the webhook subscriptions in the ledger.
const KindSubscription = "subscription"

// Events that can be subscribed to.
const (
	EventActivity = "lead_activity"
	EventCreated  = "lead_created"
	EventQualify  = "lead_qualify"
	EventUnqual   = "lead_unqualify"
)

var events = []string{EventActivity, EventCreated, EventQualify, EventUnqual}

// Subscription sends one event to one URL.
type Subscription struct {
	// ID is the vendor's, opaque.
	ID string `json:"id"`
	// Account is whose key made it.
	Account string `json:"account"`
	// URL is where deliveries go, Token the bearer that goes with them.
	URL   string `json:"url"`
	Token string `json:"token"`
	// Event is one of the four.
	Event string `json:"event"`
	// Team takes in the leads of all accounts.
	Team bool `json:"team"`
}

// subscriptionAnswer is what the vendor tells of a subscription: never the token.
type subscriptionAnswer struct {
	ID    string `json:"id"`
	URL   string `json:"url"`
	Event string `json:"event"`
	Team  bool   `json:"team"`
}

// subscriptionRoutes are the routes of subscriptions. Nothing about them is
// public: paths, bodies and answers are assumed.
func (e *Emulator) subscriptionRoutes() []route {
	return []route{
		{http.MethodPost, []string{"", "webhooks"}, e.subscribe},
		{http.MethodGet, []string{"", "webhooks"}, e.listSubscriptions},
		{http.MethodDelete, []string{"", "webhooks", "{id}"}, e.unsubscribe},
	}
}

// subscribe is POST /webhooks. Only the primary key can ask for the team.
func (e *Emulator) subscribe(c call) (reply, error) {
	s, ok := parseSubscription(c.body)
	if !ok {
		return *refuse(msgBadBody), nil
	}
	s.ID, s.Account = uuid.NewString(), c.account
	if s.Team && !c.primary {
		return say(http.StatusForbidden, msgPrimaryOnly), nil
	}
	if refusal := s.check(); refusal != nil {
		return *refusal, nil
	}
	out := say(http.StatusConflict, msgSubscribed)
	err := e.ledger.Update(func(tx *kit.Tx) error {
		all, err := subscriptions(tx)
		if err != nil || slices.ContainsFunc(all, s.same) {
			return err
		}
		out = reply{http.StatusCreated, map[string]string{"message": msgHooked, "id": s.ID}}
		kit.Touch(c.ctx, s.ID, kit.EffectCreated)
		return tx.Put(KindSubscription, s.ID, s)
	})
	if err != nil {
		return say(http.StatusInternalServerError, msgFailed), err
	}
	return out, nil
}

func parseSubscription(raw []byte) (s Subscription, ok bool) {
	if _, ok := parseObject(raw); !ok {
		return s, false
	}
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// check refuses a subscription that could never work.
func (s Subscription) check() *reply {
	u, err := url.Parse(s.URL)
	switch {
	case s.URL == "":
		return refuse(`"url" is required`)
	case err != nil || u.Host == "" || kit.CheckHookURL("url", s.URL) != nil:
		return refuse("url is invalid")
	case !slices.Contains(events, s.Event):
		return refuse("event is invalid")
	}
	return nil
}

// same tells whether an account has asked for the same before.
func (s Subscription) same(other Subscription) bool {
	return s.Account == other.Account && s.URL == other.URL && s.Event == other.Event
}

// listSubscriptions is GET /webhooks: those of the key's account.
func (e *Emulator) listSubscriptions(c call) (reply, error) {
	out := []subscriptionAnswer{}
	err := e.ledger.View(func(tx *kit.Tx) error {
		all, err := subscriptions(tx)
		for _, s := range all {
			if s.Account == c.account {
				out = append(out, subscriptionAnswer{s.ID, s.URL, s.Event, s.Team})
			}
		}
		return err
	})
	if err != nil {
		return say(http.StatusInternalServerError, msgFailed), err
	}
	return reply{http.StatusOK, out}, nil
}

// unsubscribe is DELETE /webhooks/{id}.
func (e *Emulator) unsubscribe(c call) (reply, error) {
	out := say(http.StatusNotFound, msgNotFound)
	err := e.ledger.Update(func(tx *kit.Tx) error {
		var s Subscription
		found, err := tx.Get(KindSubscription, c.id, &s)
		if err != nil || !found || s.Account != c.account {
			return err
		}
		out = reply{http.StatusOK, map[string]string{"status": "success"}}
		kit.Touch(c.ctx, c.id, kit.EffectUpdated)
		return tx.Delete(KindSubscription, c.id)
	})
	if err != nil {
		return say(http.StatusInternalServerError, msgFailed), err
	}
	return out, nil
}

// subscriptions returns all of them, in the order of their events.
func subscriptions(tx *kit.Tx) ([]Subscription, error) {
	var all []Subscription
	err := tx.Each(KindSubscription, func(_ string, raw json.RawMessage) error {
		var s Subscription
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		all = append(all, s)
		return nil
	})
	slices.SortFunc(all, func(a, b Subscription) int { return cmp.Or(cmp.Compare(a.Event, b.Event), cmp.Compare(a.ID, b.ID)) })
	return all, err
}

// authorize adds the bearer token of the hook's subscription, as it is now.
func (e *Emulator) authorize(h kit.Hook, _ []byte, header http.Header) {
	var s Subscription
	err := e.ledger.View(func(tx *kit.Tx) error {
		_, err := tx.Get(KindSubscription, h.Endpoint, &s)
		return err
	})
	if err != nil {
		e.log.Error("verse emulator cannot read a subscription", "error", err)
	}
	if h.Spoilt {
		s.Token = "not " + s.Token
	}
	if s.Token != "" {
		header.Set("Authorization", "Bearer "+s.Token)
	}
}

package convertalk

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// subscribed is the body of both endpoints of the subscription API.
type subscribed struct {
	botID, event, slug, category string
}

// parseSubscribed reads what both endpoints need.
func (p *problems) subscribed(f fields) subscribed {
	s := subscribed{
		botID: p.required(f, "botId"), event: p.required(f, "event"), slug: p.required(f, "slug"), category: p.required(f, "category"),
	}
	if s.event != "" && !slices.Contains([]string{EventNewLead, EventNewMessage}, s.event) {
		p.add("event must be one of newLeadHook, newMessageHook")
	}
	return s
}

// subscription reads the request of either endpoint. The module is the parent vendor's; an account
// without it knows neither path.
func (e *Emulator) subscription(w http.ResponseWriter, r *http.Request) (subscribed, fields, *problems, error) {
	p := &problems{}
	if !e.settings.Get().WebhookModule {
		_, err := unknownRoute(w, r)
		return subscribed{}, nil, p, err
	}
	if !e.bearer(r) {
		return subscribed{}, nil, p, unauthorized()
	}
	f, err := readFields(w, r)
	if err != nil {
		return subscribed{}, nil, p, err
	}
	s := p.subscribed(f)
	if s.botID != "" && s.botID != e.botID {
		return s, f, p, unauthorized()
	}
	return s, f, p, nil
}

// subscribe is POST /integrations/custom-app/subscribe-trigger-event, and takes a subscription back
// with "subscribe": false. Its answer is assumed to be the vendor's usual one.
func (e *Emulator) subscribe(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	s, f, p, err := e.subscription(w, r)
	if err != nil {
		return nil, err
	}
	url := p.required(f, "webhookUrl")
	if url != "" && kit.CheckHookURL("webhookUrl", url) != nil {
		p.add("webhookUrl must be a valid URL")
	}
	on := true
	if raw, given := f["subscribe"]; given && json.Unmarshal(raw, &on) != nil {
		p.add("subscribe must be a boolean")
	}
	if len(p.found) > 0 {
		return nil, refuse(http.StatusBadRequest, "Bad Request", p.found...)
	}
	hook := Webhook{Event: s.event, URL: url, Slug: s.slug}
	err = e.ledger.Update(func(tx *kit.Tx) error {
		if !on {
			return tx.Delete(KindWebhook, hook.id())
		}
		return tx.Put(KindWebhook, hook.id(), hook)
	})
	kit.Touch(r.Context(), hook.id(), kit.EffectUpdated)
	return []byte(okBody), err
}

// listWebhooks is POST /integrations/custom-app/fetch-subscribed-webhooks.
func (e *Emulator) listWebhooks(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	s, _, p, err := e.subscription(w, r)
	if err != nil {
		return nil, err
	}
	if len(p.found) > 0 {
		return nil, refuse(http.StatusBadRequest, "Bad Request", p.found...)
	}
	urls := []map[string]string{}
	err = e.ledger.View(func(tx *kit.Tx) error {
		all, err := webhooks(tx, s.event)
		for _, hook := range all {
			urls = append(urls, map[string]string{"url": hook.URL})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"success": true, "data": []any{map[string]any{"integrationCredentials": map[string]any{s.event: urls}}},
	})
}

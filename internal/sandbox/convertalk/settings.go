package convertalk

import (
	"fmt"
	"slices"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// How given arrays meet those already stored; the vendor's documents do not say which it does.
const (
	// ArraysUnion adds tags not yet there, appends notes and sets attributes by key.
	ArraysUnion = "union"
	// ArraysReplace puts each given array in the place of the stored one.
	ArraysReplace = "replace"
)

// What a listing for another bot or customer gets (both assumed).
const (
	// ForeignUnauthorized answers 401.
	ForeignUnauthorized = "unauthorized"
	// ForeignEmpty answers 200 with no records.
	ForeignEmpty = "empty"
)

// Settings are the switches of the emulated account, changed through the control API and kept in
// the ledger. Each stands for a question that the vendor's documents leave open.
type Settings struct {
	// AcceptEitherToken lets both endpoints take x-bp-token, x-bot-token or a Bearer token with
	// "authtype: Key". False: each endpoint takes only its own header.
	AcceptEitherToken bool `json:"acceptEitherToken"`
	// ArrayMode is ArraysUnion or ArraysReplace.
	ArrayMode string `json:"arrayMode"`
	// LagMS is how many milliseconds pass before a new record, or its becoming a lead, shows in
	// the listing: 0 to 900000 (15 minutes).
	LagMS int64 `json:"lagMS"`
	// ForeignIDs is ForeignUnauthorized or ForeignEmpty. A PUT with foreign ids is always 401.
	ForeignIDs string `json:"foreignIDs"`
	// AnyUUID takes any non-empty uuid. False: it must be a version 4 UUID, as the widget makes.
	AnyUUID bool `json:"anyUUID"`
	// VisitorsPerListing is how many new visitors leave an e-mail address each time before a page
	// of the listing is read, 0 to 19: they shift the pages under a client that walks them, who
	// still comes to the end.
	VisitorsPerListing int `json:"visitorsPerListing"`
	// Webhooks are where events are sent, newLeadHook and newMessageHook, without a subscription.
	Webhooks map[string]string `json:"webhooks"`
	// WebhookModule opens the parent vendor's API for webhook subscriptions, which no document says
	// that this white label has.
	WebhookModule bool `json:"webhookModule"`
	// SilentPut keeps the webhook of a new lead back that a PUT has made; whether the vendor sends
	// it is open.
	SilentPut bool `json:"silentPut"`
	// HookRetryMS are the waits in milliseconds between attempts to deliver a webhook; empty is one
	// attempt.
	HookRetryMS []int `json:"hookRetryMs"`
}

func defaultSettings() Settings {
	return Settings{ArrayMode: ArraysUnion, ForeignIDs: ForeignUnauthorized}
}

// validate refuses values that mean nothing.
func (s Settings) validate() error {
	if modes := []string{ArraysUnion, ArraysReplace}; !slices.Contains(modes, s.ArrayMode) {
		return fmt.Errorf("arrayMode must be one of %v", modes)
	}
	if modes := []string{ForeignUnauthorized, ForeignEmpty}; !slices.Contains(modes, s.ForeignIDs) {
		return fmt.Errorf("foreignIDs must be one of %v", modes)
	}
	if limit := (15 * time.Minute).Milliseconds(); s.LagMS < 0 || s.LagMS > limit {
		return fmt.Errorf("lagMS must be 0 to %d", limit)
	}
	for event, url := range s.Webhooks {
		if event != EventNewLead && event != EventNewMessage {
			return fmt.Errorf("webhooks must be for newLeadHook or newMessageHook, not %s", event)
		}
		if err := kit.CheckHookURL("webhooks."+event, url); err != nil {
			return err
		}
	}
	if s.VisitorsPerListing < 0 || s.VisitorsPerListing >= pageSize {
		return fmt.Errorf("visitorsPerListing must be 0 to %d", pageSize-1)
	}
	return nil
}

func (s Settings) lag() time.Duration { return time.Duration(s.LagMS) * time.Millisecond }

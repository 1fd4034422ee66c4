package convertalk

import (
	"net/http"
	"strings"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// The kinds of hook, by the last part of our URL: the body does not name its event, so each has an address of its own.
const (
	kindNewLead    = "newLeadHook"
	kindNewMessage = "newMessageHook"
)

// Webhook is one of the two hooks of the vendor's parent; whether the white label sends them is not documented, so polling does not rely on
// them. Nothing proves a hook but the address, which nobody can guess; so it is never believed: it is a hint to ask the vendor now.
func (a *Adapter) Webhook(kind string) (adapters.Webhook, bool) {
	if kind != kindNewLead && kind != kindNewMessage {
		return adapters.Webhook{}, false
	}
	return adapters.Webhook{
		Verify: func(http.Header, []byte, time.Time) error { return nil },
		Read:   func(raw []byte) []adapters.VendorEvent { return a.hint(kind, raw) },
	}, true
}

// hint is a hook: who it is about, and that there is something new. What it says of a person is left to the listing, but for words that were
// said, which the listing shows only until the next.
func (a *Adapter) hint(kind string, raw []byte) []adapters.VendorEvent {
	body, err := parse(raw)
	if err != nil {
		return []adapters.VendorEvent{{Key: kind + "\x00" + string(raw), Unrecognised: "body", Event: &leadmuxv1.Event{
			Type: "vendor.other", Detail: &leadmuxv1.Event_Other{Other: &leadmuxv1.VendorOther{Title: kind}},
		}}}
	}
	r := record{body.get("data")}
	if r.uuid() == "" { // the parent's own receiver takes the whole body where data is missing
		r = record{body}
	}
	said := adapters.VendorEvent{
		Key:          strings.Join([]string{kind, r.get("_id").text(), r.get("updatedAt").text(), r.uuid()}, "\x00"),
		VendorLeadID: adapters.Clip(r.uuid(), maxID), Poll: true,
		Event: &leadmuxv1.Event{Type: "vendor.other", Detail: &leadmuxv1.Event_Other{Other: &leadmuxv1.VendorOther{Title: kind}}},
	}
	if said.VendorLeadID == "" {
		said.Key += string(raw)
	}
	said.LeadID = leadID(said.VendorLeadID, r.moment("createdAt"))
	return []adapters.VendorEvent{said}
}

package conversica

import (
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// sent are the fields that have a key, and consent, of which unsaid speaks. Time and source of a consent stay with us by
// design, since they are our proof of it.
var sent = []string{
	"lead.first_name", "lead.last_name", "lead.email", "lead.phone", "lead.home_phone", "lead.work_phone",
	"lead.address.street", "lead.address.city", "lead.address.region", "lead.address.postal_code",
	"lead.source", "lead.type", "lead.status", "lead.source_create_time",
	"lead.owner.owner_id", "lead.owner.first_name", "lead.owner.last_name", "lead.owner.email",
	"lead.consent",
}

// warnings are what Conversica does not take of a lead. They come when a lead is created or changed and are not said again
// when its conversation is ended, stopped or deferred.
func warnings(rpc string, l *leadmuxv1.Lead) []*leadmuxv1.Warning {
	if rpc != opCreate && rpc != opUpdate {
		return nil
	}
	return append(vendorhttp.NotSent("Conversica", l, sent...), unsaid(l.GetConsent())...)
}

// unsaid warns of consent that the vendor cannot be told of: its opt-out is for all channels or for texts.
func unsaid(c *leadmuxv1.Consent) []*leadmuxv1.Warning {
	const code = leadmuxv1.WarningCode_WARNING_CODE_FIELD_NOT_SENT
	if refusedAll(c) {
		return nil
	}
	var all []*leadmuxv1.Warning
	if c.GetEmail().GetState() == denied {
		all = append(all, vendorhttp.Warning(code, "lead.consent.email",
			"Conversica cannot be told of a refusal of e-mail alone; it may write to the person"))
	}
	if c.GetCall().GetState() != 0 {
		all = append(all, vendorhttp.Warning(code, "lead.consent.call",
			"Conversica has no place for consent to calls; it was left out"))
	}
	return all
}

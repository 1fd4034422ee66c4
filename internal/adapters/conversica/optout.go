package conversica

import (
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// Short names of the channels.
const (
	everyChannel = leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL
	smsChannel   = leadmuxv1.ContactChannel_CONTACT_CHANNEL_SMS
	callChannel  = leadmuxv1.ContactChannel_CONTACT_CHANNEL_CALL
)

// Reach is e-mails and texts, which the assistant writes. From texts alone it is kept by smsOptOut; from e-mail only by the opt-out from
// everything. It makes no calls.
func (*Adapter) Reach(channel leadmuxv1.ContactChannel) adapters.Reach {
	switch channel {
	case smsChannel:
		return adapters.ReachUnlessTold
	case callChannel:
		return adapters.ReachNever
	default:
		return adapters.ReachAlways
	}
}

// optOut tells that the person opted out. Texts alone have a switch of their own; for e-mail there is none but the global one,
// which ends it all. The messages are stopped as well, should the vendor look at that first.
func (*Adapter) optOut(b *lead, in adapters.LeadInput) {
	b.SMSOptIn, b.SMSOptOut = new(false), new(true)
	if in.Scope == smsChannel {
		return
	}
	b.OptOut, b.StopMessaging = new(true), new(true)
}

// reconsent takes the opt-out back for the channel that the person gave. A conversation that is over stays so.
func (a *Adapter) reconsent(b *lead, in adapters.LeadInput) {
	if in.Scope == smsChannel || in.Scope == everyChannel {
		b.SMSOptIn, b.SMSOptOut = new(true), new(false)
	}
	if in.Scope != smsChannel {
		b.OptOut = new(false)
	}
	a.keepClosed(b, in)
}

// hold keeps the assistant from texts where the person opted out of them and the conversation goes on by e-mail: whatever the
// lead's own consent says, and with every request, for each holds the whole record.
func hold(b *lead, in adapters.LeadInput) {
	if slices.Contains(in.Suppressed, smsChannel) {
		b.SMSOptIn, b.SMSOptOut = new(false), new(true)
	}
}

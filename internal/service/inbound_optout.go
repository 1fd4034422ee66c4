package service

import (
	"slices"
	"strings"
	"unicode"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
)

// optOut suppresses the person where the vendor reports a refusal, or the person's own message is one. It is in effect here with the
// delivery, and told to every other vendor from there on. An event that came late counts all the same: nothing but the person's own word to
// us takes an opt-out back.
func (r *receipt) optOut(lead *leadmuxv1.Lead, said adapters.VendorEvent, event *leadmuxv1.Event) error {
	refusal := said.OptOut
	if refusal == nil {
		if refusal = r.s.refusalIn(event.GetMessage()); refusal == nil {
			return nil
		}
	}
	for _, scope := range r.s.scopesOf(*refusal) {
		told, err := r.alreadyOut(lead, scope)
		if err != nil {
			return err
		}
		if told {
			continue
		}
		declared := delivery.Declaration{
			Person: delivery.Person{LeadID: lead.GetLeadId()}, Scope: scope, Source: "vendor:" + r.account.Name, Evidence: refusal.Evidence,
		}
		if event.GetVendorTime() != nil {
			declared.Time = event.GetVendorTime().AsTime()
		}
		made, err := r.s.cfg.Dispatcher.Suppress(r.tx, r.account.Tenant, declared)
		if err != nil {
			return err
		}
		r.ops = append(r.ops, made.Ops...)
	}
	return nil
}

// alreadyOut says whether an opt-out of this lead holds as far as the vendor's goes. A vendor that was told of one reports it back as its
// own; without this look every vendor would be told anew by each of the others.
func (r *receipt) alreadyOut(lead *leadmuxv1.Lead, scope leadmuxv1.ContactChannel) (bool, error) {
	found, err := delivery.AllSuppressed(r.tx, r.account.Tenant, delivery.PersonOf(lead), "", scope)
	return slices.ContainsFunc(found, func(s *leadmuxv1.Suppression) bool {
		far := slices.Contains(s.GetBlocked(), leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL) || slices.Contains(s.GetBlocked(), scope)
		return far && len(s.GetAccounts()) == 0 && slices.Contains(s.GetLeadIds(), lead.GetLeadId())
	}), err
}

// scopesOf are the channels that a refusal is about; where it names none, what the configuration says.
func (s *LeadService) scopesOf(refusal adapters.OptOut) []leadmuxv1.ContactChannel {
	var scopes []leadmuxv1.ContactChannel
	for _, one := range []struct {
		refused bool
		channel leadmuxv1.ContactChannel
	}{
		{refusal.SMS, leadmuxv1.ContactChannel_CONTACT_CHANNEL_SMS},
		{refusal.Email, leadmuxv1.ContactChannel_CONTACT_CHANNEL_EMAIL},
		{refusal.Call, leadmuxv1.ContactChannel_CONTACT_CHANNEL_CALL},
	} {
		if one.refused {
			scopes = append(scopes, one.channel)
		}
	}
	if len(scopes) == 0 {
		scopes = append(scopes, s.cfg.OptOutScope)
	}
	return scopes
}

// refusalIn is the opt-out that a person's message is, when it is one of the configured words and nothing else, whatever its case and
// punctuation; nil for any other message.
func (s *LeadService) refusalIn(message *leadmuxv1.ConversationMessage) *adapters.OptOut {
	if message.GetDirection() != leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND {
		return nil
	}
	word := strings.ToUpper(strings.TrimFunc(message.GetText(), func(c rune) bool { return unicode.IsSpace(c) || unicode.IsPunct(c) }))
	if word == "" || !slices.ContainsFunc(s.cfg.OptOutWords, func(known string) bool { return strings.EqualFold(known, word) }) {
		return nil
	}
	return &adapters.OptOut{Evidence: "the person wrote " + word}
}

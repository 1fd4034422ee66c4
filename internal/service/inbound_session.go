package service

import (
	"errors"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// session takes in what is told of a call or chat: its record lives on by it, and the event stands in the story of the call or chat, and
// in that of its lead once the person is known. leadID is the lead that the event is claimed for; empty for none.
func (r *receipt) session(said adapters.VendorEvent, event *leadmuxv1.Event, leadID string) error {
	named, err := r.s.cfg.Dispatcher.Told(r.tx, delivery.Telling{
		Tenant: r.account.Tenant, Account: r.account, Session: said.Session, Event: event, LeadID: leadID,
	})
	if errors.Is(err, idmap.ErrErased) {
		return nil // nothing may bring back a lead that was erased, not even a line in the log
	}
	if err != nil {
		return err
	}
	if event.GetLeadId() == "" {
		if r.s.refusalIn(event.GetMessage()) != nil { // whose word it is must be found out, so it waits to be claimed, too
			event.Unattributed, r.waiting = true, true
		}
		return r.append(event)
	}
	if err := r.append(event); err != nil {
		return err
	}
	lead, err := r.tx.Lead(r.account.Tenant, event.GetLeadId())
	if err != nil {
		return err
	}
	if err := r.optOut(lead, said, event); err != nil || !named {
		return err
	}
	return r.lastWord(lead, said, event)
}

// lastWord honours what a person wrote last before it was known who writes.
func (r *receipt) lastWord(lead *leadmuxv1.Lead, said adapters.VendorEvent, event *leadmuxv1.Event) error {
	if event.GetChatId() == "" || event.GetMessage() != nil {
		return nil
	}
	chat, err := r.tx.Chat(r.account.Tenant, event.GetChatId())
	if err != nil || chat.GetLastMessage().GetBy() != "end_user" {
		return err
	}
	said.OptOut = r.s.refusalIn(&leadmuxv1.ConversationMessage{
		Direction: leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND, Text: chat.GetLastMessage().GetText(),
	})
	if said.OptOut == nil {
		return nil
	}
	return r.optOut(lead, said, event)
}

// personIn is the vendor's ID of the person in what is told of a call or chat; empty when it does not say.
func personIn(said adapters.VendorEvent) string {
	if s, ok := said.Session.(interface {
		GetEndUser() *leadmuxv1.SessionEndUser
	}); ok {
		return s.GetEndUser().GetLeadId()
	}
	return said.VendorLeadID
}

package conversica

import (
	"net/mail"
	"strings"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// kindMailbox is the hidden index of who writes to an address: by client and
// address, the id of the lead that had it first.
const kindMailbox = "_mailbox"

// take is what an accepted post does to the conversation. A new lead is
// prepared; the switches of the post stop it, put it off or opt the person
// out. Nothing else happens by itself: messages come on control calls.
func (e *Emulator) take(tx *kit.Tx, lead *Lead, p post, at time.Time) error {
	s := &lead.State
	switch {
	case lead.Posts == 1:
		turns["added"].do(s, at)
		lead.Turn = 1
	case p.isFalse("stopMessaging") && s.ConversationStage == StageClientStopped:
		// assumed: taking the stop back starts the conversation over
		s.move(StagePreparing, StagePreparing, at)
		lead.Turn = 1
	}
	if err := e.screen(tx, lead, at); err != nil {
		return err
	}
	switch {
	case p.isTrue("optOut"):
		// assumed: nothing says which status a global opt-out leads to
		s.DoNotEmail = true
		s.move(StageLeadStopped, "Do Not Email", at)
	case p.isTrue("stopMessaging") && (s.messaging() || s.listening()):
		// inferred: the status is defined as the client's CRM stopping the messages
		s.move(StageClientStopped, "CRM Stopped", at)
	case p.isTrue("skipToFollowup") && s.messaging() && s.ConversationStatus != StatusMessageScheduled:
		s.move(StageMessaging, StatusMessageScheduled, at)
	}
	s.consent(p)
	return nil
}

// consent takes what a post says of consent. That an opt-out can be taken back, and that what it ended stays ended, is assumed.
func (s *State) consent(p post) {
	if p.isFalse("optOut") {
		s.DoNotEmail = false
	}
	if p.isTrue("smsOptOut") {
		s.SMSOptIn, s.SMSOptOut = false, true
	}
	if p.isTrue("smsOptIn") {
		s.SMSOptIn, s.SMSOptOut = true, false
	}
}

// screen finds what makes a new lead unworkable: an address that is none, or
// one that another lead of the client has. That an update is not screened again
// is assumed.
func (e *Emulator) screen(tx *kit.Tx, lead *Lead, at time.Time) error {
	if lead.Posts > 1 {
		return nil
	}
	address := strings.ToLower(strings.TrimSpace(lead.text("email")))
	if !isAddress(address) {
		lead.State.move(StageUnworkable, "Malformed Email", at)
		return nil
	}
	key := RecordID(lead.ClientID, address)
	var owner string
	found, err := tx.Get(kindMailbox, key, &owner)
	if err != nil {
		return err
	}
	if found {
		lead.State.move(StageUnworkable, "Duplicate (Internal)", at)
		return nil
	}
	return tx.Put(kindMailbox, key, lead.ID)
}

// isAddress tells whether a text is one bare e-mail address.
func isAddress(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text
}

// isTrue and isFalse tell what a post says of a switch, which it may leave out.
func (p post) isTrue(key string) bool  { return string(p.fields[key]) == "true" }
func (p post) isFalse(key string) bool { return string(p.fields[key]) == "false" }

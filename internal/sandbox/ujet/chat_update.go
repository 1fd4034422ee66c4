package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// updateChat is PATCH /chats/{id}: it ends the chat, or deflects it by e-mail after an escalation.
// No other change is documented. Texts of refusals are assumed.
func (e *Emulator) updateChat(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	inner, err := p.inner("chat")
	if err != nil {
		return reply{}, err
	}
	return e.editChat(r, func(tx *kit.Tx, c *Chat) error {
		if c.over() {
			return badRequest("Chat is already ended")
		}
		status, err := inner.word("status")
		if err != nil {
			return err
		}
		if status != chatFinished {
			return badRequest("status is invalid")
		}
		if _, err := p.value("finished_by_user_id", &c.FinishedBy); err != nil {
			return err
		}
		if c.FinishedBy != 0 && c.FinishedBy != c.EndUser.ID {
			return badRequest("finished_by_user_id is invalid")
		}
		if err := e.deflect(tx, c, inner); err != nil {
			return err
		}
		e.end(c, chatFinished)
		return nil
	})
}

// deflect notes on the chat and on its escalation where the person was sent instead.
func (e *Emulator) deflect(tx *kit.Tx, c *Chat, p params) error {
	var escalation int64
	given, err := p.value("escalation_id", &escalation)
	if err != nil {
		return err
	}
	channel, err := p.word("deflection_channel")
	if err != nil || channel == "" {
		return err
	}
	if channel != "email" {
		return badRequest("deflection_channel is invalid")
	}
	if !given {
		return missing("escalation_id")
	}
	c.DeflectionChannel = channel
	return e.chooseChannel(tx, c.ID, escalation, channel)
}

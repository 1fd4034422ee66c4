package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

func (e *Emulator) chatRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /chats", e.serve(e.createChat))
	mux.HandleFunc("GET /chats/{id}", e.serve(e.getChat))
	mux.HandleFunc("PATCH /chats/{id}", e.serve(e.updateChat))
	mux.HandleFunc("POST /chats/{id}/resume", e.serve(e.resumeChat))
	mux.HandleFunc("POST /chats/{id}/message", e.serve(e.sendMessage))
	mux.HandleFunc("GET /chats/{id}/messages", e.serve(e.listMessages))
	sessionRoutes[Chat](e, mux, "/chats")
}

// createChat is POST /chats. It has no idempotency of any kind: a double send shows as two chats.
func (e *Emulator) createChat(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	p, err = p.inner("chat")
	if err != nil {
		return reply{}, err
	}
	c, err := e.planChat(p)
	if err != nil {
		return reply{}, err
	}
	var out chatAnswer
	err = e.ledger.Update(func(tx *kit.Tx) error {
		c := c // fn may not change what it was given
		user, err := chatPerson(tx, p)
		if err != nil {
			return err
		}
		c.setEndUser(user)
		if err := e.numberChat(tx, &c); err != nil {
			return err
		}
		if err := e.openChat(tx, c); err != nil {
			return err
		}
		out, err = e.shownChat(tx, c)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(out.ID), kit.EffectCreated)
	return reply{http.StatusCreated, out}, nil
}

// openChat stores a new chat and tells of it.
func (e *Emulator) openChat(tx *kit.Tx, c Chat) error {
	if err := tx.Put(KindChat, key(c.ID), c); err != nil {
		return err
	}
	if err := e.emitCreated(tx, c); err != nil {
		return err
	}
	if err := e.tellSession(tx, c.view(), "", nil); err != nil {
		return err
	}
	return e.tellSession(tx, c.view(), c.Status, nil)
}

// chatPerson finds the end user a chat is for; refusals are assumed.
func chatPerson(tx *kit.Tx, p params) (EndUser, error) {
	id, err := p.requiredID("end_user_id")
	if err != nil {
		return EndUser{}, err
	}
	var user EndUser
	found, err := tx.Get(KindEndUser, key(id), &user)
	if err == nil && !found {
		err = badRequest("end_user_id " + key(id) + " is not found")
	}
	return user, err
}

// numberChat gives a new chat its number and its participants.
func (e *Emulator) numberChat(tx *kit.Tx, c *Chat) error {
	id, err := newID(tx, KindChat)
	if err != nil {
		return err
	}
	c.ID = id
	person, err := newParticipant(tx, "end_user")
	if err != nil {
		return err
	}
	person.ChatID, person.EndUserID = id, &c.EndUser.ID
	c.Participants = append(c.Participants, person)
	if c.AgentID == 0 {
		return nil
	}
	agent, err := newParticipant(tx, "agent")
	agent.ChatID, agent.UserID = id, &c.AgentID
	c.Participants = append(c.Participants, agent)
	return err
}

// getChat is GET /chats/{id} (inferred).
func (e *Emulator) getChat(_ http.ResponseWriter, r *http.Request) (reply, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return reply{}, err
	}
	var out chatAnswer
	err = e.ledger.View(func(tx *kit.Tx) error {
		c, err := load[Chat](tx, KindChat, id)
		if err != nil {
			return err
		}
		out, err = e.shownChat(tx, c)
		return err
	})
	kit.Touch(r.Context(), key(id), "")
	return reply{http.StatusOK, out}, err
}

// editChat loads the chat of the path, lets edit change it, stores it and answers it.
func (e *Emulator) editChat(r *http.Request, edit func(tx *kit.Tx, c *Chat) error) (reply, error) {
	return editSession(e, r, func(tx *kit.Tx, c *Chat) (reply, error) {
		before := *c
		if err := edit(tx, c); err != nil {
			return reply{}, err
		}
		if err := e.tellChatMove(tx, before, *c); err != nil {
			return reply{}, err
		}
		out, err := e.shownChat(tx, *c)
		return reply{http.StatusOK, out}, err
	})
}

// tellChatMove tells of a change of a chat, both ways the vendor has.
func (e *Emulator) tellChatMove(tx *kit.Tx, before, after Chat) error {
	if err := e.emitMoves(tx, before, after); err != nil || after.Status == before.Status {
		return err
	}
	return e.tellSessionMove(tx, after.view(), after.Status, after.over())
}

// resumeChat is POST /chats/{id}/resume: only a chat that was dismissed for inactivity. The text of
// the refusal is assumed.
func (e *Emulator) resumeChat(_ http.ResponseWriter, r *http.Request) (reply, error) {
	return e.editChat(r, func(_ *kit.Tx, c *Chat) error {
		switch {
		case c.Status == chatVADismissed:
			c.Status = chatVAAssigned
		case c.Status == chatDismissed && c.AgentID != 0:
			c.Status = chatAssigned
		case c.Status == chatDismissed:
			c.Status = chatQueued
		default:
			return badRequest("Chat status must be dismissed or va_dismissed")
		}
		return nil
	})
}

package ujet

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

func (e *Emulator) openControl() []kit.Route {
	return []kit.Route{
		{
			Method: http.MethodPost, Path: "/chats/open", Handle: e.openByPerson,
			Doc: `A person opens a chat without any client: {"identifier" or "phone","menuId","text"}; "sms" makes it text messages.`,
		},
		{
			Method: http.MethodPost, Path: "/calls/open", Handle: e.callByPerson,
			Doc: `A person calls without any client: {"phone","menuId"}.`,
		},
	}
}

// opening is what a person does.
type opening struct {
	Identifier string `json:"identifier"`
	Phone      string `json:"phone"`
	MenuID     int64  `json:"menuId"`
	Text       string `json:"text"`
	SMS        bool   `json:"sms"`
}

// person finds or makes the end user.
func (e *Emulator) person(tx *kit.Tx, in opening) (EndUser, error) {
	if in.Identifier != "" {
		u, _, err := e.applyEndUser(tx, endUserChange{identifier: in.Identifier})
		return u, err
	}
	plain, ok := wellFormed(in.Phone)
	if !ok {
		return EndUser{}, errors.New("a person needs an identifier or a phone in E.164")
	}
	return e.endUserAt(tx, plain)
}

func (e *Emulator) openByPerson(_ *http.Request, body []byte) (any, error) {
	var in opening
	if err := kit.DecodeStrict(body, &in); err != nil {
		return nil, err
	}
	s := e.settings.Get()
	menu, found := s.Menus[in.MenuID]
	if !found && !in.SMS {
		return nil, errors.New("menuId must be one of menus")
	}
	var out chatAnswer
	err := e.ledger.Update(func(tx *kit.Tx) error {
		user, err := e.person(tx, in)
		if err != nil {
			return err
		}
		at := e.stamp()
		c := Chat{Type: typeWebChat, Status: chatQueued, Lang: "en", MenuID: in.MenuID, CreatedAt: at, QueuedAt: &at}
		switch {
		case in.SMS:
			if user.Phone == nil {
				return errors.New("text messages need a person with a phone")
			}
			c.Type, c.Number, c.OutboundNumber = typeSMS, *user.Phone, s.outboundNumber("")
		case menu.VirtualAgent != 0:
			c.Status, c.VirtualAgentID = chatVAAssigned, menu.VirtualAgent
		}
		c.setEndUser(user)
		if err := e.numberChat(tx, &c); err != nil {
			return err
		}
		if err := e.openChat(tx, c); err != nil {
			return err
		}
		if in.Text != "" {
			content, err := json.Marshal(in.Text)
			if err != nil {
				return err
			}
			if _, err := e.addMessage(tx, c, Message{SenderType: "end_user", SenderID: user.ID, Type: "text", Content: content}); err != nil {
				return err
			}
		}
		out, err = e.shownChat(tx, c)
		return err
	})
	return out, err
}

func (e *Emulator) callByPerson(_ *http.Request, body []byte) (any, error) {
	var in opening
	if err := kit.DecodeStrict(body, &in); err != nil {
		return nil, err
	}
	plain, ok := wellFormed(in.Phone)
	if _, found := e.settings.Get().Menus[in.MenuID]; !found || !ok {
		return nil, errors.New("a call needs a phone in E.164 and a menuId of menus")
	}
	c := Call{CallAnswer: newCallAnswer(), Number: plain, MenuID: in.MenuID}
	err := e.ledger.Update(func(tx *kit.Tx) error {
		at := e.stamp()
		c.CallType, c.Lang, c.Status, c.CreatedAt, c.QueuedAt = "Voice Inbound", "en", "queued", at, &at
		return e.placeCall(tx, &c)
	})
	return c.CallAnswer, err
}

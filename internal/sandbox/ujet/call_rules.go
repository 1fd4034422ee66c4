package ujet

import (
	"slices"
	"strings"
)

// planPerson finds whom to call: a ticket goes before a number.
func (e *Emulator) planPerson(p params, c *Call, absent, malformed string) error {
	ticket, err := p.word("ticket_id")
	if err != nil {
		return err
	}
	number, err := p.word("end_user_number")
	switch {
	case err != nil:
		return err
	case ticket != "":
		if number = e.settings.Get().Tickets[ticket]; number == "" {
			return badRequest("Contact not found")
		}
		c.TicketID, c.OutTicketID = ticket, &ticket
	case number == "":
		return badRequest(absent)
	}
	plain, ok := wellFormed(number)
	if !ok {
		return badRequest(malformed)
	}
	c.Number = plain
	return nil
}

// planMenu reads a required menu, unless an earlier call has lent one, and checks that it may take
// such a call.
func (e *Emulator) planMenu(p params, c *Call, types []string, wrongType string) error {
	id, menu, given, err := e.settings.Get().namedMenu(p, false)
	if err != nil {
		return err
	}
	if !given {
		if c.MenuID == 0 {
			return badRequest("menu_id is required")
		}
		return nil
	}
	if !slices.Contains(types, menu.Type) {
		return badRequest(wrongType)
	}
	if menu.State == stateManualRedirection {
		return badRequest("Menu is in 'manual redirection' state, can't accept calls")
	}
	c.MenuID = id
	return nil
}

// planLang reads the language; English where none is given.
func (e *Emulator) planLang(p params, c *Call) error {
	lang, err := e.lang(p)
	c.Lang = lang
	return err
}

func (e *Emulator) lang(p params) (string, error) {
	lang, err := p.word("lang")
	if err != nil {
		return "", err
	}
	if lang == "" {
		return "en", nil
	}
	return e.settings.Get().offered(lang)
}

// planRecording reads recording_permission; the refusal of other words is assumed.
func planRecording(p params, c *Call) error {
	word, err := p.word("recording_permission")
	if err != nil || word == "" {
		return err
	}
	short := strings.TrimPrefix(word, "recording_permission_")
	if short == word || !slices.Contains([]string{"not_asked", "denied", "granted"}, short) {
		return badRequest("recording_permission is invalid")
	}
	c.RecordingPermission = short
	return nil
}

// planNumber takes the number to call from; none means that the agent has to choose.
func (e *Emulator) planNumber(p params, c *Call) error {
	asked, err := p.word("outbound_number")
	if err != nil {
		return err
	}
	if number := e.settings.Get().outboundNumber(asked); number != "" {
		c.OutboundNumber, c.SupportNumber = &number, &number
	}
	return nil
}

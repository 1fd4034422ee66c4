package ujet

import (
	"slices"
	"strings"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// planOutbound: an agent calls a person, found by ticket or number. Its menu lends the settings of a
// queue, so any type and state will do (assumed).
func (e *Emulator) planOutbound(tx *kit.Tx, p params, c *Call) error {
	agent, err := e.callingAgent(tx, p)
	if err != nil {
		return err
	}
	if err := e.planPerson(p, c, "ticket_id or end_user_number required", "end_user_number is not well-formed"); err != nil {
		return err
	}
	if err := e.mayCall(tx, c.Number); err != nil {
		return err
	}
	s := e.settings.Get()
	if c.MenuID, _, _, err = s.namedMenu(p, true); err != nil {
		return err
	}
	if err := e.planLang(p, c); err != nil {
		return err
	}
	answer, at := "manual", c.CreatedAt
	c.Status, c.AssignedAt, c.AnswerType = "assigned", &at, &answer
	c.AgentID, c.AgentInfo = agent.ID, agent.shown()
	return e.planNumber(p, c)
}

// planInbound: the centre calls the person as if the person had called.
func (e *Emulator) planInbound(_ *kit.Tx, p params, c *Call) error {
	if err := e.planPerson(p, c, "end_user_number is required", "end_user_number is not well formed"); err != nil {
		return err
	}
	if err := e.planMenu(p, c, e.settings.Get().InboundMenuTypes, "Only IVR and mobile menu IDs are permitted"); err != nil {
		return err
	}
	if e.settings.Get().Menus[c.MenuID].State == stateAfterHours {
		return badRequest("Menu is in 'after hours' state, can't accept incoming calls")
	}
	if err := e.planLang(p, c); err != nil {
		return err
	}
	if err := planRecording(p, c); err != nil {
		return err
	}
	at := c.CreatedAt
	c.Status, c.QueuedAt = "queued", &at
	return e.planNumber(p, c)
}

// planScheduled: the centre calls the person at a time to come; an earlier call can lend its menu.
func (e *Emulator) planScheduled(tx *kit.Tx, p params, c *Call) error {
	if err := e.planPerson(p, c, "end_user_number is required", "end_user_number is not well formed"); err != nil {
		return err
	}
	if err := e.mayCall(tx, c.Number); err != nil {
		return err
	}
	if err := planParent(tx, p, c); err != nil {
		return err
	}
	menus := []string{"mobile_menu", "web_menu"}
	if err := e.planMenu(p, c, menus, "Only mobile and web menu IDs are permitted"); err != nil {
		return err
	}
	if err := e.planLang(p, c); err != nil {
		return err
	}
	if err := e.planTime(p, c); err != nil {
		return err
	}
	if err := planRecording(p, c); err != nil {
		return err
	}
	c.Status = "scheduled"
	number := e.settings.Get().outboundNumber("")
	c.OutboundNumber, c.SupportNumber = &number, &number // no agent is there to choose
	return nil
}

// callingAgent finds the agent of an outbound call.
func (e *Emulator) callingAgent(tx *kit.Tx, p params) (User, error) {
	email, err := p.word("agent_email")
	if err != nil {
		return User{}, err
	}
	if email == "" {
		return User{}, badRequest("Agent email required")
	}
	agent, found, err := e.userBy(tx, func(u User) bool { return strings.EqualFold(u.Email, email) })
	switch {
	case err != nil:
		return User{}, err
	case !found || agent.DeactivatedAt != nil:
		return User{}, badRequest("Not a valid agent email")
	case !slices.Contains(agent.Roles, roleAgent):
		return User{}, badRequest("Agent does not have access to make calls")
	case !agent.Online || agent.Status != StatusAvailable:
		return User{}, badRequest("Agent is not available to take this call")
	}
	return agent, nil
}

// planParent links an earlier call. Its refusal is assumed.
func planParent(tx *kit.Tx, p params, c *Call) error {
	var id int64
	given, err := p.value("call_id", &id)
	if err != nil || !given {
		return err
	}
	var parent Call
	found, err := tx.Get(KindCall, key(id), &parent)
	if err != nil {
		return err
	}
	if !found {
		return badRequest("call_id " + key(id) + " is not found")
	}
	c.ParentID, c.MenuID = &id, parent.MenuID
	return nil
}

// planTime reads scheduled_at. All refusals but the missing one are assumed.
func (e *Emulator) planTime(p params, c *Call) error {
	text, err := p.word("scheduled_at")
	if err != nil {
		return err
	}
	if text == "" {
		return badRequest("scheduled_at is required")
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return badRequest("scheduled_at is not well formed")
	}
	if !at.After(e.now()) {
		return badRequest("scheduled_at should be a future time")
	}
	shown := at.UTC().Format(timeLayout)
	c.ScheduledAt = &shown
	return nil
}

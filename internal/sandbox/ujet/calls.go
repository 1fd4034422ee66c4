package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// callForm is one of the forms of POST /calls.
type callForm struct {
	// shown is the form's call_type in answers; old is the deprecated name that is still taken.
	shown, old string
	// plan checks what is asked and fills in the call. It may return a refusal.
	plan func(e *Emulator, tx *kit.Tx, p params, c *Call) error
}

// callForms are outbound (by number or ticket), inbound and scheduled.
var callForms = []callForm{
	{"Voice Outbound (API)", "OutboundCall", (*Emulator).planOutbound},
	{"Voice Inbound (API)", "IncomingCall", (*Emulator).planInbound},
	{"Voice Scheduled (API)", "ScheduledCall", (*Emulator).planScheduled},
}

// pendingCall is a call that an agent has to place in the widget.
type pendingCall struct {
	ID   int64 `json:"id"`
	Call Call  `json:"call"`
}

func (e *Emulator) callRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /calls", e.serve(e.createCall))
	mux.HandleFunc("POST /crm/contact_data", e.serve(e.contactData))
	mux.HandleFunc("POST /sms", e.serve(e.sendSMS))
	sessionRoutes[Call](e, mux, "/calls")
}

// createCall is POST /calls. It has no idempotency of any kind: each accepted request is one more
// call, so a double send shows as two.
func (e *Emulator) createCall(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	form, err := formOf(p)
	if err != nil {
		return reply{}, err
	}
	var out reply
	var id int64
	err = e.ledger.Update(func(tx *kit.Tx) error {
		c := Call{CallAnswer: newCallAnswer()}
		c.CallType, c.CreatedAt = form.shown, e.stamp()
		if err := form.plan(e, tx, p, &c); err != nil {
			return err
		}
		if c.OutboundNumber == nil { // the agent chooses
			id, err = newID(tx, KindPendingCall)
			if err != nil {
				return err
			}
			out = reply{http.StatusAccepted, p}
			return tx.Put(KindPendingCall, key(id), pendingCall{id, c})
		}
		if err := e.placeCall(tx, &c); err != nil {
			return err
		}
		id, out = c.ID, reply{http.StatusCreated, c.CallAnswer}
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(id), kit.EffectCreated)
	return out, nil
}

// formOf finds the form by call_type.
func formOf(p params) (callForm, error) {
	asked, _, err := p.text("call_type")
	if err == nil && asked != nil {
		for _, f := range callForms {
			if *asked == f.shown || *asked == f.old {
				return f, nil
			}
		}
	}
	return callForm{}, badRequest("Invalid call type")
}

// placeCall gives a planned call its number, its people and its first status, and stores it.
func (e *Emulator) placeCall(tx *kit.Tx, c *Call) error {
	id, err := newID(tx, KindCall)
	if err != nil {
		return err
	}
	user, err := e.endUserAt(tx, c.Number)
	if err != nil {
		return err
	}
	c.ID = id
	c.setEndUser(user)
	c.SelectedMenu, c.MenuPath = e.settings.Get().shownMenu(c.MenuID)
	person, err := newParticipant(tx, "end_user")
	if err != nil {
		return err
	}
	person.CallID, person.EndUserID = id, &user.ID
	c.Participants = append(c.Participants, person)
	if c.AgentID != 0 {
		agent, err := newParticipant(tx, "agent")
		if err != nil {
			return err
		}
		agent.CallID, agent.UserID = id, &c.AgentID
		c.Participants = append(c.Participants, agent)
	}
	if err := tx.Put(KindCall, key(id), c); err != nil {
		return err
	}
	if err := e.tellSession(tx, c.view(), "", nil); err != nil {
		return err
	}
	return e.tellSession(tx, c.view(), c.Status, nil)
}

// newParticipant numbers one side of a session.
func newParticipant(tx *kit.Tx, side string) (participant, error) {
	id, err := newID(tx, "_participant")
	return participant{ID: id, Type: side, Status: "waiting", FailReason: "nothing"}, err
}

package ujet

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// callStep is what a control call says has happened to a call.
type callStep struct {
	ID             int64  `json:"id"`
	Status         string `json:"status"`
	DisconnectedBy string `json:"disconnectedBy"`
	FailReason     string `json:"failReason"`
}

func (e *Emulator) callControl() []kit.Route {
	return []kit.Route{
		{
			Method: http.MethodPost, Path: "/calls/status", Handle: e.stepCall,
			Doc: `Moves a call: {"id","status","disconnectedBy","failReason"}; times and durations follow.`,
		},
		{
			Method: http.MethodPost, Path: "/calls/place", Handle: e.placePending,
			Doc: `An agent places a call that was answered 202: {"id"} of the pending call; answers the call.`,
		},
		{
			Method: http.MethodPost, Path: "/sessions/file", Handle: e.fileSession,
			Doc: `An agent files a session: {"callId"} or {"chatId"}, "code", "note"; tells the last session event.`,
		},
	}
}

// fileSession is an agent who files a call or chat that is over.
func (e *Emulator) fileSession(_ *http.Request, body []byte) (any, error) {
	var in struct {
		CallID int64  `json:"callId"`
		ChatID int64  `json:"chatId"`
		Code   string `json:"code"`
		Note   string `json:"note"`
	}
	if err := kit.DecodeStrict(body, &in); err != nil {
		return nil, err
	}
	filed := &disposition{Code: in.Code, Note: in.Note}
	return filed, e.ledger.Update(func(tx *kit.Tx) error {
		if in.ChatID != 0 {
			c, err := load[Chat](tx, KindChat, in.ChatID)
			if err != nil {
				return err
			}
			return e.tellSession(tx, c.view(), "filed", filed)
		}
		c, err := load[Call](tx, KindCall, in.CallID)
		if err != nil {
			return err
		}
		return e.tellSession(tx, c.view(), "filed", filed)
	})
}

func (e *Emulator) stepCall(_ *http.Request, body []byte) (any, error) {
	var step callStep
	if err := kit.DecodeStrict(body, &step); err != nil {
		return nil, err
	}
	if !slices.Contains(callStatuses, step.Status) {
		return nil, fmt.Errorf("status must be one of %s", strings.Join(callStatuses, ", "))
	}
	var c Call
	err := e.ledger.Update(func(tx *kit.Tx) (err error) {
		if c, err = load[Call](tx, KindCall, step.ID); err != nil {
			return err
		}
		if c.over() {
			return errors.New("the call is over")
		}
		e.moveCall(&c, step)
		if err := tx.Put(KindCall, key(c.ID), c); err != nil {
			return err
		}
		return e.tellSessionMove(tx, c.view(), c.Status, c.over())
	})
	return c.CallAnswer, err
}

// moveCall sets the status and what follows from it.
func (e *Emulator) moveCall(c *Call, step callStep) {
	at := e.stamp()
	c.Status = step.Status
	if step.DisconnectedBy != "" {
		c.DisconnectedBy = step.DisconnectedBy
	}
	if step.FailReason != "" {
		c.FailReason = step.FailReason
	}
	switch step.Status {
	case "queued":
		c.QueuedAt = &at
	case "assigned":
		c.AssignedAt = &at
	case "connected":
		c.ConnectedAt = &at
		c.WaitDuration = secondsBetween(c.CreatedAt, at)
	}
	if c.over() {
		c.EndsAt = &at
		if c.ConnectedAt != nil {
			c.CallDuration = secondsBetween(*c.ConnectedAt, at)
		}
	}
	for i := range c.Participants {
		c.Participants[i].follow(c.Status, at, c.over())
	}
}

// follow moves a participant along with its session.
func (p *participant) follow(status, at string, over bool) {
	switch {
	case over:
		p.EndedAt = &at
	case status == "connected":
		p.Status, p.ConnectedAt = status, &at
	}
}

// secondsBetween is the time between two of the vendor's timestamps.
func secondsBetween(from, to string) *int {
	a, err1 := time.Parse(timeLayout, from)
	b, err2 := time.Parse(timeLayout, to)
	if err1 != nil || err2 != nil {
		return nil
	}
	n := int(b.Sub(a) / time.Second)
	return &n
}

func (e *Emulator) placePending(_ *http.Request, body []byte) (any, error) {
	var asked struct {
		ID int64 `json:"id"`
	}
	if err := kit.DecodeStrict(body, &asked); err != nil {
		return nil, err
	}
	var c Call
	err := e.ledger.Update(func(tx *kit.Tx) error {
		pending, err := load[pendingCall](tx, KindPendingCall, asked.ID)
		if err != nil {
			return err
		}
		if c = pending.Call; c.OutboundNumber == nil {
			number := e.settings.Get().ManagedNumbers[0]
			c.OutboundNumber, c.SupportNumber = &number, &number
		}
		if err := e.placeCall(tx, &c); err != nil {
			return err
		}
		return tx.Delete(KindPendingCall, key(asked.ID))
	})
	return c.CallAnswer, err
}

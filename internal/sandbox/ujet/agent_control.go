package ujet

import (
	"errors"
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

func (e *Emulator) agentControl() []kit.Route {
	return []kit.Route{{
		Method: http.MethodPost, Path: "/agents/status", Handle: e.stepAgent,
		Doc: `An agent's status changes by itself, system statuses included: {"id","status"}; a logout that waits follows.`,
	}}
}

func (e *Emulator) stepAgent(_ *http.Request, body []byte) (any, error) {
	var step struct {
		ID     int64  `json:"id"`
		Status string `json:"status"`
	}
	if err := kit.DecodeStrict(body, &step); err != nil {
		return nil, err
	}
	if _, known := e.settings.Get().status(step.Status); !known {
		return nil, errors.New("status must be one of agentStatuses")
	}
	var change statusChange
	err := e.ledger.Update(func(tx *kit.Tx) error {
		u, found, err := e.userBy(tx, func(u User) bool { return u.ID == step.ID })
		if err != nil {
			return err
		}
		if !found {
			return errors.New("no such agent")
		}
		change = u.change()
		status := step.Status
		if u.LogoutLater && status != statusInCall && status != statusInChat {
			status = statusOffline
		}
		return e.moveAgent(tx, &u, status, &change)
	})
	return change, err
}

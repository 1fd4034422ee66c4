package ujet

import (
	"net/http"
	"slices"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// AgentStatus is one status an agent can have; nobody can be set to or from a system one.
type AgentStatus struct {
	Name   string `json:"name"`
	System bool   `json:"system"`
}

// statusChange is what a request did to one agent.
type statusChange struct {
	AgentID        int64   `json:"agent_id"`
	Name           *string `json:"name"`
	Email          *string `json:"email"`
	AgentNumber    *string `json:"agent_number"`
	PreviousStatus *string `json:"previous_status"`
	CurrentStatus  *string `json:"current_status"`
	Message        string  `json:"message,omitempty"`
}

func (e *Emulator) agentRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /agent_statuses", e.serve(e.setStatuses))
	mux.HandleFunc("GET /agent_statuses", e.serve(e.getStatuses))
	mux.HandleFunc("POST /agent_statuses/force_logout", e.serve(e.forceLogout))
	mux.HandleFunc("GET /agent_statuses/force_logout/jobs/{id}", e.serve(e.getLogoutJob))
	mux.HandleFunc("GET /users", e.serve(e.listUsers))
}

// agentSelection is which agents a request means.
type agentSelection struct {
	agents, teams []int64
}

// selection reads agent_ids and team_ids.
func selection(p params) (s agentSelection, err error) {
	if _, err = p.value("agent_ids", &s.agents); err != nil {
		return s, err
	}
	_, err = p.value("team_ids", &s.teams)
	return s, err
}

// selected are the users meant, and the ids that belong to nobody.
func (e *Emulator) selected(tx *kit.Tx, s agentSelection) (found []User, unknown []int64, err error) {
	users, err := e.users(tx)
	if err != nil {
		return nil, nil, err
	}
	var teams []string
	for _, id := range s.teams {
		teams = append(teams, e.settings.Get().Teams[id])
	}
	for _, u := range users {
		inTeam := slices.ContainsFunc(u.Teams, func(team string) bool { return slices.Contains(teams, team) })
		if inTeam || slices.Contains(s.agents, u.ID) {
			found = append(found, u)
		}
	}
	for _, id := range s.agents {
		if !slices.ContainsFunc(users, func(u User) bool { return u.ID == id }) {
			unknown = append(unknown, id)
		}
	}
	return found, unknown, nil
}

// setStatuses is POST /agent_statuses: 200 even when some or all agents are refused; each of those has a
// message. The one about the status asked for, and the one about an unknown agent, are assumed.
func (e *Emulator) setStatuses(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	status, err := p.required("status")
	if err != nil {
		return reply{}, err
	}
	for _, name := range []string{"agent_ids", "team_ids"} {
		if _, given := p[name]; !given {
			return reply{}, missing(name)
		}
	}
	chosen, err := selection(p)
	if err != nil {
		return reply{}, err
	}
	wanted, known := e.settings.Get().status(status)
	if !known {
		return reply{}, badRequest("status is invalid")
	}
	out := []statusChange{}
	err = e.ledger.Update(func(tx *kit.Tx) error {
		agents, unknown, err := e.selected(tx, chosen)
		if err != nil {
			return err
		}
		out = out[:0]
		for _, u := range agents {
			change, err := e.setStatus(tx, u, wanted)
			if err != nil {
				return err
			}
			out = append(out, change)
		}
		for _, id := range unknown {
			out = append(out, statusChange{AgentID: id, Message: "Agent is not found"})
		}
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), "", kit.EffectUpdated)
	return reply{http.StatusOK, out}, nil
}

// setStatus moves one agent if the system's statuses do not stand in between.
func (e *Emulator) setStatus(tx *kit.Tx, u User, wanted AgentStatus) (statusChange, error) {
	change := u.change()
	before, _ := e.settings.Get().status(u.Status)
	switch {
	case before.System:
		change.Message = "Agent can't be changed from system status '" + u.Status + "'"
		return change, nil
	case wanted.System:
		change.Message = "Agent can't be changed to system status '" + wanted.Name + "'"
		return change, nil
	}
	return change, e.moveAgent(tx, &u, wanted.Name, &change)
}

// moveAgent gives an agent a status, whatever the rules say.
func (e *Emulator) moveAgent(tx *kit.Tx, u *User, status string, change *statusChange) error {
	u.Status, u.StatusUpdatedAt, u.Online, u.LogoutLater = status, e.stamp(), status != statusOffline, false
	change.CurrentStatus = &status
	return tx.Put(KindUser, key(u.ID), *u)
}

// change is an agent to whom nothing has happened yet.
func (u User) change() statusChange {
	name := u.name()
	before := u.Status
	return statusChange{
		AgentID: u.ID, Name: &name, Email: &u.Email, AgentNumber: &u.AgentNumber, PreviousStatus: &before, CurrentStatus: &before,
	}
}

// statusAnswer is an agent's status as it is; its shape is inferred.
type statusAnswer struct {
	AgentID       int64  `json:"agent_id"`
	Name          string `json:"name"`
	Email         string `json:"email"`
	AgentNumber   string `json:"agent_number"`
	CurrentStatus string `json:"current_status"`
	IPAddress     string `json:"ip_address"`
}

// getStatuses is GET /agent_statuses with a JSON body (method and path inferred); without any id it
// answers all agents (assumed).
func (e *Emulator) getStatuses(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	chosen, err := selection(p)
	if err != nil {
		return reply{}, err
	}
	out := []statusAnswer{}
	err = e.ledger.View(func(tx *kit.Tx) error {
		agents, _, err := e.selected(tx, chosen)
		if len(chosen.agents)+len(chosen.teams) == 0 && err == nil {
			agents, err = e.users(tx)
		}
		for _, u := range agents {
			if slices.Contains(u.Roles, roleAgent) {
				out = append(out, statusAnswer{u.ID, u.name(), u.Email, u.AgentNumber, u.Status, u.IPAddress})
			}
		}
		return err
	})
	return reply{http.StatusOK, out}, err
}

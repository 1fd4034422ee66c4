package ujet

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindLogoutJob is the ledger kind of jobs that log many agents out, each under its id in decimal.
const KindLogoutJob = "logoutJob"

// LogoutJob logs agents out in the background; the vendor does so when there are many.
type LogoutJob struct {
	Worker
	logoutAnswer
	Agents []int64 `json:"agents"`
}

// logoutAnswer is what the vendor tells of such a job; its shape is assumed.
type logoutAnswer struct {
	ID        int64  `json:"id"`
	Status    string `json:"status"`
	CreatedAt string `json:"created_at"`
	Total     int    `json:"total"`
	Processed int    `json:"processed"`
}

// forceLogout is POST /agent_statuses/force_logout: by agents, teams or addresses. More agents than
// LogoutBatch make a job, answered 202 (its status and body are assumed).
func (e *Emulator) forceLogout(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	chosen, err := selection(p)
	if err != nil {
		return reply{}, err
	}
	var addresses []string
	if _, err := p.value("ip_addrs", &addresses); err != nil {
		return reply{}, err
	}
	inside, ok := addressFilter(addresses)
	if !ok {
		return reply{}, badRequest("ip_addrs is invalid")
	}
	if len(chosen.agents)+len(chosen.teams)+len(addresses) == 0 {
		return reply{}, missing("agent_ids")
	}
	var out reply
	err = e.ledger.Update(func(tx *kit.Tx) error {
		agents, err := e.toLogOut(tx, chosen, inside)
		if err != nil {
			return err
		}
		if len(agents) > e.settings.Get().LogoutBatch {
			out, err = e.logoutLater(tx, agents)
			return err
		}
		changes := []statusChange{}
		for _, u := range agents {
			change, err := e.logout(tx, u)
			if err != nil {
				return err
			}
			changes = append(changes, change)
		}
		out = reply{http.StatusOK, changes}
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), "", kit.EffectUpdated)
	return out, nil
}

// toLogOut are the agents meant that are online.
func (e *Emulator) toLogOut(tx *kit.Tx, chosen agentSelection, inside func(string) bool) ([]User, error) {
	named, _, err := e.selected(tx, chosen)
	if err != nil {
		return nil, err
	}
	users, err := e.users(tx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(users, func(u User) bool {
		meant := inside(u.IPAddress) || slices.ContainsFunc(named, func(n User) bool { return n.ID == u.ID })
		return !u.Online || !meant
	}), nil
}

// logout logs one agent out: at once, or after the call or chat the agent is in. The message of the
// latter is assumed.
func (e *Emulator) logout(tx *kit.Tx, u User) (statusChange, error) {
	change := u.change()
	if u.Status != statusInCall && u.Status != statusInChat {
		return change, e.moveAgent(tx, &u, statusOffline, &change)
	}
	u.LogoutLater = true
	change.Message = "Agent will be logged out after the current session"
	return change, tx.Put(KindUser, key(u.ID), u)
}

func (e *Emulator) logoutLater(tx *kit.Tx, agents []User) (reply, error) {
	id, err := newID(tx, KindLogoutJob)
	if err != nil {
		return reply{}, err
	}
	j := LogoutJob{logoutAnswer: logoutAnswer{ID: id, Status: jobCreated, CreatedAt: e.stamp(), Total: len(agents)}}
	for _, u := range agents {
		j.Agents = append(j.Agents, u.ID)
	}
	e.begin(&j.Worker)
	return reply{http.StatusAccepted, map[string]any{"job_id": id, "status": j.Status}}, tx.Put(KindLogoutJob, key(id), j)
}

// step starts a new job, then logs all its agents out.
func (j *LogoutJob) step(e *Emulator, tx *kit.Tx) (more bool, err error) {
	if j.Status == jobCreated {
		j.Status = jobInProgress
		return true, nil
	}
	for _, id := range j.Agents {
		u, found, err := e.userBy(tx, func(u User) bool { return u.ID == id })
		if err != nil {
			return false, err
		}
		if !found {
			continue
		}
		if _, err := e.logout(tx, u); err != nil {
			return false, err
		}
		j.Processed++
	}
	j.Status = jobFinished
	return false, nil
}

// getLogoutJob is GET /agent_statuses/force_logout/jobs/{id} (path inferred).
func (e *Emulator) getLogoutJob(_ http.ResponseWriter, r *http.Request) (reply, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return reply{}, err
	}
	var j LogoutJob
	err = e.ledger.View(func(tx *kit.Tx) error {
		j, err = load[LogoutJob](tx, KindLogoutJob, id)
		return err
	})
	kit.Touch(r.Context(), key(id), "")
	return reply{http.StatusOK, j.logoutAnswer}, err
}

// addressFilter reads addresses, CIDR blocks and ranges such as "192.0.2.1-192.0.2.9".
func addressFilter(list []string) (inside func(string) bool, ok bool) {
	var tests []func(netip.Addr) bool
	for _, one := range list {
		from, to, isRange := strings.Cut(one, "-")
		first, err1 := netip.ParseAddr(strings.TrimSpace(from))
		last, err2 := netip.ParseAddr(strings.TrimSpace(to))
		block, err3 := netip.ParsePrefix(one)
		switch {
		case isRange && err1 == nil && err2 == nil:
			tests = append(tests, func(a netip.Addr) bool { return first.Compare(a) <= 0 && a.Compare(last) <= 0 })
		case !isRange && err1 == nil:
			tests = append(tests, func(a netip.Addr) bool { return a == first })
		case err3 == nil:
			tests = append(tests, block.Contains)
		default:
			return nil, false
		}
	}
	return func(address string) bool {
		a, err := netip.ParseAddr(address)
		return err == nil && slices.ContainsFunc(tests, func(test func(netip.Addr) bool) bool { return test(a) })
	}, true
}

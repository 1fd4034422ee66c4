package ujet

import (
	"net/http"
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// kindNewUser numbers users that a bulk job has made.
const kindNewUser = "_newUser"

// newUserBase keeps the numbers of new users above those of the settings.
const newUserBase = 1000

// step validates the file of a new job; then, once asked to proceed, starts and applies it.
func (j *BulkJob) step(e *Emulator, tx *kit.Tx) (more bool, err error) {
	content, err := jobFile(tx, KindBulkJob, j.ID)
	if err != nil {
		return false, err
	}
	rows, wrong := e.settings.Get().checkScheme(content)
	switch j.Status {
	case jobCreated:
		j.TotalRows, j.SchemeErrors, j.Status = len(rows), wrong, jobValid
		if len(wrong) > 0 {
			j.Status = jobInvalid
		}
	case jobValid:
		j.Status = jobInProgress
		return true, nil
	case jobInProgress:
		all, err := e.users(tx)
		if err != nil {
			return false, err
		}
		users := byEmail{}
		for _, u := range all {
			users[strings.ToLower(u.Email)] = u
		}
		for i, row := range rows {
			if err := e.applyRow(tx, users, j, i+1, row); err != nil {
				return false, err
			}
		}
		j.Status = jobFinished
	}
	return false, nil
}

// byEmail is the users of a job by their address in lower case, kept in step with what the job does.
type byEmail map[string]User

// applyRow makes or changes one user. What it cannot do is in the update log: an error leaves the user
// as it was, a warning only what it names.
func (e *Emulator) applyRow(tx *kit.Tx, users byEmail, j *BulkJob, n int, row bulkRow) error {
	note := func(column, message, kind string) {
		j.UpdateErrors = append(j.UpdateErrors, rowError{Message: message, Column: &column, Row: &n, ErrorType: kind})
	}
	u, found := users[strings.ToLower(row.email)]
	if row.newEmail != "" && !strings.EqualFold(row.newEmail, row.email) {
		if _, taken := users[strings.ToLower(row.newEmail)]; taken {
			note("new_email", "new_email has already been taken", "error")
			j.FailedRows++
			return nil
		}
	}
	if !found {
		id, err := newID(tx, kindNewUser)
		if err != nil {
			return err
		}
		u = User{
			ID: newUserBase + id, Email: row.email, Teams: []string{}, Roles: []string{}, PhoneNumbers: []string{}, ExtensionNumbers: []int{},
			Status: statusOffline, StatusUpdatedAt: e.stamp(),
		}
	}
	s := e.settings.Get()
	row.change(&u, e.stamp())
	u.Roles = joined(u.Roles, row.roles, s.Roles, func(name string) { note("roles", "Role '"+name+"' is not found", "warning") })
	u.Teams = joined(u.Teams, row.teams, s.teamNames(), func(name string) { note("teams", "Team '"+name+"' is not found", "warning") })
	j.AffectedRows++
	delete(users, strings.ToLower(row.email))
	users[strings.ToLower(u.Email)] = u
	return tx.Put(KindUser, key(u.ID), u)
}

// change lays the row's columns over a user.
func (row bulkRow) change(u *User, now string) {
	u.FirstName, u.LastName = row.firstName, row.lastName
	if row.newEmail != "" {
		u.Email = row.newEmail
	}
	if row.agentNumber != nil {
		u.AgentNumber = *row.agentNumber
	}
	if row.location != nil {
		u.Location = *row.location
	}
	if row.maxChats != nil {
		u.MaxChatLimit = *row.maxChats
	}
	if row.maxChatsOn != nil {
		u.MaxChatLimitEnabled = *row.maxChatsOn
	}
	switch row.status {
	case "Active":
		u.DeactivatedAt = nil
	case "Inactive":
		u.DeactivatedAt, u.Online, u.Status = &now, false, statusOffline
	}
}

// joined gives and takes memberships; one that does not exist is told to unknown.
func joined(has []string, change []bulkMember, known []string, unknown func(string)) []string {
	out := slices.Clone(has)
	for _, m := range change {
		i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, m.name) })
		if i < 0 {
			unknown(m.name)
			continue
		}
		out = slices.DeleteFunc(out, func(o string) bool { return o == known[i] })
		if m.give {
			out = append(out, known[i])
		}
	}
	return out
}

// bulkTemplate is GET /bulk/users/template: the active users as a file's rows, each with all roles and
// teams there are.
func (e *Emulator) bulkTemplate(http.ResponseWriter, *http.Request) (reply, error) {
	s := e.settings.Get()
	rows := []map[string]any{}
	err := e.ledger.View(func(tx *kit.Tx) error {
		users, err := e.users(tx)
		for _, u := range users {
			if u.DeactivatedAt == nil {
				rows = append(rows, u.row(s))
			}
		}
		return err
	})
	return reply{http.StatusOK, rows}, err
}

func (u User) row(s Settings) map[string]any {
	members := func(all, has []string) []map[string]any {
		out := []map[string]any{}
		for _, name := range all {
			value := 0
			if slices.Contains(has, name) {
				value = 1
			}
			out = append(out, map[string]any{"name": name, "value": value})
		}
		return out
	}
	enabled := 0
	if u.MaxChatLimitEnabled {
		enabled = 1
	}
	return map[string]any{
		"email": u.Email, "new_email": "", "agent_number": u.AgentNumber, "first_name": u.FirstName, "last_name": u.LastName,
		"status": "Active", "location": u.Location, "max_chat_limit": u.MaxChatLimit, "max_chat_limit_enabled": enabled,
		"roles": members(s.Roles, u.Roles), "teams": members(s.teamNames(), u.Teams),
	}
}

package ujet

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Limits of GET /users.
const (
	usersPage      = 100
	usersPageLimit = 1000
	filterLimit    = 1000
)

// userAnswer is the vendor's user object, field by field.
type userAnswer struct {
	ID                        int64      `json:"id"`
	Email                     string     `json:"email"`
	FirstName                 string     `json:"first_name"`
	LastName                  string     `json:"last_name"`
	AgentNumber               string     `json:"agent_number"`
	Location                  string     `json:"location"`
	MaxChatLimit              int        `json:"max_chat_limit"`
	MaxChatLimitEnabled       bool       `json:"max_chat_limit_enabled"`
	UnrestrictedInternational bool       `json:"unrestricted_international_calling"`
	DeactivatedAt             *string    `json:"deactivated_at"`
	UcaasUserName             *string    `json:"ucaas_user_name"`
	UcaasSIPURI               *string    `json:"ucaas_sip_uri"`
	ExternalUser              bool       `json:"external_user"`
	PhoneNumbers              []string   `json:"phone_numbers"`
	ExtensionNumbers          []int      `json:"extension_numbers"`
	Teams                     []nameOnly `json:"teams"`
	Roles                     []nameOnly `json:"roles"`
}

type nameOnly struct {
	Name string `json:"name"`
}

func (u User) answer() userAnswer {
	names := func(list []string) []nameOnly {
		out := []nameOnly{}
		for _, name := range list {
			out = append(out, nameOnly{name})
		}
		return out
	}
	return userAnswer{
		u.ID, u.Email, u.FirstName, u.LastName, u.AgentNumber, u.Location, u.MaxChatLimit, u.MaxChatLimitEnabled,
		u.UnrestrictedInternational, u.DeactivatedAt, u.UcaasUserName, u.UcaasSIPURI, u.ExternalUser, u.PhoneNumbers,
		u.ExtensionNumbers, names(u.Teams), names(u.Roles),
	}
}

// listUsers is GET /users (path inferred): one kind of filter, or a page; never both.
func (e *Emulator) listUsers(w http.ResponseWriter, r *http.Request) (reply, error) {
	query := r.URL.Query()
	filter, err := e.userFilter(query)
	if err != nil {
		return reply{}, err
	}
	page, per, err := userPage(query, filter != nil)
	if err != nil {
		return reply{}, err
	}
	var users []User
	err = e.ledger.View(func(tx *kit.Tx) error {
		users, err = e.users(tx)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	if filter != nil {
		users = slices.DeleteFunc(users, func(u User) bool { return !filter(u) })
	} else {
		total := len(users)
		from := min(total, (page-1)*per)
		users = users[from:min(total, from+per)]
		pageHeaders(w, r, page, per, total)
	}
	out := []userAnswer{}
	for _, u := range users {
		out = append(out, u.answer())
	}
	return reply{http.StatusOK, out}, nil
}

// userPage reads page and per. The texts are the vendor's.
func userPage(query url.Values, filtered bool) (page, per int, err error) {
	page, per = 1, usersPage
	for _, f := range []struct {
		name  string
		at    *int
		limit int
	}{{"page", &page, 1 << 30}, {"per", &per, usersPageLimit}} {
		if !query.Has(f.name) {
			continue
		}
		if filtered {
			return 0, 0, badRequest("Cannot paginate filtered results")
		}
		n, err := strconv.Atoi(query.Get(f.name))
		if err != nil || n < 1 || n > f.limit {
			return 0, 0, badRequest("Invalid page size request")
		}
		*f.at = n
	}
	return page, per, nil
}

// pageHeaders are those of the vendor's other lists (inferred here).
func pageHeaders(w http.ResponseWriter, r *http.Request, page, per, total int) {
	w.Header().Set("Total", strconv.Itoa(total))
	w.Header().Set("Per-Page", strconv.Itoa(per))
	if page*per < total {
		next := url.Values{"page": {strconv.Itoa(page + 1)}, "per": {strconv.Itoa(per)}}
		w.Header().Set("Link", "<http://"+r.Host+BasePath+"/users?"+next.Encode()+`>; rel="next"`)
	}
}

// userFilters are the filters by value; email is inferred.
var userFilters = map[string]func(s Settings, u User, value string) bool{
	"id[]":           func(_ Settings, u User, v string) bool { return key(u.ID) == v },
	"email[]":        func(_ Settings, u User, v string) bool { return strings.EqualFold(u.Email, v) },
	"agent_number[]": func(_ Settings, u User, v string) bool { return u.AgentNumber == v },
	"location[]":     func(_ Settings, u User, v string) bool { return strings.EqualFold(u.Location, v) },
	"online[]":       func(_ Settings, u User, v string) bool { return strconv.FormatBool(u.Online) == v },
	"wrap_up[]":      func(_ Settings, u User, v string) bool { return strconv.FormatBool(u.WrapUp) == v },
	"status_id[]": func(s Settings, u User, v string) bool {
		id, err := strconv.ParseInt(v, 10, 64)
		return err == nil && s.AgentStatuses[id].Name == u.Status
	},
}

// userFilter reads the one filter there may be; nil is none.
func (e *Emulator) userFilter(query url.Values) (func(User) bool, error) {
	s := e.settings.Get()
	var filters []func(User) bool
	for name, test := range userFilters {
		values := query[name]
		if len(values) == 0 {
			continue
		}
		if len(values) > filterLimit {
			return nil, badRequest("Ensure you are not filtering more than 1000 values at a time")
		}
		filters = append(filters, func(u User) bool {
			return slices.ContainsFunc(values, func(v string) bool { return test(s, u, v) })
		})
	}
	for name, at := range map[string]func(User) string{
		"last_login_time":   func(u User) string { return u.LastLoginTime },
		"status_updated_at": func(u User) string { return u.StatusUpdatedAt },
	} {
		filter, err := timeFilter(query, name, at)
		if err != nil {
			return nil, err
		}
		if filter != nil {
			filters = append(filters, filter)
		}
	}
	switch len(filters) {
	case 0:
		return nil, nil //nolint:nilnil // no filter is no error
	case 1:
		return filters[0], nil
	default:
		return nil, badRequest("Only one filter should be configured at a time")
	}
}

// timeFilter reads name[from] and name[to], which are one filter together.
func timeFilter(query url.Values, name string, at func(User) string) (func(User) bool, error) {
	var bounds [2]time.Time
	given := false
	for i, end := range []string{"from", "to"} {
		text := query.Get(name + "[" + end + "]")
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, badRequest(name + "[" + end + "] is not well formed")
		}
		bounds[i], given = t, true
	}
	if !given {
		return nil, nil //nolint:nilnil // no filter is no error
	}
	return func(u User) bool {
		t, err := time.Parse(timeLayout, at(u))
		return err == nil && (bounds[0].IsZero() || t.After(bounds[0])) && (bounds[1].IsZero() || t.Before(bounds[1]))
	}, nil
}

package ujet

import (
	"cmp"
	"maps"
	"slices"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindUser is the ledger kind of users that a request has made or changed, each under its id in
// decimal; all others are as the settings have them.
const KindUser = "user"

// Agent statuses. All but StatusAvailable are the system's own; further names are custom ones.
const (
	StatusAvailable   = "Available"
	statusInCall      = "In-call"
	statusInChat      = "In-chat"
	statusOffline     = "Offline"
	statusUnavailable = "Unavailable"
)

// roleAgent is the role that may make calls.
const roleAgent = "Agent"

// User is an agent or another user of the centre, and what the vendor keeps to itself about one.
type User struct {
	ID                        int64    `json:"id"`
	Email                     string   `json:"email"`
	FirstName                 string   `json:"first_name"`
	LastName                  string   `json:"last_name"`
	AgentNumber               string   `json:"agent_number"`
	Location                  string   `json:"location"`
	MaxChatLimit              int      `json:"max_chat_limit"`
	MaxChatLimitEnabled       bool     `json:"max_chat_limit_enabled"`
	UnrestrictedInternational bool     `json:"unrestricted_international_calling"`
	DeactivatedAt             *string  `json:"deactivated_at"`
	UcaasUserName             *string  `json:"ucaas_user_name"`
	UcaasSIPURI               *string  `json:"ucaas_sip_uri"`
	ExternalUser              bool     `json:"external_user"`
	PhoneNumbers              []string `json:"phone_numbers"`
	ExtensionNumbers          []int    `json:"extension_numbers"`
	Teams                     []string `json:"teams"`
	Roles                     []string `json:"roles"`
	Status                    string   `json:"status"`
	LogoutLater               bool     `json:"logoutLater"`
	Online                    bool     `json:"online"`
	WrapUp                    bool     `json:"wrapUp"`
	IPAddress                 string   `json:"ipAddress"`
	LastLoginTime             string   `json:"lastLoginTime"`
	StatusUpdatedAt           string   `json:"statusUpdatedAt"`
}

// name is first and last name.
func (u User) name() string { return u.FirstName + " " + u.LastName }

// agentAnswer is an agent inside a call.
type agentAnswer struct {
	ID          int64   `json:"id"`
	Name        string  `json:"name"`
	LastName    string  `json:"last_name"`
	FirstName   string  `json:"first_name"`
	AgentNumber string  `json:"agent_number"`
	AvatarURL   *string `json:"avatar_url"`
}

func (u User) shown() *agentAnswer {
	return &agentAnswer{ID: u.ID, Name: u.name(), LastName: u.LastName, FirstName: u.FirstName, AgentNumber: u.AgentNumber}
}

// users are all users, by id: the settings' and over them what requests made of them.
func (e *Emulator) users(tx *kit.Tx) ([]User, error) {
	byID := maps.Clone(e.settings.Get().Users)
	if byID == nil {
		byID = map[int64]User{}
	}
	changed, err := all[User](tx, KindUser)
	if err != nil {
		return nil, err
	}
	for _, u := range changed {
		byID[u.ID] = u
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b User) int { return cmp.Compare(a.ID, b.ID) }), nil
}

// userBy finds the first user that is wanted.
func (e *Emulator) userBy(tx *kit.Tx, wanted func(User) bool) (User, bool, error) {
	users, err := e.users(tx)
	if err != nil {
		return User{}, false, err
	}
	i := slices.IndexFunc(users, wanted)
	if i < 0 {
		return User{}, false, nil
	}
	return users[i], true, nil
}

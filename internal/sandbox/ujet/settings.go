package ujet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Settings are the switches of an emulated subdomain and what its administrators have set up,
// changed through the control API and kept in the ledger. Maps are patched entry by entry.
type Settings struct {
	// RatePerSecond is how many requests a second the subdomain may make, evenly spaced (no burst:
	// assumed). The vendor's documents say 1 in one place and 10 in another. 0 turns the limit off.
	RatePerSecond float64 `json:"ratePerSecond"`
	// Campaigns are the ids of the outbound campaigns that exist; the Apps API cannot make one.
	Campaigns []int64 `json:"campaigns"`
	// Menus are the queues by id.
	Menus map[int64]Menu `json:"menus"`
	// InboundMenuTypes are the menu types an inbound call may name. The vendor's table says IVR and
	// web, its error text IVR and mobile.
	InboundMenuTypes []string `json:"inboundMenuTypes"`
	// Teams are the names of the agents' teams by id.
	Teams map[int64]string `json:"teams"`
	// Users are agents and others by id, as they were before any request changed them.
	Users map[int64]User `json:"users"`
	// Languages says of each language the vendor knows whether the queues offer it.
	Languages map[string]bool `json:"languages"`
	// ManagedNumbers are the centre's own phone numbers, E.164.
	ManagedNumbers []string `json:"managedNumbers"`
	// InvalidNumbers are numbers in E.164 that no line has: the do-not-call list refuses them, each by itself.
	InvalidNumbers []string `json:"invalidNumbers"`
	// DefaultNumber is the one used when a call names none. Empty with several managed numbers
	// means that the agent has to choose: the call is answered 202.
	DefaultNumber string `json:"defaultNumber"`
	// Tickets are the CRM's tickets with the phone number of the contact behind each.
	Tickets map[string]string `json:"tickets"`
	// DNCAllowsCalls lets outbound and scheduled calls go to numbers on the company's do-not-call list.
	DNCAllowsCalls bool `json:"dncAllowsCalls"`
	// CRM says whether the CRM takes a contact's changes.
	CRM bool `json:"crm"`
	// EndUserSeconds is how long the same change of a session's end user counts as a duplicate.
	EndUserSeconds int `json:"endUserSeconds"`
	// SMS and OutboundSMS switch the two features on.
	SMS         bool `json:"sms"`
	OutboundSMS bool `json:"outboundSms"`
	// ForeignSMS lets text messages go to numbers outside the US.
	ForeignSMS bool `json:"foreignSms"`
	// CompanySecret is the HS256 key of signed custom data, and a password of the older kind.
	CompanySecret string `json:"companySecret"`
	// AgentStatuses are the statuses an agent can have, by id.
	AgentStatuses map[int64]AgentStatus `json:"agentStatuses"`
	// Locations and Roles are those a user can have; MaxChatLimit is the most chats at a time.
	Locations    []string `json:"locations"`
	Roles        []string `json:"roles"`
	MaxChatLimit int      `json:"maxChatLimit"`
	// JobSeconds is how long a worker takes for each step of a job.
	JobSeconds float64 `json:"jobSeconds"`
	// Webhook and SessionEvents are where the vendor tells its client what happens.
	Webhook       Webhook       `json:"webhook"`
	SessionEvents SessionEvents `json:"sessionEvents"`
	// HookRetryMS are the waits in milliseconds between attempts to send an event; empty is one attempt.
	HookRetryMS []int `json:"hookRetryMs"`
	// LogoutBatch is how many agents are logged out at once; more of them make a job.
	LogoutBatch int `json:"logoutBatch"`
}

// validate refuses values that mean nothing.
func (s Settings) validate() error {
	switch {
	case s.RatePerSecond < 0 || s.RatePerSecond > 1e6:
		return errors.New("ratePerSecond must be 0 (no limit) to 1000000")
	case slices.ContainsFunc(s.Campaigns, func(id int64) bool { return id < 1 }):
		return errors.New("campaigns must be positive ids")
	case s.DefaultNumber != "" && !slices.Contains(s.ManagedNumbers, s.DefaultNumber):
		return errors.New("defaultNumber must be one of managedNumbers")
	case s.EndUserSeconds < 0 || s.JobSeconds <= 0 || s.LogoutBatch < 0:
		return errors.New("endUserSeconds and logoutBatch must be 0 or more, jobSeconds more than 0")
	}
	for name, url := range map[string]string{
		"webhook.url": s.Webhook.URL, "sessionEvents.callUrl": s.SessionEvents.CallURL, "sessionEvents.chatUrl": s.SessionEvents.ChatURL,
	} {
		if err := kit.CheckHookURL(name, url); err != nil {
			return err
		}
	}
	for id, m := range s.Menus {
		if !slices.Contains(menuTypes, m.Type) || !slices.Contains(menuStates, m.State) {
			return fmt.Errorf("menu %d: type must be one of %v, state one of %v", id, menuTypes, menuStates)
		}
	}
	return nil
}

// teamNames are the names of all teams, in the order of their ids.
func (s Settings) teamNames() []string {
	var names []string
	for _, id := range slices.Sorted(maps.Keys(s.Teams)) {
		names = append(names, s.Teams[id])
	}
	return names
}

// status finds an agent status by its name.
func (s Settings) status(name string) (AgentStatus, bool) {
	for _, one := range s.AgentStatuses {
		if strings.EqualFold(one.Name, name) {
			return one, true
		}
	}
	return AgentStatus{}, false
}

// offered refuses a language that the queues do not offer.
func (s Settings) offered(lang string) (string, error) {
	offered, known := s.Languages[lang]
	switch {
	case !known:
		return "", badRequest("Language '" + lang + "' is not found")
	case !offered:
		return "", badRequest("Language '" + lang + "' is not available")
	}
	return lang, nil
}

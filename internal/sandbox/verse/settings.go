package verse

import (
	"fmt"
	"slices"
	"strings"
)

// Settings are the vendor's switches, all off at first. They are durable.
type Settings struct {
	// Hold pauses the team: creating is refused for all accounts.
	Hold bool `json:"hold"`
	// IntakeClosed puts the team outside its intake window: creating is refused.
	IntakeClosed bool `json:"intakeClosed"`
	// Accounts holds the switches of single accounts by name.
	Accounts map[string]AccountSettings `json:"accounts"`
	// BadNumbers are phone numbers that are well formed but cannot be reached.
	BadNumbers []string `json:"badNumbers"`
	// LegacyConflict answers a duplicate with the older body, whose status is
	// an object and which carries the code 110.
	LegacyConflict bool `json:"legacyConflict"`
	// LegacyActionAnswer answers end, stop and opt-out as in 2020, with
	// statusCode and the lead as body.
	LegacyActionAnswer bool `json:"legacyActionAnswer"`
	// UnknownLead403 answers an action on an unknown conversation with 403
	// instead of 404; the documentation has both.
	UnknownLead403 bool `json:"unknownLead403"`
	// RepeatedActionOK answers an action on a conversation that has ended with
	// success instead of 404 (assumed; the documentation has neither).
	RepeatedActionOK bool `json:"repeatedActionOk"`
	// PrimaryOwnOnly lets the primary key act on its own account's leads only;
	// otherwise it acts on all of the team's (assumed: the documentation says
	// of it only that it speaks for the team where webhooks are concerned).
	PrimaryOwnOnly bool `json:"primaryOwnOnly"`
	// CustomerFields calls the custom fields of webhooks customerFields, as the
	// vendor's samples do; otherwise customFields, as its table does.
	CustomerFields bool `json:"customerFields"`
	// PrettyPhone writes phones in webhooks as (619) 555-0101 instead of E.164;
	// the vendor's samples have both.
	PrettyPhone bool `json:"prettyPhone"`
	// OldWebhooks leaves out the newer fields of webhooks, eventDate among them.
	OldWebhooks bool `json:"oldWebhooks"`
	// HookRetryMS are the waits in milliseconds between attempts to deliver a
	// webhook; without it they are 1, 5 and 25 seconds (assumed).
	HookRetryMS []int `json:"hookRetryMs"`
}

// AccountSettings are the switches of one account.
type AccountSettings struct {
	// Hold pauses this account.
	Hold bool `json:"hold"`
	// IntakeClosed puts this account outside its intake window.
	IntakeClosed bool `json:"intakeClosed"`
}

// onHold tells whether the account or its team is paused.
func (s Settings) onHold(account string) bool {
	return s.Hold || s.Accounts[account].Hold
}

// closed tells whether the account or its team takes no leads at this time.
func (s Settings) closed(account string) bool {
	return s.IntakeClosed || s.Accounts[account].IntakeClosed
}

// badNumber tells whether a normalised phone is on the bad-number list.
func (s Settings) badNumber(phone string) bool {
	return slices.ContainsFunc(s.BadNumbers, func(listed string) bool {
		normal, ok := normalisePhone(listed)
		return ok && normal == phone
	})
}

// checkAccounts refuses settings for accounts that do not exist, and bad
// numbers that could never match.
func checkAccounts(t *team) func(Settings) error {
	return func(s Settings) error {
		for name := range s.Accounts {
			if !t.has(name) {
				return fmt.Errorf("no account %q; there are: %s", name, strings.Join(t.names(), ", "))
			}
		}
		for i, number := range s.BadNumbers {
			if _, ok := normalisePhone(number); !ok {
				return fmt.Errorf("badNumbers[%d] is not a phone number of 10 to 15 digits", i)
			}
		}
		return nil
	}
}

package verse

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// kindMember is the kind of the accounts that joined by a control call.
const kindMember = "_member"

// Account is one account of the team and the key that selects it.
type Account struct {
	// Name is what the ledger and the settings call the account.
	Name string `json:"name"`
	// Key is the value of the X-API-KEY header.
	Key string `json:"key"`
	// Primary marks the team's one primary key; all others are members'. If
	// none is marked, the first account is primary.
	Primary bool `json:"primary,omitempty"`
	// UserID is the Verse user behind the account, which webhooks of a
	// team-wide subscription name; empty is a UUID made from the name.
	UserID string `json:"userId,omitempty"`
}

// team is the accounts by key. It grows, and never shrinks.
type team struct {
	mu    sync.RWMutex
	byKey map[string]Account
}

// newTeam checks the accounts and marks the primary one.
func newTeam(list []Account) (*team, error) {
	list = slices.Clone(list)
	if !slices.ContainsFunc(list, func(a Account) bool { return a.Primary }) {
		list[0].Primary = true
	}
	t := &team{byKey: make(map[string]Account, len(list))}
	for i, a := range list {
		if err := t.join(a); err != nil {
			return nil, fmt.Errorf("verse account %d: %w", i, err)
		}
	}
	return t, nil
}

// join adds an account whose name and key are new to the team.
func (t *team) join(a Account) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a.Name == "" || a.Key == "" {
		return errors.New("an account needs a name and a key")
	}
	for _, other := range t.byKey {
		switch {
		case other.Name == a.Name:
			return fmt.Errorf("the name %q is used twice", a.Name)
		case other.Key == a.Key:
			return fmt.Errorf("%q and %q have the same key", other.Name, a.Name)
		case other.Primary && a.Primary:
			return fmt.Errorf("%q and %q are both primary", other.Name, a.Name)
		}
	}
	a.UserID = cmp.Or(a.UserID, uuid.NewSHA1(uuid.NameSpaceOID, []byte(a.Name)).String())
	t.byKey[a.Key] = a
	return nil
}

// of finds the account that a key selects.
func (t *team) of(key string) (Account, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	a, ok := t.byKey[key]
	return a, ok
}

// members are all accounts in the order of their names.
func (t *team) members() []Account {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.SortedFunc(maps.Values(t.byKey), func(a, b Account) int { return cmp.Compare(a.Name, b.Name) })
}

// names are the names of all accounts, ordered.
func (t *team) names() []string {
	var names []string
	for _, a := range t.members() {
		names = append(names, a.Name)
	}
	return names
}

// has tells whether an account has that name.
func (t *team) has(name string) bool { return slices.Contains(t.names(), name) }

// load lets the accounts join again that an earlier run was told of.
func (t *team) load(ledger *kit.Ledger) error {
	return ledger.View(func(tx *kit.Tx) error {
		return tx.Each(kindMember, func(_ string, raw json.RawMessage) error {
			var a Account
			if err := json.Unmarshal(raw, &a); err != nil {
				return err
			}
			if t.has(a.Name) {
				return nil // by now the configuration names it itself
			}
			return t.join(a)
		})
	})
}

// teamRoutes are the control routes about accounts.
func (e *Emulator) teamRoutes() []kit.Route {
	return []kit.Route{
		{
			Method: http.MethodGet, Path: "/accounts", Handle: e.getAccounts,
			Doc: `The team: its accounts with their keys, the primary one marked.`,
		},
		{
			Method: http.MethodPost, Path: "/accounts", Handle: e.postAccount,
			Doc: `A member joins the team: {"name":"west","key":"…"}, "userId" is optional.`,
		},
		{
			Method: http.MethodPost, Path: "/bulkEnd", Handle: e.postBulkEnd,
			Doc: `Ends all active conversations as unqualified, as the portal does, without a webhook: {} for the team, {"account":"west"} for one.`,
		},
	}
}

func (e *Emulator) getAccounts(r *http.Request, _ []byte) (any, error) {
	_, err := kit.Query(r)
	return map[string]any{"accounts": e.team.members()}, err
}

func (e *Emulator) postAccount(r *http.Request, body []byte) (any, error) {
	var a Account
	if _, err := kit.Query(r); err != nil {
		return nil, err
	}
	if err := kit.DecodeStrict(body, &a); err != nil {
		return nil, err
	}
	if err := e.team.join(a); err != nil {
		return nil, err
	}
	return a, e.ledger.Update(func(tx *kit.Tx) error { return tx.Put(kindMember, a.Name, a) })
}

// postBulkEnd ends the conversations of a team or an account.
func (e *Emulator) postBulkEnd(r *http.Request, body []byte) (any, error) {
	var in struct {
		Account string `json:"account"`
	}
	if _, err := kit.Query(r); err != nil {
		return nil, err
	}
	if err := kit.DecodeStrict(body, &in); err != nil {
		return nil, err
	}
	if in.Account != "" && !e.team.has(in.Account) {
		return nil, fmt.Errorf("no account %q; there are: %s", in.Account, strings.Join(e.team.names(), ", "))
	}
	ended := 0
	err := e.ledger.Update(func(tx *kit.Tx) error {
		var leads []Lead
		err := tx.Each(KindLead, func(_ string, raw json.RawMessage) error {
			var l Lead
			if err := json.Unmarshal(raw, &l); err != nil {
				return err
			}
			if l.State == StateActive && (in.Account == "" || in.Account == l.Account) {
				leads = append(leads, l)
			}
			return nil
		})
		if err != nil {
			return err
		}
		now := e.now().UTC()
		for _, l := range leads {
			l.State, l.EndedBy, l.EndedTime = StateUnqualified, endedInBulk, &now
			if err := putLead(tx, &l); err != nil {
				return err
			}
		}
		ended = len(leads)
		return nil
	})
	return map[string]int{"ended": ended}, err
}

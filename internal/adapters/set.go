package adapters

import (
	"slices"
	"strings"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Line is the way out to one account: its rate slots, its breaker, and how it is. The transport implements it; accounts that
// share a vendor's limit share the slots.
type Line interface {
	// TryTake takes a rate slot if one is free now and the line is up. Only the delivery calls it, once for every attempt;
	// further requests of the attempt wait for slots of their own.
	TryTake() bool
	// NextTry is the earliest moment at which TryTake can succeed; the zero time when the line is stopped.
	NextTry() time.Time
	// Stop lets nothing out until Resume, because of reason.
	Stop(reason leadmuxv1.ErrorReason)
	// Resume ends Stop and closes the breaker.
	Resume()
	// Health is how the account is. Queue figures are left empty.
	Health() *leadmuxv1.AccountHealth
}

// Account is a configured account with its adapter and its line.
type Account struct {
	Name    string
	Tenant  string
	Vendor  string
	Default bool   // leads go here when the caller names no accounts
	Limit   string // accounts with the same one share a rate limit at the vendor; empty for one of its own
	Adapter Adapter
	Line    Line
}

// Set is all configured accounts. It does not change after New.
type Set struct {
	accounts []*Account // ordered by name
	byName   map[string]*Account
}

// NewSet makes a set. Names must be unique; the configuration has checked that.
func NewSet(accounts []*Account) *Set {
	s := &Set{accounts: slices.Clone(accounts), byName: make(map[string]*Account, len(accounts))}
	slices.SortFunc(s.accounts, func(a, b *Account) int { return strings.Compare(a.Name, b.Name) })
	for _, a := range accounts {
		s.byName[a.Name] = a
	}
	return s
}

// Get returns a tenant's account by name. Another tenant's account is not there.
func (s *Set) Get(tenant, name string) (*Account, bool) {
	a, ok := s.byName[name]
	if !ok || a.Tenant != tenant {
		return nil, false
	}
	return a, true
}

// Of returns a tenant's accounts, ordered by name.
func (s *Set) Of(tenant string) []*Account {
	var of []*Account
	for _, a := range s.accounts {
		if a.Tenant == tenant {
			of = append(of, a)
		}
	}
	return of
}

// All returns every account, ordered by name.
func (s *Set) All() []*Account { return slices.Clone(s.accounts) }

package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// nameForm is what accounts and tenants may be called; names stand in URLs.
var nameForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

const nameRule = "must be 1 to 40 characters of a-z, 0-9 and -"

// checker collects what is wrong with a configuration.
type checker struct {
	c        *Config
	problems Problems
}

func (k *checker) bad(key, format string, args ...any) {
	at := k.c.src.nearest(key)
	k.problems = append(k.problems, Problem{Source: at.source, Line: at.line, Key: key, Text: fmt.Sprintf(format, args...)})
}

// problems is everything that is wrong, unsorted.
func (c *Config) problems() Problems {
	k := &checker{c: c}
	k.listeners()
	k.tls()
	k.secretKey()
	k.service()
	k.times()
	k.webhooksOut()
	k.accounts()
	k.defaultAccounts()
	k.apiKeys()
	return k.problems
}

// service checks the plain values at the top.
func (k *checker) service() {
	c := k.c
	if c.DataDir == "" {
		k.bad("data_dir", "must name a folder")
	}
	if c.PublicURL != "" {
		if err := checkURL(c.PublicURL); err != nil {
			k.bad("public_url", "%s", err)
		}
	}
	if !phonenumbers.GetSupportedRegions()[c.DefaultRegion] {
		k.bad("default_region", "must be a country's two capital letters (ISO 3166), such as US or GB, not %q", c.DefaultRegion)
	}
	k.oneOf("duplicates", c.Duplicates, DuplicatePolicies)
	for _, tenant := range slices.Sorted(maps.Keys(c.DuplicatesByTenant)) {
		key := "duplicates_by_tenant." + tenant
		k.oneOf(key, c.DuplicatesByTenant[tenant], DuplicatePolicies)
		if !slices.ContainsFunc(c.Accounts, func(a Account) bool { return a.Tenant == tenant }) {
			k.bad(key, "no account belongs to tenant %q", tenant)
		}
	}
	k.oneOf("opt_out.scope", c.OptOut.Scope, OptOutScopes)
	k.oneOf("log_format", c.LogFormat, LogFormats)
	if len(c.OptOut.Keywords) == 0 {
		k.bad("opt_out.keywords", "must name at least one word; without, no message would count as an opt-out")
	}
	seen := map[string]bool{}
	for i, word := range c.OptOut.Keywords {
		folded := strings.ToUpper(strings.TrimSpace(word))
		if folded == "" || len(folded) > 40 {
			k.bad(item("opt_out.keywords", i), "must have 1 to 40 characters")
		} else if seen[folded] {
			k.bad(item("opt_out.keywords", i), "%q is named twice", word)
		}
		seen[folded] = true
	}
}

// times checks the durations.
func (k *checker) times() {
	d, r := k.c.Delivery, k.c.Retention
	positive := true
	for _, t := range []struct {
		key   string
		value time.Duration
	}{
		{"delivery.retry_min", d.RetryMin}, {"delivery.retry_max", d.RetryMax}, {"delivery.give_up_after", d.GiveUpAfter},
		{"retention.events", r.Events}, {"retention.raw", r.Raw}, {"retention.request_ids", r.RequestIDs},
	} {
		if t.value <= 0 {
			k.bad(t.key, "must be longer than zero")
			positive = false
		}
	}
	if positive && d.RetryMax < d.RetryMin {
		k.bad("delivery.retry_max", "must not be shorter than retry_min (%s), it is %s", d.RetryMin, d.RetryMax)
	}
	if positive && d.GiveUpAfter < d.RetryMax {
		k.bad("delivery.give_up_after", "must not be shorter than retry_max (%s), it is %s", d.RetryMax, d.GiveUpAfter)
	}
}

// secretKey checks a configured secret key; the one in the data folder is looked at when it is used.
func (k *checker) secretKey() {
	if s := k.c.SecretKey; s.Given() && s.value != nil {
		if _, err := s.key(); err != nil {
			k.bad("secret_key", "%s", err)
		}
	}
}

// defaultAccounts checks the accounts that leads go to.
func (k *checker) defaultAccounts() {
	for i, name := range k.c.DefaultAccounts {
		key := item("default_accounts", i)
		if slices.Contains(k.c.DefaultAccounts[:i], name) {
			k.bad(key, "%q is named twice", name)
		}
		k.knownAccount(key, name)
	}
}

// knownAccount reports a name that no account has, and returns the account otherwise.
func (k *checker) knownAccount(key, name string) *Account {
	i := slices.IndexFunc(k.c.Accounts, func(a Account) bool { return a.Name == name })
	if i < 0 {
		k.bad(key, "there is no account %q; there are: %s", name, orNone(k.accountNames()))
		return nil
	}
	return &k.c.Accounts[i]
}

func (k *checker) accountNames() []string {
	var names []string
	for _, a := range k.c.Accounts {
		if a.Name != "" {
			names = append(names, a.Name)
		}
	}
	return names
}

// oneOf reports a word that is not among words.
func (k *checker) oneOf(key, word string, words []string) {
	if !slices.Contains(words, word) {
		k.bad(key, "must be one of %s, not %q", strings.Join(words, ", "), word)
	}
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

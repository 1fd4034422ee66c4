package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// maxAccounts bounds the accounts, maxRate what may be asked of a vendor in a second.
const (
	maxAccounts = 1000
	maxRate     = 1000
)

var (
	routeName  = regexp.MustCompile(`^[A-Z][A-Za-z0-9_.]{0,79}$`)
	routeForm  = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE) /[^\s?#]*$`)
	customerID = regexp.MustCompile(`^[0-9a-fA-F]{24}$`)
	fieldName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)
)

// accounts checks every account and what they must agree on.
func (k *checker) accounts() {
	if len(k.c.Accounts) > maxAccounts {
		k.bad("accounts", "there are %d; at most %d", len(k.c.Accounts), maxAccounts)
	}
	first := map[string]int{}
	shared := map[string]int{} // by subdomain
	for i := range k.c.Accounts {
		a, key := &k.c.Accounts[i], item("accounts", i)
		if !nameForm.MatchString(a.Name) {
			k.bad(key+".name", "%s", nameRule)
		} else if before, twice := first[a.Name]; twice {
			k.bad(key+".name", "%q is the name of %s already", a.Name, item("accounts", before))
		} else {
			first[a.Name] = i
		}
		k.account(key, a)
		if a.Vendor != UJET || a.Subdomain == "" {
			continue
		}
		subdomain := strings.ToLower(a.Subdomain)
		before, ok := shared[subdomain]
		if !ok {
			shared[subdomain] = i
		} else if other := k.c.Accounts[before]; other.RatePerSecond != a.RatePerSecond {
			k.bad(key+".rate_per_second", "the limit is the subdomain's, and account %q on it has %v, this one %v",
				other.Name, other.RatePerSecond, a.RatePerSecond)
		}
	}
}

// account checks one account.
func (k *checker) account(key string, a *Account) {
	if a.Vendor == "" {
		k.bad(key+".vendor", "is required: one of %s", strings.Join(Vendors, ", "))
	} else {
		k.oneOf(key+".vendor", a.Vendor, Vendors)
	}
	if !nameForm.MatchString(a.Tenant) {
		k.bad(key+".tenant", "%s", nameRule)
	}
	if a.RatePerSecond <= 0 || !(a.RatePerSecond <= maxRate) {
		k.bad(key+".rate_per_second", "must be more than 0 and at most %d", maxRate)
	}
	_, given := k.c.src.exact(key + ".poll")
	_, every := k.c.src.exact(key + ".poll.every")
	if given && !every || a.Poll.Every != 0 && a.Poll.Every < time.Second {
		k.bad(key+".poll.every", "must be at least 1s, or 0s for no polling")
	}
	k.routes(key+".routes", a.Routes)
	switch a.Vendor {
	case Verse:
		k.verse(key, a)
	case UJET:
		k.ujet(key, a)
	case Conversica:
		k.conversica(key, a)
	case Convertalk:
		k.convertalk(key, a)
	default:
		return
	}
	k.baseURL(key, a)
	if a.Webhook != nil {
		k.webhook(key+".webhook", a.Vendor, a.Webhook)
	}
}

func (k *checker) routes(key string, routes map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(routes)) {
		if !routeName.MatchString(name) {
			k.bad(key+"."+name, "is no RPC's name, such as CreateLead")
		}
		if route := routes[name]; !routeForm.MatchString(route) {
			k.bad(key+"."+name, "must be a method and a path, such as \"POST /contact_lists\", not %q", route)
		}
	}
}

// ownPaths are what the adapters append themselves and people tend to leave in base_url.
var ownPaths = map[string]string{Conversica: "/json", Convertalk: "/inbox"}

func (k *checker) baseURL(key string, a *Account) {
	if a.BaseURL == "" {
		return // UJET, which has said what is missing
	}
	if err := checkURL(a.BaseURL); err != nil {
		k.bad(key+".base_url", "%s", err)
	} else if own := ownPaths[a.Vendor]; own != "" && strings.HasSuffix(a.BaseURL, own) {
		k.bad(key+".base_url", "must be without %s, which is added to it", own)
	}
}

// required reports a key without which the vendor cannot be used.
func (k *checker) required(key, vendor string, given bool) {
	if !given {
		k.bad(key, "is required for a %s account", vendor)
	}
}

func (k *checker) verse(key string, a *Account) {
	k.required(key+".api_key", a.Vendor, a.APIKey.Given())
	if !fieldName.MatchString(a.PhoneField) {
		k.bad(key+".phone_field", "must be a field's name, such as phoneNumber")
	}
	if slices.Contains(a.UnqualifiedOptOutReasons, "") {
		k.bad(key+".unqualified_opt_out_reasons", "must not hold an empty text")
	}
}

func (k *checker) ujet(key string, a *Account) {
	k.required(key+".subdomain", a.Vendor, a.Subdomain != "")
	k.required(key+".token", a.Vendor, a.Token.Given())
	if a.Subdomain != "" && !hostForm.MatchString(a.Subdomain) {
		k.bad(key+".subdomain", "must be a name as in https://NAME.domain, without the rest")
	}
	if a.Domain != "" && !hostForm.MatchString(a.Domain) {
		k.bad(key+".domain", "must be the host name without the subdomain, such as ujet.example.com")
	}
	if a.Domain == "" && a.BaseURL == "" {
		k.bad(key, "domain or base_url is required for a ujet account")
	}
	k.oneOf(key+".identifier", a.Identifier, Identifiers)
	k.oneOf(key+".message_content", a.MessageContent, ContentForms)
}

func (k *checker) conversica(key string, a *Account) {
	k.required(key+".username", a.Vendor, a.Username != "")
	k.required(key+".password", a.Vendor, a.Password.Given())
	if strings.Contains(a.Username, ":") {
		k.bad(key+".username", "must not hold a colon: Basic authentication ends the user name there")
	}
}

func (k *checker) convertalk(key string, a *Account) {
	k.required(key+".token", a.Vendor, a.Token.Given())
	k.required(key+".bot_id", a.Vendor, a.BotID != "")
	k.required(key+".customer_id", a.Vendor, a.CustomerID != "")
	if a.CustomerID != "" && !customerID.MatchString(a.CustomerID) {
		k.bad(key+".customer_id", "must be 24 hex digits")
	}
	k.oneOf(key+".array_fields", a.ArrayFields, ArrayForms)
	k.oneOf(key+".array_mode", a.ArrayMode, ArrayModes)
}

package config

import (
	"log/slog"
	"math"
	"strings"
	"time"
)

// DefaultTenant is the tenant where none is configured.
const DefaultTenant = "default"

// sandboxDataDir is where a sandbox keeps its things when nobody says: beside where it was started, so that the next start
// finds the same vendors.
const sandboxDataDir = "leadmux-data"

// The words a key may have. The first of each is its default.
var (
	// Vendors are the vendors there are adapters for.
	Vendors = []string{Verse, UJET, Conversica, Convertalk}
	// DuplicatePolicies are the values of duplicates.
	DuplicatePolicies = []string{"REJECT", "RETURN_EXISTING", "ALLOW"}
	// OptOutScopes are the values of opt_out.scope: everything, or one channel.
	OptOutScopes = []string{"all", "sms", "email", "call"}
	// Identifiers are the values of an account's identifier.
	Identifiers = []string{"lead_id", "external_id"}
	// ContentForms are the values of an account's message_content.
	ContentForms = []string{"text", "object"}
	// ArrayForms are the values of an account's array_fields.
	ArrayForms = []string{"array", "string"}
	// ArrayModes are the values of an account's array_mode.
	ArrayModes = []string{"union", "replace"}
	// LogFormats are the values of --log-format.
	LogFormats = []string{"json", "text"}
	// KnownScopes are the scopes an API key can have, beside "*".
	KnownScopes = []string{"leads.read", "leads.write", "accounts.read", "accounts.write", "operations.read", "operations.write",
		"suppressions.read", "suppressions.write", "subscriptions.read", "subscriptions.write", "events.read", "events.write", "contactcentre.read", "contactcentre.write",
		"calls.read", "calls.write", "chats.read", "chats.write", "passthrough"}
)

// defaults is the configuration that an empty file gives.
func defaults() *Config {
	return &Config{
		DataDir:       "/var/lib/leadmux",
		HTTPAddr:      "127.0.0.1:8080",
		GRPCAddr:      "127.0.0.1:8081",
		AdminAddr:     "127.0.0.1:9091",
		DefaultRegion: "US",
		Duplicates:    DuplicatePolicies[0],
		OptOut: OptOut{
			Scope:    OptOutScopes[0],
			Keywords: []string{"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"},
		},
		Delivery:  Delivery{RetryMin: time.Second, RetryMax: 15 * time.Minute, GiveUpAfter: 72 * time.Hour},
		Retention: Retention{Events: 2160 * time.Hour, Raw: 720 * time.Hour, RequestIDs: 720 * time.Hour},
		LogLevel:  slog.LevelInfo,
		LogFormat: LogFormats[0],
	}
}

// baseURLs are where the vendors' documents say their APIs are. Convertalk's document prints its host garbled; the value is
// assumed from it.
var baseURLs = map[string]string{
	Verse:      "https://api.verse.io/v1",
	Conversica: "https://integrations-api.conversica.com",
	Convertalk: "https://api.v7.convertalk.com",
}

// DefaultAccount is an account of a vendor with everything that has a default.
func DefaultAccount(vendor string) Account {
	a := Account{Vendor: vendor, Tenant: DefaultTenant, BaseURL: baseURLs[vendor], RatePerSecond: 5}
	switch vendor {
	case Verse:
		a.PhoneField = "phoneNumber"
	case UJET:
		a.RatePerSecond = 1
		a.Identifier, a.MessageContent = Identifiers[0], ContentForms[0]
		a.Poll.Every = 10 * time.Second
	case Convertalk:
		a.Poll.Every = 30 * time.Second
		a.ArrayFields, a.ArrayMode = ArrayForms[0], ArrayModes[0]
	}
	return a
}

// defaultKey is an API key with everything that has a default but Burst, which follows from the rate.
func defaultKey() APIKey { return APIKey{Tenant: DefaultTenant, RatePerSecond: 100} }

// complete fills in what follows from other keys, and brings to one form what has several.
func (c *Config) complete() {
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	for i := range c.Accounts {
		a := &c.Accounts[i]
		a.BaseURL = strings.TrimRight(a.BaseURL, "/")
		if a.Vendor == UJET && a.BaseURL == "" && a.Subdomain != "" && a.Domain != "" {
			a.BaseURL = "https://" + a.Subdomain + "." + a.Domain + "/apps/api/v1"
		}
	}
	for i := range c.APIKeys {
		k := &c.APIKeys[i]
		k.SHA256 = strings.ToLower(k.SHA256)
		if _, given := c.src.exact(item("api_keys", i) + ".burst"); !given && k.Burst == 0 && validRate(k.RatePerSecond) {
			k.Burst = int(math.Ceil(k.RatePerSecond))
		}
	}
}

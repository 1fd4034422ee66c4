// Package config reads the configuration: a strict YAML file, then LEADMUX_… environment variables over it, then the
// command line's flags over both. It checks everything before anything is started and reports every problem at once, each
// in one line with its place.
//
// Invariants: a Config that Load, Sandbox or Override returned without error is complete (defaults filled in, secrets
// resolved) and safe to start with. A secret never shows in any text this package makes. The command and the wiring use
// this package; nothing below them does, they get plain values.
package config

import (
	"log/slog"
	"time"
)

// Config is the whole configuration. Keys are those of the YAML file; what has no key comes from flags or environment only.
type Config struct {
	// DataDir is the folder of everything durable. It is created when missing.
	DataDir string `yaml:"data_dir"`
	// HTTPAddr is host:port of REST, webhooks and health.
	HTTPAddr string `yaml:"http_addr"`
	// GRPCAddr is host:port of gRPC.
	GRPCAddr string `yaml:"grpc_addr"`
	// AdminAddr is host:port of metrics, profiles and sandbox control; it knows no API keys.
	AdminAddr string `yaml:"admin_addr"`
	// PublicURL is where vendors reach HTTPAddr: what their webhooks' paths are appended to. Empty when nobody says.
	PublicURL string `yaml:"public_url"`
	// AllowPlaintext lets listeners beyond loopback work without TLS, for a proxy in front that does it.
	AllowPlaintext bool `yaml:"allow_plaintext"`
	// TLS is the certificate of HTTPAddr and GRPCAddr; nil for plaintext.
	TLS *TLS `yaml:"tls"`
	// SecretKey is the service's one secret; see the function SecretKey.
	SecretKey Secret `yaml:"secret_key"`
	// DefaultRegion is the ISO 3166 alpha-2 country that phone numbers without a country code belong to.
	DefaultRegion string `yaml:"default_region"`
	// Duplicates is what to do with a person known already where the caller does not say: one of DuplicatePolicies.
	Duplicates string `yaml:"duplicates"`
	// DuplicatesByTenant is Duplicates for single tenants, by their names.
	DuplicatesByTenant map[string]string `yaml:"duplicates_by_tenant"`
	// OptOut is how opt-outs are recognised and how far they reach.
	OptOut OptOut `yaml:"opt_out"`
	// Delivery is how long and how often vendors are tried.
	Delivery Delivery `yaml:"delivery"`
	// WebhooksOut is which endpoints subscriptions may have.
	WebhooksOut WebhooksOut `yaml:"webhooks_out"`
	// Retention is how long things are kept.
	Retention Retention `yaml:"retention"`
	// Accounts are the vendor accounts, at most 1000.
	Accounts []Account `yaml:"accounts"`
	// DefaultAccounts are the accounts a lead goes to when the caller names none; a tenant uses those of its own.
	DefaultAccounts []string `yaml:"default_accounts"`
	// APIKeys are the callers. Changes take effect without a restart.
	APIKeys []APIKey `yaml:"api_keys"`

	// Sandbox says that the emulators run in place of vendors and no API key is asked for.
	Sandbox bool `yaml:"-"`
	// LogLevel is the lowest level that is logged.
	LogLevel slog.Level `yaml:"-"`
	// LogFormat is "json" or "text".
	LogFormat string `yaml:"-"`

	src source
}

// TLS names PEM files.
type TLS struct {
	// Cert is the certificate chain, leaf first.
	Cert string `yaml:"cert"`
	// Key is its private key.
	Key string `yaml:"key"`
	// ClientCA, when set, is the authorities one of which must have signed every client's certificate.
	ClientCA string `yaml:"client_ca"`
}

// OptOut is how a person's wish not to be contacted is taken.
type OptOut struct {
	// Scope is what an opt-out blocks where its source does not say: one of OptOutScopes.
	Scope string `yaml:"scope"`
	// Keywords are messages that are an opt-out when they are the whole message; case does not matter.
	Keywords []string `yaml:"keywords"`
}

// Delivery is how writes to vendors are retried. RetryMin ≤ RetryMax ≤ GiveUpAfter.
type Delivery struct {
	// RetryMin is the first pause between two attempts.
	RetryMin time.Duration `yaml:"retry_min"`
	// RetryMax is the longest pause.
	RetryMax time.Duration `yaml:"retry_max"`
	// GiveUpAfter is when an operation that never got through becomes a failure.
	GiveUpAfter time.Duration `yaml:"give_up_after"`
}

// WebhooksOut is which endpoints the subscriptions of callers may have, and how they are reached.
type WebhooksOut struct {
	// AllowLoopback allows endpoints on this machine, with http and on any port. In the sandbox it is always so.
	AllowLoopback bool `yaml:"allow_loopback"`
	// Ports are those that public endpoints may have beside 443.
	Ports []int `yaml:"ports"`
	// Proxy is an http or https proxy that every public endpoint is called through; empty for none.
	Proxy string `yaml:"proxy"`
}

// Retention is how long records are kept that are no longer needed for work.
type Retention struct {
	// Events is for the event log.
	Events time.Duration `yaml:"events"`
	// Raw is for vendors' payloads as they came.
	Raw time.Duration `yaml:"raw"`
	// RequestIDs is for request_id claims: how long a repeat is recognised.
	RequestIDs time.Duration `yaml:"request_ids"`
}

// APIKey is a caller.
type APIKey struct {
	// Name is the caller in logs; unique.
	Name string `yaml:"name"`
	// SHA256 is the key's SHA-256 in lower-case hex; the key itself is nowhere.
	SHA256 string `yaml:"sha256"`
	// Tenant is whose data the caller sees.
	Tenant string `yaml:"tenant"`
	// Scopes are what the caller may do: of KnownScopes, or "*" for all.
	Scopes []string `yaml:"scopes"`
	// Accounts, when not empty, are the only accounts the caller may use.
	Accounts []string `yaml:"accounts"`
	// RatePerSecond is the caller's quota of calls.
	RatePerSecond float64 `yaml:"rate_per_second"`
	// Burst is how many calls may come at once; the quota of one second where it is not given.
	Burst int `yaml:"burst"`
}

package harness

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/conversica"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

// Options say how one environment differs from the usual one. The zero value is the usual one.
type Options struct {
	// RetryMin and RetryMax are the delivery's; zero means 50 ms and 500 ms.
	RetryMin, RetryMax time.Duration
	// UJETPerSecond is the rate we keep and the vendor enforces; zero means that neither limits.
	UJETPerSecond float64
	// UJET are further keys of the account ujet, as they stand in its line of the configuration.
	UJET string
	// LogLevel is the service's; empty means debug, so that what must not be logged would be.
	LogLevel string
	// GiveUpAfter is the delivery's; zero means an hour.
	GiveUpAfter time.Duration
	// NoPublicURL leaves public_url out of the configuration; else it is the service's own address.
	NoPublicURL bool
	// Poll is how often Convertalk is asked for news and UJET for what is followed; zero means never, so that a test sees the requests that
	// it causes and no others.
	Poll time.Duration
	// TLS makes the service speak TLS on its public listeners; nil for plain text.
	TLS *TLS
	// Sandbox runs the service with --sandbox, its own emulators and no configuration file.
	Sandbox bool
}

// TLS are the files of the service's side, and what the harness needs for its own.
type TLS struct {
	// Cert, Key and ClientCA are as in the configuration; ClientCA may be empty.
	Cert, Key, ClientCA string
	// Client is the callers' side.
	Client *tls.Config
}

// Names of the API keys of an environment. Each is a key of its own kind.
const (
	KeyFull     = "full"     // every scope of tenant default
	KeyReader   = "reader"   // leads.read only
	KeyAccounts = "accounts" // accounts.read only
	KeyOne      = "one"      // every scope, but only the account verse
	KeyOther    = "other"    // every scope of tenant other
	KeySlow     = "slow"     // every scope, one call and then one every 100 s
	KeyNone     = "none"     // no key is sent
	KeyWrong    = "wrong"    // a key that the service does not know
)

// credentials are everything secret of an environment.
type credentials struct {
	keys    map[string]string // API keys by name
	vendors map[string]string // the vendors' secrets by vendor
}

func newCredentials() *credentials {
	c := &credentials{keys: map[string]string{}, vendors: map[string]string{
		Verse: verse.DefaultKey, UJET: ujet.DefaultToken, Conversica: conversica.DefaultPassword, Convertalk: convertalk.DefaultToken,
	}}
	for _, name := range []string{KeyFull, KeyReader, KeyAccounts, KeyOne, KeyOther, KeySlow, KeyWrong} {
		c.keys[name] = "lmk-" + name + "-" + rand.Text()
	}
	return c
}

// keyLine is one entry of api_keys.
func (c *credentials) keyLine(name string) string {
	tenant, rest := "default", `scopes: ["*"], rate_per_second: 100000, burst: 100000`
	switch name {
	case KeyReader:
		rest = `scopes: [leads.read], rate_per_second: 100000, burst: 100000`
	case KeyAccounts:
		rest = `scopes: [accounts.read], rate_per_second: 100000, burst: 100000`
	case KeyOne:
		rest += ", accounts: [verse]"
	case KeyOther:
		tenant = "other"
	case KeySlow:
		rest = `scopes: ["*"], rate_per_second: 0.01, burst: 1`
	}
	sum := sha256.Sum256([]byte(c.keys[name]))
	return fmt.Sprintf("  - {name: %s, sha256: %s, tenant: %s, %s}", name, hex.EncodeToString(sum[:]), tenant, rest)
}

// writeConfig writes the configuration file and, beside it, the vendors' secrets that are files. It returns the file's path and
// the variables that hold the other secrets.
func (e *Env) writeConfig(tb testing.TB) (path string, env []string) {
	tb.Helper()
	must(tb, os.MkdirAll(e.dir, 0o700))
	secretFile := func(vendor string) string {
		file := filepath.Join(e.dir, vendor+".secret")
		must(tb, os.WriteFile(file, []byte(e.credentials.vendors[vendor]+"\n"), 0o600))
		return file
	}
	o, s := e.options, e.Server
	lines := []string{
		fmt.Sprintf("data_dir: %q", s.DataDir),
		fmt.Sprintf("http_addr: %q\ngrpc_addr: %q\nadmin_addr: %q", s.HTTP, s.GRPC, s.Admin),
		fmt.Sprintf("delivery: {retry_min: %s, retry_max: %s, give_up_after: %s}", cmp.Or(o.RetryMin, 50*time.Millisecond),
			cmp.Or(o.RetryMax, 500*time.Millisecond), cmp.Or(o.GiveUpAfter, time.Hour)),
	}
	if !o.NoPublicURL {
		lines = append(lines, fmt.Sprintf("public_url: http://%s", s.HTTP))
	}
	if o.TLS != nil {
		lines = append(lines, fmt.Sprintf("tls: {cert: %q, key: %q, client_ca: %q}", o.TLS.Cert, o.TLS.Key, o.TLS.ClientCA))
	}
	lines = append(lines, "webhooks_out: {allow_loopback: true}", "accounts:")
	var defaults []string
	for _, account := range []struct{ name, vendor, rest string }{
		{Verse, Verse, "rate_per_second: 1000, api_key: {env: E2E_VERSE_KEY}, webhook: {path_token: {env: E2E_VERSE_HOOK}, bearer: {env: E2E_VERSE_BEARER}}"},
		{UJET, UJET, fmt.Sprintf("rate_per_second: %v, subdomain: %s, token: {file: %q}, poll: {every: %s}, %s", cmp.Or(o.UJETPerSecond, 1000),
			ujet.DefaultSubdomain, secretFile(UJET), o.Poll, o.UJET)},
		{Conversica, Conversica, fmt.Sprintf("rate_per_second: 1000, username: %s, password: {file: %q}, client_id: tenant-88, "+
			"conversation_id: spring-open-day, rep_name: Ada Byron, lead_source: Web", conversica.DefaultUsername, secretFile(Conversica))},
		{Convertalk, Convertalk, fmt.Sprintf("rate_per_second: 1000, token: {env: E2E_CONVERTALK_TOKEN}, bot_id: %s, customer_id: %s, "+
			"poll: {every: %s}, webhook: {path_token: {env: E2E_CONVERTALK_HOOK}}", convertalk.DefaultBotID, convertalk.DefaultCustomerID, o.Poll)},
		{"other-verse", Verse, "tenant: other, rate_per_second: 1000, api_key: {env: E2E_OTHER_VERSE_KEY}"},
	} {
		if account.name == e.without {
			continue
		}
		lines = append(lines, fmt.Sprintf("  - {name: %s, vendor: %s, base_url: %q, %s}", account.name, account.vendor, e.Vendors.Get(account.vendor).BaseURL, account.rest))
		if account.name == account.vendor {
			defaults = append(defaults, account.name)
		}
	}
	lines = append(lines, "default_accounts: ["+strings.Join(defaults, ", ")+"]", "api_keys:")
	for _, name := range []string{KeyFull, KeyReader, KeyAccounts, KeyOne, KeyOther, KeySlow} {
		if name == KeyOne && e.without == Verse || name == e.revoked {
			continue
		}
		lines = append(lines, e.credentials.keyLine(name))
	}
	path = filepath.Join(e.dir, "leadmux.yaml")
	must(tb, os.WriteFile(path+".new", []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	must(tb, os.Rename(path+".new", path))
	return path, []string{
		"E2E_VERSE_KEY=" + e.credentials.vendors[Verse], "E2E_OTHER_VERSE_KEY=" + OtherVerseKey,
		"E2E_VERSE_HOOK=" + HookToken, "E2E_VERSE_BEARER=" + HookBearer,
		"E2E_CONVERTALK_HOOK=" + HookToken,
		"E2E_CONVERTALK_TOKEN=" + e.credentials.vendors[Convertalk],
	}
}

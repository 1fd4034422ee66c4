package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/config"
)

// key is the least a configuration needs.
const key = "api_keys: [{name: crm, sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae, scopes: [\"*\"]}]\n"

// environment looks names up in vars.
func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// write makes a configuration file.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "leadmux.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, text string, vars map[string]string, overrides ...config.Override) *config.Config {
	t.Helper()
	cfg, err := config.Load(write(t, text), environment(vars), overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestTheExampleIsCompleteAndLoads(t *testing.T) {
	const path = "../../leadmux.example.yaml"
	var asked []string
	cfg, err := config.Load(path, func(name string) (string, bool) {
		if strings.HasPrefix(name, "LEADMUX_") {
			return "", false
		}
		asked = append(asked, name)
		return "example-of-" + name, true
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Accounts) != len(config.Vendors) || len(asked) != 15 {
		t.Errorf("%d accounts, %d secrets: %v", len(cfg.Accounts), len(asked), asked)
	}
	if got := cfg.Accounts[1].BaseURL; got != "https://customer.ujet.example.com/apps/api/v1" {
		t.Errorf("UJET's base URL is %s", got)
	}
	if got := cfg.Accounts[0].Webhook.Bearer.Reveal(); got != "example-of-VERSE_HOOK_BEARER" {
		t.Errorf("a secret is %q", got)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range config.Keys() {
		name := k[strings.LastIndexAny(k, ".]")+1:]
		if !strings.Contains(string(raw), name+":") {
			t.Errorf("the example does not show %s", k)
		}
	}
}

func TestTheDocumentHasEveryKeyAndNoOther(t *testing.T) {
	raw, err := os.ReadFile("../../docs/CONFIGURATION.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for line := range strings.Lines(string(raw)) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		if k := strings.Trim(cell, "*"); strings.HasPrefix(line, "| ") && strings.HasPrefix(k, "`") {
			documented = append(documented, strings.Trim(k, "`"))
		}
	}
	want := slices.Sorted(slices.Values(config.Keys()))
	slices.Sort(documented)
	if !slices.Equal(documented, want) {
		t.Errorf("documented:\n%s\nthere are:\n%s", strings.Join(documented, "\n"), strings.Join(want, "\n"))
	}
	for _, word := range slices.Concat(config.KnownScopes, config.DuplicatePolicies, config.OptOutScopes, config.LogFormats) {
		if !strings.Contains(string(raw), word) {
			t.Errorf("%s is not documented", word)
		}
	}
}

func TestTheKnownScopesAreThoseOfTheTable(t *testing.T) {
	used := map[string]bool{}
	for _, scope := range auth.Scopes {
		used[scope] = true
		if !slices.Contains(config.KnownScopes, scope) {
			t.Errorf("no key can have %s", scope)
		}
	}
	for _, scope := range config.KnownScopes {
		if !used[scope] {
			t.Errorf("%s opens nothing", scope)
		}
	}
}

func TestDefaults(t *testing.T) {
	cfg := load(t, key+"accounts: [{name: a, vendor: ujet, subdomain: s, base_url: https://ujet.example.com/x/, token: {env: T}}]\n", map[string]string{"T": "t"})
	a, k := cfg.Accounts[0], cfg.APIKeys[0]
	for _, got := range []struct{ what, value, want string }{
		{"data_dir", cfg.DataDir, "/var/lib/leadmux"}, {"http_addr", cfg.HTTPAddr, "127.0.0.1:8080"},
		{"grpc_addr", cfg.GRPCAddr, "127.0.0.1:8081"}, {"admin_addr", cfg.AdminAddr, "127.0.0.1:9091"},
		{"duplicates", cfg.Duplicates, "REJECT"}, {"tenant", a.Tenant, "default"}, {"base_url", a.BaseURL, "https://ujet.example.com/x"},
		{"identifier", a.Identifier, "lead_id"}, {"tenant of a key", k.Tenant, "default"}, {"log format", cfg.LogFormat, "json"},
	} {
		if got.value != got.want {
			t.Errorf("%s is %q, want %q", got.what, got.value, got.want)
		}
	}
	if a.RatePerSecond != 1 || k.RatePerSecond != 100 || k.Burst != 100 || cfg.Delivery.RetryMax != 15*time.Minute || len(cfg.OptOut.Keywords) != 8 {
		t.Errorf("%+v", cfg)
	}
	half := load(t, strings.Replace(key, "}]", ", rate_per_second: 0.5}]", 1), nil).APIKeys[0]
	if half.Burst != 1 {
		t.Errorf("a burst of %d", half.Burst)
	}
}

func TestFlagsWinOverEnvironmentOverFile(t *testing.T) {
	vars := map[string]string{
		"LEADMUX_HTTP_ADDR": "127.0.0.1:2", "LEADMUX_GRPC_ADDR": "127.0.0.1:3", "LEADMUX_LOG_LEVEL": "debug",
		"LEADMUX_DELIVERY_GIVE_UP_AFTER": "24h", "LEADMUX_DATA_DIR": "", "LEADMUX_ALLOW_PLAINTEXT": "true",
	}
	cfg := load(t, key+"http_addr: 127.0.0.1:1\ngrpc_addr: 127.0.0.1:1\ndata_dir: here\nadmin_addr: 0.0.0.0:5\n", vars,
		config.Override{Key: "grpc_addr", Value: "127.0.0.1:4", Source: "--grpc-addr"})
	if cfg.HTTPAddr != "127.0.0.1:2" || cfg.GRPCAddr != "127.0.0.1:4" || cfg.DataDir != "here" || cfg.LogLevel.String() != "DEBUG" ||
		cfg.Delivery.GiveUpAfter != 24*time.Hour || !cfg.AllowPlaintext {
		t.Errorf("%+v", cfg)
	}
	box := config.Sandbox("")
	if err := box.Override(environment(map[string]string{"LEADMUX_DATA_DIR": "there"})); err != nil || box.DataDir != "there" {
		t.Errorf("%s, %v", box.DataDir, err)
	}
	if err := config.Sandbox("d").Validate(); err != nil {
		t.Errorf("a sandbox without accounts and keys: %v", err)
	}
}

func TestUnknownVariablesAreNamed(t *testing.T) {
	cfg := load(t, key+"accounts: [{name: a, vendor: verse, api_key: {env: LEADMUX_VERSE_KEY}}]\n", map[string]string{"LEADMUX_VERSE_KEY": "x"})
	got := cfg.UnknownEnv([]string{"LEADMUX_HTP_ADDR=1", "LEADMUX_HTTP_ADDR=1", "LEADMUX_VERSE_KEY=1", "LEADMUX_CONFIG=f", "HOME=/", "LEADMUX_A=1", "LEADMUX_TLS_KEY=k"})
	if !slices.Equal(got, []string{"LEADMUX_A", "LEADMUX_HTP_ADDR"}) {
		t.Errorf("%v", got)
	}
}

func TestRestartKeys(t *testing.T) {
	const account = "accounts: [{name: a, vendor: verse, api_key: {env: K}}]\n"
	before := load(t, key+account, map[string]string{"K": "one"})
	same := load(t, "# moved\n"+account+strings.ReplaceAll(key, "crm", "erp"), map[string]string{"K": "one"})
	if got := config.RestartKeys(before, same); len(got) != 0 {
		t.Errorf("%v", got)
	}
	after := load(t, key+account+"data_dir: x\n", map[string]string{"K": "two"})
	if got := config.RestartKeys(before, after); !slices.Equal(got, []string{"data_dir", "accounts"}) {
		t.Errorf("%v", got)
	}
}

package config_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/leadmux/leadmux/internal/config"
)

func TestP23ASecretNeverShows(t *testing.T) {
	const canary = "swordfish-0123456789-canary"
	cfg := load(t, key+`accounts:
  - {name: a, vendor: verse, api_key: {env: K}, webhook: {path_token: {env: K}, bearer: {env: K}}}
  - {name: b, vendor: ujet, subdomain: s, domain: example.com, token: {env: K}, webhook: {path_token: {env: K}, signing_secrets: [{env: K}]}}
`, map[string]string{"K": canary})
	if got := cfg.Accounts[1].Webhook.SigningSecrets[0].Reveal(); got != canary {
		t.Fatalf("the secret is %q", got)
	}
	secret := cfg.Accounts[0].APIKey
	var log bytes.Buffer
	for _, logger := range []*slog.Logger{slog.New(slog.NewJSONHandler(&log, nil)), slog.New(slog.NewTextHandler(&log, nil))} {
		logger.Info("x", slog.Any("secret", secret), slog.Any("config", cfg), slog.Any("account", cfg.Accounts[0]))
	}
	raw, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	hidden := struct{ inner any }{cfg.Accounts[0]}
	for _, text := range []string{
		log.String(), string(raw), secret.String(), fmt.Sprint(secret, &secret), fmt.Sprintf("%v %+v %#v %s %q %x", secret, secret, secret, secret, secret, secret),
		fmt.Sprintf("%+v", cfg), fmt.Sprintf("%#v", cfg), fmt.Sprintf("%+v %#v", hidden, hidden),
	} {
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("the secret shows in %s", text)
		}
	}
	if secret.String() != "[redacted]" || fmt.Sprintf("%#v", secret) != "[redacted]" || !strings.Contains(string(raw), `"[redacted]"`) {
		t.Errorf("%s", raw)
	}
}

func TestTheLineEndOfASecretFileIsCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("  with spaces \r\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := load(t, key+"accounts: [{name: a, vendor: verse, api_key: {file: "+path+"}}]\n", nil)
	if got := cfg.Accounts[0].APIKey.Reveal(); got != "  with spaces " {
		t.Errorf("%q", got)
	}
}

func TestTheSecretKeyIsMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	var all sync.WaitGroup
	keys := make([][]byte, 8)
	for i := range keys { // as if several processes started at once
		all.Go(func() {
			var err error
			if keys[i], err = config.SecretKey(config.Sandbox(dir)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, k := range keys {
		if len(k) != 32 || !bytes.Equal(k, keys[0]) {
			t.Fatalf("%d bytes; the same as the first: %v", len(k), bytes.Equal(k, keys[0]))
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	path := filepath.Join(dir, "secret.key")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := config.SecretKey(config.Sandbox(dir)); err == nil || !strings.Contains(err.Error(), "mode 0640") {
		t.Errorf("a key that the group can read: %v", err)
	}
}

func TestASecretKeyIsNeverMadeBesideAnIndex(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.db"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.SecretKey(config.Sandbox(dir)); err == nil || !strings.Contains(err.Error(), "put it back") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "secret.key")); err == nil {
		t.Error("a key was made")
	}
}

func TestFormsOfTheSecretKey(t *testing.T) {
	random := []byte("\x00\x91\x13\xfe\xa4\x55\x06\xb7\x88\xc9\xda\x3b\x6c\x7d\x1e\x2f\xf0\x41\x52\x63\x74\x85\x96\xa7\xb8\xe9\xcb\xdc\xed\xef\x11\x0a")
	for what, c := range map[string]struct {
		content []byte
		want    string // in the error; empty when it is fine
	}{
		"raw, ending in what looks like a line end": {random, ""},
		"base64":             {[]byte(base64.StdEncoding.EncodeToString(random) + "\n"), ""},
		"raw, one too short": {random[:31], "must hold base64 text"},
		"raw, one too long":  {append(bytes.Clone(random), 7), "must hold base64 text"},
		"32 letters typed":   {[]byte("this secret is a secret, my dear"), "must hold base64 text"},
		"16 bytes of base64": {[]byte(base64.StdEncoding.EncodeToString(random[:16])), "holds 16 bytes"},
		"all the same":       {[]byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))), "not random"},
	} {
		path := filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(path, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(write(t, key+"secret_key: {file: "+path+"}\n"), environment(nil))
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if got, err := config.SecretKey(cfg); err != nil || !bytes.Equal(got, random) {
			t.Errorf("%s: %x, %v", what, got, err)
		}
	}
}

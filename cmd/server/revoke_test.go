package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/config"
)

// within waits until ok, asking every 20 ms.
func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(limit)
	for !ok() {
		select {
		case <-deadline:
			t.Fatal(what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestP22AKeyIsRevokedWithinFiveSeconds runs the service with a real configuration file and changes the file.
func TestP22AKeyIsRevokedWithinFiveSeconds(t *testing.T) {
	dir := t.TempDir()
	path, addr := filepath.Join(dir, "leadmux.yaml"), unused(t)
	write := func(key string) {
		t.Helper()
		sum := sha256.Sum256([]byte(key))
		text := fmt.Sprintf("data_dir: %s\nhttp_addr: %s\ngrpc_addr: 127.0.0.1:0\nadmin_addr: 127.0.0.1:0\n"+
			"api_keys: [{name: crm, sha256: %s, scopes: [accounts.read]}]\n", filepath.Join(dir, "data"), addr, hex.EncodeToString(sum[:]))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old key")
	load := func() (*config.Config, error) {
		return config.Load(path, func(string) (string, bool) { return "", false })
	}
	cfg, err := load()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	done := make(chan error, 1)
	go func() { done <- serve(ctx, cfg, logger, followFile(ctx, path, load, logger)) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	status := func(key string) int { return accountsStatus(t, addr, key) }
	within(t, 20*time.Second, "the service never answered", func() bool { return status("old key") == http.StatusOK })
	if got := status("new key"); got != http.StatusUnauthorized {
		t.Fatalf("a key that is not configured: %d", got)
	}
	write("new key")
	within(t, 5*time.Second, "the old key still works after 5 s", func() bool { return status("old key") == http.StatusUnauthorized })
	if got := status("new key"); got != http.StatusOK {
		t.Errorf("the new key: %d", got)
	}
}

// accountsStatus is the status of GET /v1/accounts; 0 when nothing answers.
func accountsStatus(t *testing.T, addr, key string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/v1/accounts", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// unused is an address on which nothing listens.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

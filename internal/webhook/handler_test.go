package webhook_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/webhook"
)

const token = "path-token-of-twenty-characters"

// sender is a vendor whose deliveries prove themselves with one word.
type sender struct{}

func (sender) Vendor() string { return "verse" }

func (sender) Webhook(kind string) (adapters.Webhook, bool) {
	return adapters.Webhook{
		Verify: func(h http.Header, raw []byte, _ time.Time) error {
			if adapters.SameSecret(h.Get("Proof"), "of "+string(raw)) {
				return nil
			}
			return adapters.ErrForged
		},
		Read: func(raw []byte) []adapters.VendorEvent {
			return []adapters.VendorEvent{{Key: string(raw), Event: &leadmuxv1.Event{Type: "vendor.other"}}}
		},
		Challenge: "Word", Accepted: map[string]string{"create": `{"status":"200"}`}[kind],
	}, kind == "" || kind == "create"
}

// mute is a vendor that sends nothing.
type mute struct{}

func (mute) Vendor() string { return "mute" }

// rig is a handler with what reached the store.
type rig struct {
	*httptest.Server
	stored   []string
	err      error
	registry *prometheus.Registry
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{registry: prometheus.NewRegistry()}
	h := webhook.New(webhook.Config{
		Endpoints: []webhook.Endpoint{
			{Account: &adapters.Account{Name: "west", Tenant: "default", Adapter: sender{}}, PathToken: token},
			{Account: &adapters.Account{Name: "dumb", Tenant: "default", Adapter: mute{}}, PathToken: token},
		},
		Receive: func(_ context.Context, account *adapters.Account, kind string, raw []byte, events []adapters.VendorEvent) error {
			if r.err != nil {
				return r.err
			}
			r.stored = append(r.stored, account.Name+"/"+kind+" "+events[0].Key+" "+string(raw[:1]))
			return nil
		},
		Logger: slog.New(slog.DiscardHandler), Registry: r.registry,
	})
	r.Server = httptest.NewServer(h)
	t.Cleanup(r.Close)
	return r
}

func (r *rig) send(t *testing.T, method, path, proof, body string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Proof", proof)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var text strings.Builder
	buffer := make([]byte, 1<<10)
	for {
		n, err := response.Body.Read(buffer)
		text.Write(buffer[:n])
		if err != nil {
			return response, text.String()
		}
	}
}

func TestP12OnlyWhatTheVendorSentIsStored(t *testing.T) {
	for name, c := range map[string]struct {
		method, path, proof, body string
		status                    int
		result                    string
	}{
		"genuine":             {"POST", "/webhooks/west/" + token, "of x", "x", 200, "stored"},
		"a kind":              {"POST", "/webhooks/west/" + token + "/create", "of x", "x", 200, "stored"},
		"altered":             {"POST", "/webhooks/west/" + token, "of x", "y", 401, "forged"},
		"no proof":            {"POST", "/webhooks/west/" + token, "", "x", 401, "forged"},
		"another token":       {"POST", "/webhooks/west/" + token[1:], "of x", "x", 404, "unknown"},
		"no token":            {"POST", "/webhooks/west", "of x", "x", 404, "unknown"},
		"an empty token":      {"POST", "/webhooks/west/", "of x", "x", 404, "unknown"},
		"another account":     {"POST", "/webhooks/east/" + token, "of x", "x", 404, "unknown"},
		"another kind":        {"POST", "/webhooks/west/" + token + "/other", "of x", "x", 404, "unknown"},
		"further down":        {"POST", "/webhooks/west/" + token + "/create/x", "of x", "x", 404, "unknown"},
		"a vendor that sends": {"POST", "/webhooks/dumb/" + token, "of x", "x", 404, "unknown"},
		"another method":      {"GET", "/webhooks/west/" + token, "of ", "", 405, ""},
		"too large":           {"POST", "/webhooks/west/" + token, "of x", strings.Repeat("x", 512<<10+1), 413, "too_large"},
		"as large as it may":  {"POST", "/webhooks/west/" + token, "of " + strings.Repeat("x", 1<<10), strings.Repeat("x", 1<<10), 200, "stored"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			response, text := r.send(t, c.method, c.path, c.proof, c.body)
			if response.StatusCode != c.status {
				t.Errorf("HTTP %d: %s", response.StatusCode, text)
			}
			if stored := len(r.stored) > 0; stored != (c.status == 200) {
				t.Errorf("stored: %v", r.stored)
			}
			if got := response.Header.Get("WWW-Authenticate"); (got == "Word") != (c.status == 401) {
				t.Errorf("challenge %q", got)
			}
			if c.result != "" && counted(t, r.registry, c.result) != 1 {
				t.Errorf("%s is not counted", c.result)
			}
			if want := `{"status":"200"}`; strings.HasSuffix(c.path, "/create") && text != want {
				t.Errorf("answer %s, want %s", text, want)
			}
		})
	}
}

func counted(t *testing.T, registry *prometheus.Registry, result string) int {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, family := range families {
		if family.GetName() != "leadmux_webhooks_received_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "result" && label.GetValue() == result {
					n += int(metric.GetCounter().GetValue())
				}
			}
		}
	}
	return n
}

func TestP11WhatCannotBeStoredIsToComeAgain(t *testing.T) {
	r := newRig(t)
	r.err = errors.New("disk full")
	response, text := r.send(t, "POST", "/webhooks/west/"+token, "of x", "x")
	if response.StatusCode != http.StatusServiceUnavailable || strings.Contains(text, "disk") {
		t.Errorf("HTTP %d: %s", response.StatusCode, text)
	}
	if n := testutil.CollectAndCount(r.registry, "leadmux_webhook_duration_seconds"); n != 1 {
		t.Errorf("%d histograms", n)
	}
}

package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/leadmux/leadmux/internal/sandbox"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

func start(t *testing.T, dir string) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// send sends a request without keeping its connection.
func send(t *testing.T, method, url, body string, prepare func(*http.Request)) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	if prepare != nil {
		prepare(req)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, string(raw), err
}

// probe is the cheapest request a vendor takes.
func probe(t *testing.T, v sandbox.Vendor) (int, string, error) {
	t.Helper()
	switch v.Name {
	case sandbox.NameVerse:
		return send(t, "POST", v.BaseURL+"/zapier", `{"phone":"6195550101"}`, func(r *http.Request) {
			r.Header.Set("X-API-KEY", v.APIKey)
		})
	case sandbox.NameUJET:
		return send(t, "POST", v.BaseURL+"/end_users", `{"identifier":"lead-1"}`, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.SetBasicAuth(v.Subdomain, v.Token)
		})
	case sandbox.NameConversica:
		body := `{"apiVersion":"7.2","id":"lead-1","firstName":"Ada","email":"ada@example.com","leadSource":"Web","repName":"Tom"}`
		return send(t, "POST", v.BaseURL+"/json/", body, func(r *http.Request) {
			r.SetBasicAuth(v.Username, v.Password)
		})
	default:
		return send(t, "GET", v.BaseURL+"/inbox/direct/chats?type=lead&page=1", "", func(r *http.Request) {
			r.Header.Set("x-bot-token", v.Token)
		})
	}
}

func TestEveryVendorServes(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	var names []string
	for _, v := range s.Vendors() {
		names = append(names, v.Name)
		if !strings.HasPrefix(v.BaseURL, "http://127.0.0.1:") || strings.HasSuffix(v.BaseURL, "/") {
			t.Errorf("%s: base URL %s", v.Name, v.BaseURL)
		}
		status, body, err := probe(t, v)
		if err != nil || status == 0 || status == http.StatusUnauthorized || status == http.StatusNotFound || status >= 500 {
			t.Errorf("%s = %d %s, %v", v.Name, status, body, err)
		}
		if got, err := s.Vendor(v.Name); err != nil || got != v {
			t.Errorf("vendor %s = %+v, %v", v.Name, got, err)
		}
	}
	if want := []string{"verse", "ujet", "conversica", "convertalk"}; !slices.Equal(names, want) {
		t.Errorf("vendors = %v, want %v", names, want)
	}
	if _, err := s.Vendor("acme"); err == nil {
		t.Error("found a vendor that is not there")
	}
	for name, l := range map[string]*kit.Ledger{
		"verse": s.Verse().Ledger(), "ujet": s.UJET().Ledger(),
		"conversica": s.Conversica().Ledger(), "convertalk": s.Convertalk().Ledger(),
	} {
		if requests, err := l.Requests(); err != nil || len(requests) != 1 {
			t.Errorf("%s has seen %+v, %v", name, requests, err)
		}
	}
}

func TestRestartFindsTheSameVendors(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	first, err := sandbox.Start(t.Context(), sandbox.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	v, err := first.Vendor(sandbox.NameVerse)
	if err != nil {
		t.Fatal(err)
	}
	if status, body, err := probe(t, v); err != nil || status != 201 {
		t.Fatalf("create = %d %s, %v", status, body, err)
	}
	if _, err := sandbox.Start(t.Context(), sandbox.Config{Dir: dir}); !errors.Is(err, kit.ErrLedgerLocked) {
		t.Errorf("second start in the same folder: %v", err)
	}
	for range 2 { // closing again is harmless
		if err := first.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	second, err := sandbox.Start(t.Context(), sandbox.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if v, err = second.Vendor(sandbox.NameVerse); err != nil {
		t.Fatal(err)
	}
	if status, body, err := probe(t, v); err != nil || status != 409 {
		t.Errorf("duplicate after a restart = %d %s, %v", status, body, err)
	}
	if err := second.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A fault that hangs for minutes must not hold the shutdown up.
func TestCloseEndsHangingRequests(t *testing.T) {
	dir := t.TempDir()
	var logged bytes.Buffer
	s, err := sandbox.Start(t.Context(), sandbox.Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	if err != nil {
		t.Fatal(err)
	}
	faults := s.Verse().Faults()
	if err := faults.Add(kit.Fault{DelayMS: 300_000}); err != nil {
		t.Fatal(err)
	}
	v, err := s.Vendor(sandbox.NameVerse)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		_, _, err := probe(t, v)
		answered <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for len(faults.List()) > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the request never arrived")
		}
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-answered:
		if err == nil {
			t.Error("answered")
		}
	case <-ctx.Done():
		t.Fatal("the request still hangs")
	}
	// The request ended in order: nothing was cut off, and the ledger has it.
	if logged.Len() > 0 {
		t.Errorf("logged %s", logged.String())
	}
	requests, err := start(t, dir).Verse().Ledger().Requests()
	if err != nil || len(requests) != 1 || requests[0].Status != 0 || requests[0].Effect != "" {
		t.Errorf("entries = %+v, %v", requests, err)
	}
}

func TestStartNeedsAFolder(t *testing.T) {
	if _, err := sandbox.Start(t.Context(), sandbox.Config{}); err == nil {
		t.Error("started without a folder")
	}
}

package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/conversica"
	"github.com/leadmux/leadmux/internal/adapters/convertalk"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/adapters/verse"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/service"
	"github.com/leadmux/leadmux/internal/webhook"
)

// What the four vendors prove themselves with.
const (
	bearer        = "verse-bearer-of-thirty-characters"
	callbackUser  = "callbacks"
	callbackWord  = "conversica-callback-password"
	sessionUser   = "sessions"
	sessionWord   = "ujet-sessions-password"
	signingSecret = "ujet-signing-secret-number-0"
)

// house is a service with all that makes deliveries durable: real adapters, store and socket. Nothing is sent to a vendor.
type house struct {
	*httptest.Server
	store    *boltmap.Store
	secret   *seal.Secret
	dir      string
	registry *prometheus.Registry
	front    atomic.Pointer[webhook.Handler]
	client   *http.Client
}

func newHouse(t *testing.T) *house {
	t.Helper()
	secret, err := seal.NewSecret(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{secret: secret, dir: t.TempDir(), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	if h.store, err = boltmap.Open(boltmap.Config{Dir: h.dir, Secret: secret}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.store.Close() })
	h.open(t, signingSecret)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.front.Load().ServeHTTP(w, r) }))
	t.Cleanup(h.Close)
	t.Cleanup(h.client.CloseIdleConnections)
	return h
}

// open makes the service anew, as a restart with another configuration does; requests under way are answered by the one before.
func (h *house) open(t *testing.T, signing ...string) {
	t.Helper()
	set := accountsOf(t, signing)
	d := delivery.New(delivery.Config{Store: h.store, Accounts: set, Logger: slog.New(slog.DiscardHandler)})
	d.Close(t.Context())
	leads, _ := service.New(service.Config{
		Store: h.store, Accounts: set, Dispatcher: d, Secret: h.secret, Region: "US", KeepRequestIDs: time.Hour, Logger: slog.New(slog.DiscardHandler),
	})
	h.registry = prometheus.NewRegistry()
	var endpoints []webhook.Endpoint
	for _, a := range set.All() {
		endpoints = append(endpoints, webhook.Endpoint{Account: a, PathToken: pathToken(a.Name)})
	}
	h.front.Store(webhook.New(webhook.Config{Endpoints: endpoints, Receive: leads.Receive, Logger: slog.New(slog.DiscardHandler), Registry: h.registry}))
}

func pathToken(account string) string { return account + "-path-token-of-forty-characters-1234" }

func accountsOf(t *testing.T, signing []string) *adapters.Set {
	t.Helper()
	var accounts []*adapters.Account
	add := func(name string, adapter adapters.Adapter, err error) {
		if err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, &adapters.Account{Name: name, Tenant: "default", Vendor: name, Adapter: adapter, Line: vendorhttp.NewLine(vendorhttp.LineConfig{})})
	}
	const nowhere = "http://127.0.0.1:1"
	v, err := verse.New(verse.Config{Account: "verse", BaseURL: nowhere, APIKey: "k", WebhookBearer: bearer})
	add("verse", v, err)
	u, err := ujet.New(ujet.Config{
		Account: "ujet", BaseURL: nowhere, Subdomain: "acme", Token: "t", Hook: ujet.Hook{Secrets: signing, Username: sessionUser, Password: sessionWord},
	})
	add("ujet", u, err)
	c, err := conversica.New(conversica.Config{
		Account: "conversica", BaseURL: nowhere, Username: "u", Password: "p", WebhookUsername: callbackUser, WebhookPassword: callbackWord,
	})
	add("conversica", c, err)
	b, err := convertalk.New(convertalk.Config{
		Account: "convertalk", BaseURL: nowhere, Token: "t", BotID: "64a1f0c2b7e94d0012ab34cd", CustomerID: "64a1f0c2b7e94d0012ab0001",
	})
	add("convertalk", b, err)
	return adapters.NewSet(accounts)
}

// letter is one delivery as it goes over the wire.
type letter struct {
	account, token, kind string
	header               http.Header
	body                 []byte
}

func (l letter) path() string {
	path := webhook.Path + l.account + "/" + l.token
	if l.kind != "" {
		path += "/" + l.kind
	}
	return path
}

// genuine is a delivery with the proof that its vendor gives.
func genuine(account, kind string, body []byte) letter {
	l := letter{account: account, token: pathToken(account), kind: kind, header: http.Header{}, body: body}
	switch {
	case account == "verse":
		l.header.Set("Authorization", "Bearer "+bearer)
	case account == "conversica":
		l.header.Set("Authorization", basic(callbackUser, callbackWord))
	case account == "ujet" && kind == "sessions":
		l.header.Set("Authorization", basic(sessionUser, sessionWord))
	case account == "ujet":
		l.sign(time.Now(), signingSecret)
	}
	return l
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// sign is what UJET does: with one secret, or with two while they are changed over.
func (l letter) sign(at time.Time, secrets ...string) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	l.header.Set("X-Signature-Timestamp", stamp)
	text := ""
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(stamp))
		mac.Write(l.body)
		text += []string{"primary=", " secondary="}[i] + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	l.header.Set("X-Signature", text)
}

// send returns the status of the answer.
func (h *house) send(ctx context.Context, l letter) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL+l.path(), bytes.NewReader(l.body))
	if err != nil {
		return 0, err
	}
	request.Header = l.header
	response, err := h.client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// fixtures are the deliveries that the adapters' tests were written with, by hand from the vendors' documents.
func fixtures(t *testing.T) []letter {
	t.Helper()
	files, err := filepath.Glob("../adapters/*/testdata/webhooks/*.json")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	var all []letter
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f struct {
			Kind, Text string
			Body       json.RawMessage
		}
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatal(err)
		}
		vendor := filepath.Base(filepath.Dir(filepath.Dir(filepath.Dir(file))))
		all = append(all, genuine(vendor, f.Kind, append([]byte(f.Text), f.Body...)))
	}
	return all
}

// holds is how much of what the index has that a delivery could change.
type holds struct{ events, leads, calls, chats, operations, waiting, suppressions int }

func (h *house) holds(t *testing.T) (got holds) {
	t.Helper()
	const all = 100_000
	err := h.store.View(t.Context(), func(r idmap.Reader) error {
		events, err := r.Events("default", "", all)
		if err != nil {
			return err
		}
		leads, _, err := r.ListLeads("default", idmap.LeadFilter{}, "", all)
		if err != nil {
			return err
		}
		calls, _, err := r.ListCalls("default", idmap.SessionFilter{}, "", all)
		if err != nil {
			return err
		}
		operations, _, err := r.ListOperations("default", idmap.OperationFilter{}, "", all)
		if err != nil {
			return err
		}
		suppressions, _, err := r.ListSuppressions("default", idmap.SuppressionFilter{}, "", all)
		if err != nil {
			return err
		}
		waiting, err := r.CountWaiting("default")
		got = holds{events: len(events), leads: len(leads), calls: len(calls), operations: len(operations), waiting: waiting, suppressions: len(suppressions)}
		got.chats = chatsOf(events)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// chatsOf counts the chats that events are about; the index has no list of them.
func chatsOf(events []*leadmuxv1.Event) int {
	chats := map[string]bool{}
	for _, e := range events {
		chats[e.GetChatId()] = true
	}
	delete(chats, "")
	return len(chats)
}

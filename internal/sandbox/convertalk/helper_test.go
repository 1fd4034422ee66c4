package convertalk_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

const (
	tokenPut  = "put-token"
	tokenList = "list-token"

	putPath = "/inbox/direct/lead"
	okBody  = `{"success":true,"message":"ok","code":200}`
)

// clock is the emulator's time, moved only by tests.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// fixture is an emulator served on loopback.
type fixture struct {
	*convertalk.Emulator
	t            *testing.T
	clock        *clock
	api, control string
}

// start serves an emulator on the ledger in dir; stop ends it before the test does.
func start(t *testing.T, dir string) (f *fixture, stop func()) {
	t.Helper()
	c := &clock{at: time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)}
	e, err := convertalk.New(convertalk.Config{Dir: dir, Now: c.now, Token: tokenPut, BotToken: tokenList})
	if err != nil {
		t.Fatal(err)
	}
	vendor, control := httptest.NewServer(e.Handler()), httptest.NewServer(e.Control())
	stop = sync.OnceFunc(func() {
		vendor.Close()
		control.Close()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return &fixture{Emulator: e, t: t, clock: c, api: vendor.URL, control: control.URL}, stop
}

// answer is what a client sees.
type answer struct {
	status int
	header http.Header
	body   string
}

// send makes one JSON request with the given headers.
func (f *fixture) send(method, url, body string, header map[string]string) answer {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(raw)}
}

// id is the n-th test uuid.
func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// lead is a PUT body for the n-th uuid with more members laid over; a nil value leaves a member out.
func lead(n int, more map[string]any) string {
	body := map[string]any{"uuid": id(n), "botId": convertalk.DefaultBotID, "customerId": convertalk.DefaultCustomerID}
	maps.Copy(body, more)
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == nil })
	raw, _ := json.Marshal(body) // maps of strings and lists cannot fail
	return string(raw)
}

// put sends a PUT body with the right token.
func (f *fixture) put(body string) answer {
	f.t.Helper()
	return f.send("PUT", f.api+putPath, body, map[string]string{"x-bp-token": tokenPut})
}

// mustPut is put for a body that has to be accepted; a second passes first.
func (f *fixture) mustPut(n int, more map[string]any) {
	f.t.Helper()
	f.clock.advance(time.Second)
	if a := f.put(lead(n, more)); a.status != 200 || a.body != okBody {
		f.t.Fatalf("PUT: %d %s", a.status, a.body)
	}
}

// listURL is the listing's address with all four parameters.
func (f *fixture) listURL(kind, page string) string {
	return f.api + "/inbox/direct/chats?botId=" + convertalk.DefaultBotID + "&customerId=" + convertalk.DefaultCustomerID +
		"&type=" + kind + "&page=" + page
}

// list reads one page of the listing.
func (f *fixture) list(kind string, page int) []map[string]any {
	f.t.Helper()
	a := f.send("GET", f.listURL(kind, fmt.Sprint(page)), "", map[string]string{"x-bot-token": tokenList})
	out := decode[struct {
		Success bool             `json:"success"`
		Message string           `json:"message"`
		Code    int              `json:"code"`
		Data    []map[string]any `json:"data"`
	}](f.t, a)
	if a.status != 200 || !out.Success || out.Message != "ok" || out.Code != 200 || out.Data == nil {
		f.t.Fatalf("listing: %d %s", a.status, a.body)
	}
	return out.Data
}

// uuids are the uuids of one page, in order.
func (f *fixture) uuids(kind string, page int) string {
	f.t.Helper()
	var all []string
	for _, record := range f.list(kind, page) {
		all = append(all, record["uuid"].(string))
	}
	return strings.Join(all, " ")
}

// set patches the settings.
func (f *fixture) set(patch string) {
	f.t.Helper()
	if a := f.send("PATCH", f.control+"/settings", patch, nil); a.status != 200 {
		f.t.Fatalf("settings: %d %s", a.status, a.body)
	}
}

// stored reads a record from the ledger.
func (f *fixture) stored(uuid string) (l convertalk.Lead) {
	f.t.Helper()
	if err := f.Ledger().View(func(tx *kit.Tx) error {
		_, err := tx.Get(convertalk.KindLead, uuid, &l)
		return err
	}); err != nil {
		f.t.Fatal(err)
	}
	return l
}

// decode reads the answer's JSON.
func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%d %q: %v", a.status, a.body, err)
	}
	return v
}

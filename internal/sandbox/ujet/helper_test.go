package ujet_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/ujet"
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
	*ujet.Emulator
	t       *testing.T
	clock   *clock
	api     string // the vendor's base URL
	control string
}

// start serves an emulator on the ledger in dir; stop ends it before the test does.
func start(t *testing.T, dir string) (f *fixture, stop func()) {
	t.Helper()
	c := &clock{at: time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)}
	e, err := ujet.New(ujet.Config{Dir: dir, Now: c.now})
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
	return &fixture{Emulator: e, t: t, clock: c, api: vendor.URL + ujet.BasePath, control: control.URL}, stop
}

// answer is what a client sees.
type answer struct {
	status int
	header http.Header
	body   string
}

// send makes one request with the default credentials and does not move the clock.
func (f *fixture) send(method, path, body string) answer {
	f.t.Helper()
	r := f.request(method, f.api+path, body)
	r.SetBasicAuth(ujet.DefaultSubdomain, ujet.DefaultToken)
	return f.do(r)
}

// call is send a second later, within the rate.
func (f *fixture) call(method, path, body string) answer {
	f.t.Helper()
	f.clock.advance(time.Second)
	return f.send(method, path, body)
}

// ask talks to the control API.
func (f *fixture) ask(method, path, body string) answer {
	f.t.Helper()
	return f.do(f.request(method, f.control+path, body))
}

func (f *fixture) request(method, url, body string) *http.Request {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}

func (f *fixture) do(r *http.Request) answer {
	f.t.Helper()
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

// is checks status and JSON body.
func (a answer) is(t *testing.T, status int, body string) {
	t.Helper()
	var got, want any
	if err := json.Unmarshal([]byte(body), &want); err != nil {
		t.Fatalf("bad expectation %s: %v", body, err)
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatalf("answer %d is not JSON: %q", a.status, a.body)
	}
	if a.status != status || !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %d %s\nwant %d %s", a.status, a.body, status, body)
	}
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

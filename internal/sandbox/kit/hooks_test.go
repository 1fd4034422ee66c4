package kit_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// receiver is a client's endpoint that notes what it gets and answers as told.
type receiver struct {
	url string

	mu      sync.Mutex
	bodies  []string
	secrets []string
	answers []int // statuses to give, in turn; then 200
}

func newReceiver(t *testing.T, answers ...int) *receiver {
	t.Helper()
	r := &receiver{answers: answers}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL + "/in"
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	raw, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies = append(r.bodies, string(raw))
	r.secrets = append(r.secrets, req.Header.Get("X-Secret"))
	status := http.StatusOK
	if len(r.answers) > 0 {
		status, r.answers = r.answers[0], r.answers[1:]
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"status":"ok"}`)
}

func (r *receiver) got() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.bodies, " ")
}

// hookRig is a ledger with a sender on it.
type hookRig struct {
	t      *testing.T
	ledger *kit.Ledger
	hooks  *kit.Hooks
}

func newHookRig(t *testing.T, path string, waits ...time.Duration) *hookRig {
	t.Helper()
	r := &hookRig{t: t, ledger: openLedger(t, path)}
	r.hooks = kit.NewHooks(kit.HooksConfig{
		Ledger: r.ledger, Retry: func() []time.Duration { return waits },
		Authorize: func(h kit.Hook, body []byte, header http.Header) {
			secret := "good " + string(body)
			if h.Spoilt {
				secret = "bad"
			}
			header.Set("X-Secret", secret)
		},
	})
	t.Cleanup(r.hooks.Close)
	return r
}

// put stores hooks, each in a transaction of its own; their bodies are their events.
func (r *hookRig) put(url string, events ...string) {
	r.t.Helper()
	for _, event := range events {
		if err := r.ledger.Update(func(tx *kit.Tx) error {
			return r.hooks.Put(tx, kit.Hook{Endpoint: url, Event: event, URL: url, Body: json.RawMessage(`"` + event + `"`)})
		}); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *hookRig) list() []kit.Hook {
	r.t.Helper()
	list, err := r.hooks.List()
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// settled waits until no hook is waiting but those named, and returns the states.
func (r *hookRig) settled(waiting ...string) string {
	r.t.Helper()
	states := ""
	eventually(r.t, "all hooks settled", func() bool {
		var words []string
		done := true
		for _, h := range r.list() {
			words = append(words, h.Event+":"+h.State)
			done = done && (h.State != kit.HookWaiting || slices.Contains(waiting, h.Event))
		}
		states = strings.Join(words, " ")
		return done
	})
	return states
}

func TestHooksAreSentInOrder(t *testing.T) {
	in, r := newReceiver(t), newHookRig(t, filepath.Join(t.TempDir(), "toy.db"))
	r.put("", "nowhere")
	r.put(in.url, "a", "b", "c")
	if states := r.settled(); states != "a:delivered b:delivered c:delivered" || in.got() != `"a" "b" "c"` {
		t.Errorf("%s, received %s", states, in.got())
	}
	first := r.list()[0]
	if first.Seq != 1 || len(first.Attempts) != 1 || first.Attempts[0].Status != 200 || first.Attempts[0].Answer != `{"status":"ok"}` || in.secrets[0] != `good "a"` {
		t.Errorf("hook %+v, secret %q", first, in.secrets[0])
	}
	if err := r.hooks.Resend(2); err != nil {
		t.Fatal(err)
	}
	if r.settled(); in.got() != `"a" "b" "c" "b"` {
		t.Errorf("received %s", in.got())
	}
	if err := r.hooks.Resend(9); err == nil {
		t.Error("a hook that is not there was sent again")
	}
}

func TestHookOfAFailedTransactionIsNotSent(t *testing.T) {
	in, r := newReceiver(t), newHookRig(t, filepath.Join(t.TempDir(), "toy.db"))
	err := r.ledger.Update(func(tx *kit.Tx) error {
		return errors.Join(r.hooks.Put(tx, kit.Hook{URL: in.url, Body: json.RawMessage(`"x"`)}), errRollback)
	})
	if !errors.Is(err, errRollback) {
		t.Fatal(err)
	}
	r.put(in.url, "a")
	if states := r.settled(); states != "a:delivered" || in.got() != `"a"` {
		t.Errorf("%s, received %s", states, in.got())
	}
}

func TestHookRetries(t *testing.T) {
	in, r := newReceiver(t, 500, 302, 200, 400, 400, 400), newHookRig(t, filepath.Join(t.TempDir(), "toy.db"), time.Millisecond, 2*time.Millisecond)
	r.put(in.url, "a")
	if states := r.settled(); states != "a:delivered" || in.got() != `"a" "a" "a"` {
		t.Errorf("%s, received %s", states, in.got())
	}
	r.put(in.url, "b")
	if states := r.settled(); states != "a:delivered b:failed" || len(r.list()[1].Attempts) != 3 {
		t.Errorf("%s, %+v", states, r.list()[1])
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	r.put(gone.URL, "c")
	if states := r.settled(); states != "a:delivered b:failed c:failed" || r.list()[2].Attempts[0].Error == "" {
		t.Errorf("%s, %+v", states, r.list()[2])
	}
}

// One that fails does not hold the others up.
func TestHooksGoPastOneThatFails(t *testing.T) {
	in, r := newReceiver(t, 500), newHookRig(t, filepath.Join(t.TempDir(), "toy.db"), time.Hour)
	r.put(in.url, "a", "b")
	if states := r.settled("a"); states != "a:waiting b:delivered" {
		t.Errorf("%s", states)
	}
}

func TestHooksSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "toy.db")
	in := newReceiver(t, 500)
	t.Run("before", func(t *testing.T) {
		r := newHookRig(t, path, 300*time.Millisecond)
		r.put(in.url, "a")
		eventually(t, "first attempt", func() bool { return len(r.list()[0].Attempts) == 1 })
	})
	r := newHookRig(t, path)
	if states := r.settled(); states != "a:delivered" || in.got() != `"a" "a"` {
		t.Errorf("%s, received %s", states, in.got())
	}
}

func TestHookFaults(t *testing.T) {
	for name, c := range map[string]struct {
		faults         []kit.HookFault
		states, bodies string
		held           []string
	}{
		"drop":      {[]kit.HookFault{{Event: "b", Drop: true}}, "a:delivered b:dropped c:delivered", `"a" "c"`, nil},
		"duplicate": {[]kit.HookFault{{Event: "a", Duplicate: 2}}, "a:delivered b:delivered c:delivered", "", nil},
		"reorder":   {[]kit.HookFault{{Event: "a", Reorder: true}}, "a:delivered b:delivered c:delivered", "", nil},
		"delay":     {[]kit.HookFault{{Event: "a", DelayMS: 200}}, "a:delivered b:delivered c:delivered", "", nil},
		"all":       {[]kit.HookFault{{Drop: true, Count: -1}}, "a:dropped b:dropped c:dropped", "", nil},
		"last":      {[]kit.HookFault{{Event: "c", Reorder: true}}, "a:delivered b:delivered c:waiting", `"a" "b"`, []string{"c"}},
	} {
		t.Run(name, func(t *testing.T) {
			in, r := newReceiver(t), newHookRig(t, filepath.Join(t.TempDir(), "toy.db"))
			if err := r.hooks.AddFaults(c.faults...); err != nil {
				t.Fatal(err)
			}
			before := time.Now()
			r.put(in.url, "a", "b", "c")
			states := r.settled(c.held...)
			got := in.got()
			switch {
			case states != c.states, c.bodies != "" && got != c.bodies:
				t.Errorf("%s, received %s", states, got)
			case name == "duplicate" && strings.Count(got, `"a"`) != 3:
				t.Errorf("received %s", got)
			case name == "delay" && r.list()[0].Attempts[0].Time.Sub(before) < 200*time.Millisecond:
				t.Errorf("sent after %v", r.list()[0].Attempts[0].Time.Sub(before))
			case name == "reorder" && (strings.Count(got, `"a"`) != 1 || strings.HasPrefix(got, `"a"`)):
				t.Errorf("received %s", got)
			}
		})
	}
}

func TestBadSignature(t *testing.T) {
	in, r := newReceiver(t, 401), newHookRig(t, filepath.Join(t.TempDir(), "toy.db"))
	if err := r.hooks.AddFaults(kit.HookFault{BadSignature: true}); err != nil {
		t.Fatal(err)
	}
	r.put(in.url, "a", "b")
	if states := r.settled(); states != "a:failed b:delivered" || in.secrets[0] != "bad" || in.secrets[1] != `good "b"` {
		t.Errorf("%s, %v", states, in.secrets)
	}
	if h := r.list()[0]; h.Fault != "bad signature" {
		t.Errorf("%+v", h)
	}
}

func TestHooksStayOnLoopback(t *testing.T) {
	r := newHookRig(t, filepath.Join(t.TempDir(), "toy.db"))
	for _, url := range []string{"http://example.com/x", "https://127.0.0.1/x", "http://192.0.2.1", "ftp://127.0.0.1", "http://", "://"} {
		wantErr(t, kit.CheckHookURL("webhook.url", url), "webhook.url")
		wantErr(t, r.ledger.Update(func(tx *kit.Tx) error { return r.hooks.Put(tx, kit.Hook{URL: url}) }), "url")
	}
	for _, url := range []string{"", "http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:80"} {
		if err := kit.CheckHookURL("url", url); err != nil {
			t.Error(err)
		}
	}
	if len(r.list()) != 0 {
		t.Error("a hook to elsewhere is stored")
	}
}

func TestHookControl(t *testing.T) {
	in, r := newReceiver(t), newHookRig(t, filepath.Join(t.TempDir(), "toy.db"))
	server := httptest.NewServer(kit.Control(kit.ControlTarget{Ledger: r.ledger, Faults: &kit.Faults{}, Routes: r.hooks.Routes()}))
	t.Cleanup(server.Close)
	for _, s := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/hooks", "", 200, `{"hooks":[]}`},
		{"POST", "/hooks/faults", `{"drop":true}`, 200, `{"faults":[{"count":1,"drop":true}]}`},
		{"POST", "/hooks/faults", `{"faults":[{"duplicate":2,"event":"a"},{"delayMs":1,"count":-1}]}`, 200, `"event":"a"`},
		{"DELETE", "/hooks/faults", "", 200, `{"faults":[]}`},
		{"POST", "/hooks/faults", `{"faults":[]}`, 400, "no fault given"},
		{"POST", "/hooks/faults", `{}`, 400, "a fault needs one of"},
		{"POST", "/hooks/faults", `{"drop":true,"reorder":true}`, 400, "drop sends nothing"},
		{"POST", "/hooks/faults", `{"duplicate":101}`, 400, "duplicate must be"},
		{"POST", "/hooks/faults", `{"delayMs":-1}`, 400, "delayMs must be"},
		{"POST", "/hooks/faults", `{"drop":true,"count":-2}`, 400, "count must be"},
		{"POST", "/hooks/faults", `{"dorp":true}`, 400, "unknown key"},
		{"POST", "/hooks/resend", `{"seq":1}`, 400, "there is no hook 1"},
		{"POST", "/hooks/resend", `{"id":1}`, 400, "unknown key"},
	} {
		if status, body := call(t, s.method, server.URL+s.path, s.body); status != s.status || !strings.Contains(body, s.says) {
			t.Errorf("%s %s %s = %d %s", s.method, s.path, s.body, status, body)
		}
	}
	r.put(in.url, "a")
	r.settled()
	if _, body := call(t, "GET", server.URL+"/records?kind=hook", ""); !strings.Contains(body, `"state":"delivered"`) {
		t.Error(body)
	}
	if status, _ := call(t, "POST", server.URL+"/hooks/resend", `{"seq":1}`); status != 200 {
		t.Error(status)
	}
	eventually(t, "sent again", func() bool { return in.got() == `"a" "a"` })
}

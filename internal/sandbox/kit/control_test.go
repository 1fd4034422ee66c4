package kit_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// newControl is the control API over a rig, with one route of its own.
func newControl(t *testing.T, r *rig) string {
	t.Helper()
	settings, err := kit.NewSettings(r.ledger, switches{}, switches.check)
	if err != nil {
		t.Fatal(err)
	}
	own := kit.Route{Method: "POST", Path: "/own", Doc: "Own.", Handle: func(_ *http.Request, body []byte) (any, error) {
		if len(body) == 0 {
			return nil, errors.New("empty")
		}
		return map[string]string{"got": string(body)}, nil
	}}
	h := kit.Control(kit.ControlTarget{Ledger: r.ledger, Faults: r.faults, Settings: settings, Routes: []kit.Route{own}})
	if got := kit.Routes(h); len(got) != 10 || got[9].Path != "/own" {
		t.Errorf("routes = %+v", got)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// call sends a request and returns status and body.
func call(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

func TestControl(t *testing.T) {
	r := newRig(t)
	url := newControl(t, r)
	steps := []struct {
		method, path, body string
		status             int
		says               string // the whole body, or with … its start
	}{
		{"GET", "/ledger", "", 200, `{"records":{},"requests":[]}`},
		{"GET", "/requests", "", 200, `{"requests":[]}`},
		{"GET", "/records?kind=thing", "", 200, `{"records":{"thing":[]}}`},
		{"GET", "/faults", "", 200, `{"faults":[]}`},
		{"POST", "/faults", `{"drop":true}`, 200, `{"faults":[{"count":1,"drop":true}]}`},
		{"POST", "/faults", `{"faults":[{"status":500,"count":2},{"delayMs":5}]}`, 200,
			`{"faults":[{"count":1,"drop":true},{"count":2,"status":500},{"count":1,"delayMs":5}]}`},
		{"DELETE", "/faults", "", 200, `{"faults":[]}`},
		{"GET", "/settings", "", 200, `{"hold":false,"limit":0,"list":null,"per":null}`},
		{"PATCH", "/settings", `{"limit":3}`, 200, `{"hold":false,"limit":3,"list":null,"per":null}`},
		{"POST", "/own", "x", 200, `{"got":"x"}`},
		{"GET", "/", "", 200, `{"routes":[{"method":"GET","path":"/","doc":…`},

		{"POST", "/faults", `{"dorp":true}`, 400, `{"error":"unknown key \"dorp\"; allowed: method, path, exact, count, delayMs, after, status, body, header, drop, truncate, answerDelayMs"}`},
		{"POST", "/faults", `{"faults":[{"drop":true},{"dorp":true}]}`, 400, `{"error":"fault 1: unknown key…`},
		{"POST", "/faults", `{"faults":[],"drop":true}`, 400, `{"error":"unknown key \"drop\"; allowed: faults"}`},
		{"POST", "/faults", `{"faults":[]}`, 400, `{"error":"no fault given"}`},
		{"POST", "/faults", `{"status":99}`, 400, `{"error":"fault 0: status…`},
		{"POST", "/faults", `nothing`, 400, `{"error":"body must be a fault…`},
		{"PATCH", "/settings", `{"limits":3}`, 400, `{"error":"unknown key \"limits\"; allowed: hold, limit, list, per"}`},
		{"PATCH", "/settings", `{"limit":-3}`, 400, `{"error":"limit must be 0 or more"}`},
		{"GET", "/records?kid=thing", "", 400, `{"error":"unknown query parameter \"kid\"; allowed: kind"}`},
		{"GET", "/requests?after=1", "", 400, `{"error":"unknown query parameter \"after\"; allowed: none"}`},
		{"POST", "/own", "", 400, `{"error":"empty"}`},
		{"PUT", "/faults", "", 405, `{"error":"/faults takes GET, POST, DELETE"}`},
		{"GET", "/fault", "", 404, `{"error":"no control route /fault; allowed: /, /ledger, /requests, /records, /faults, /settings, /own"}`},
		{"GET", "/faults", "", 200, `{"faults":[]}`},
	}
	for _, s := range steps {
		status, body := call(t, s.method, url+s.path, s.body)
		start, partly := strings.CutSuffix(s.says, "…")
		if status != s.status || (body != s.says && (!partly || !strings.HasPrefix(body, start))) {
			t.Errorf("%s %s %s = %d %s, want %d %s", s.method, s.path, s.body, status, body, s.status, s.says)
		}
	}
}

func TestControlShowsWhatHappened(t *testing.T) {
	r := newRig(t)
	url := newControl(t, r)
	if _, _, _, err := r.post(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	_, ledger := call(t, "GET", url+"/ledger", "")
	for _, part := range []string{
		`"records":{"thing":[{"id":"x"}]}`, `"seq":1`, `"method":"POST"`, `"path":"/things"`,
		`"status":201`, `"record":"x"`, `"effect":"created"`, `"body":{"id":"x"}`,
	} {
		if !strings.Contains(ledger, part) {
			t.Errorf("ledger %s lacks %s", ledger, part)
		}
	}
	// Settings are stored as a record, but of a hidden kind.
	if _, body := call(t, "PATCH", url+"/settings", `{"hold":true}`); !strings.Contains(body, `"hold":true`) {
		t.Error(body)
	}
	if _, body := call(t, "GET", url+"/records", ""); body != `{"records":{"thing":[{"id":"x"}]}}` {
		t.Errorf("records = %s", body)
	}
	if _, body := call(t, "GET", url+"/records?kind=_settings", ""); body != `{"records":{"_settings":[]}}` {
		t.Errorf("hidden records = %s", body)
	}
}

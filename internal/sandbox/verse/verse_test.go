package verse_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

// The clock of the emulators under test.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// rig is an emulator on real sockets.
type rig struct {
	t       *testing.T
	emu     *verse.Emulator
	url     string // the base URL a client would have
	control string
}

func newRig(t *testing.T, cfg verse.Config) *rig {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	cfg.Now = func() time.Time { return noon }
	emu, err := verse.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	api, control := httptest.NewServer(emu.Handler()), httptest.NewServer(emu.Control())
	t.Cleanup(func() {
		api.Close()
		control.Close()
		if err := emu.Close(); err != nil {
			t.Error(err)
		}
	})
	return &rig{t, emu, api.URL + verse.BasePath, control.URL}
}

// do sends a request with a key and returns status and body.
func (r *rig) do(method, url, key, body string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("X-API-KEY", key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// post sends a body to a path of the default account.
func (r *rig) post(path, body string) (int, string) {
	r.t.Helper()
	return r.do(http.MethodPost, r.url+path, verse.DefaultKey, body)
}

// create creates a lead and returns its id.
func (r *rig) create(body string) string {
	r.t.Helper()
	status, raw := r.post("/zapier", body)
	var out struct{ ID string }
	if err := json.Unmarshal([]byte(raw), &out); err != nil || status != http.StatusCreated || out.ID == "" {
		r.t.Fatalf("create = %d %s, %v", status, raw, err)
	}
	return out.ID
}

// set patches the settings.
func (r *rig) set(patch string) {
	r.t.Helper()
	if status, body := r.do(http.MethodPatch, r.control+"/settings", "", patch); status != http.StatusOK {
		r.t.Fatalf("settings = %d %s", status, body)
	}
}

// leads returns the ledger's leads.
func (r *rig) leads() []verse.Lead {
	r.t.Helper()
	all, err := r.emu.Leads()
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

// lead returns one lead by id.
func (r *rig) lead(id string) verse.Lead {
	r.t.Helper()
	for _, l := range r.leads() {
		if l.ID == id {
			return l
		}
	}
	r.t.Fatalf("no lead %s", id)
	return verse.Lead{}
}

// say is the body of an answer with only a message.
func say(message string) string {
	raw, _ := json.Marshal(map[string]string{"message": message})
	return string(raw)
}

// dropped sends a create and expects the connection to end without an answer.
func (r *rig) dropped(body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/zapier", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("X-API-KEY", verse.DefaultKey)
	if res, err := http.DefaultClient.Do(req); err == nil {
		res.Body.Close()
		r.t.Errorf("answered %s", res.Status)
	}
}

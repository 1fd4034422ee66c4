package conversica_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/conversica"
)

// rig is an emulator on a real socket, with a clock that can be put forward.
type rig struct {
	t      *testing.T
	emu    *conversica.Emulator
	url    string
	offset *atomic.Int64
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func newRig(t *testing.T, dir string) *rig {
	t.Helper()
	r := &rig{t: t, offset: &atomic.Int64{}}
	emu, err := conversica.New(conversica.Config{Dir: dir, Now: func() time.Time {
		return noon.Add(time.Duration(r.offset.Load()))
	}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(emu.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := emu.Close(); err != nil {
			t.Error(err)
		}
	})
	r.emu, r.url = emu, server.URL
	return r
}

// do sends a request and returns the answer with its body read.
func (r *rig) do(method, path, password, body string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if password != "" {
		req.SetBasicAuth(conversica.DefaultUsername, password)
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
	return res, string(raw)
}

// post posts a body with the right credentials.
func (r *rig) post(body string) (int, string) {
	r.t.Helper()
	res, answer := r.do(http.MethodPost, conversica.Path, conversica.DefaultPassword, body)
	return res.StatusCode, answer
}

// set patches the settings.
func (r *rig) set(patch string) {
	r.t.Helper()
	if _, err := r.emu.Settings().Patch([]byte(patch)); err != nil {
		r.t.Fatal(err)
	}
}

// leads returns the ledger's leads.
func (r *rig) leads() []conversica.Lead {
	r.t.Helper()
	all, err := r.emu.Leads()
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

// lead is a valid body with changes; a nil value takes the key away.
func lead(changes map[string]any) string {
	fields := map[string]any{
		"apiVersion": "7.2", "id": "lead-1", "firstName": "Ada", "email": "ada@example.com",
		"leadSource": "Web form", "repName": "Tom Rep",
	}
	maps.Copy(fields, changes)
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil })
	raw, _ := json.Marshal(fields)
	return string(raw)
}

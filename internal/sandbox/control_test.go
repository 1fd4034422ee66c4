package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox"
)

func TestControl(t *testing.T) {
	s := start(t, t.TempDir())
	mux := http.NewServeMux()
	mux.Handle(sandbox.ControlPath, s.Handler())
	server := httptest.NewServer(mux)
	defer server.Close()
	get := func(method, path, body string) (int, string) {
		t.Helper()
		status, answer, err := send(t, method, server.URL+path, body, nil)
		if err != nil {
			t.Fatal(err)
		}
		return status, answer
	}

	status, body := get("GET", "/sandbox/", "")
	var list struct {
		Emulators []struct {
			Name, BaseURL, Control string
			Routes                 []struct{ Method, Path, Doc string }
		}
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || status != 200 || len(list.Emulators) != 4 {
		t.Fatalf("list = %d %s, %v", status, body, err)
	}
	for i, v := range s.Vendors() {
		e := list.Emulators[i]
		if e.Name != v.Name || e.BaseURL != v.BaseURL || e.Control != "/sandbox/"+v.Name+"/" {
			t.Errorf("listed %+v, running %+v", e, v)
		}
		for _, r := range e.Routes {
			if r.Doc == "" || r.Method == "" {
				t.Errorf("%s: route %+v", v.Name, r)
			}
			if r.Method != "GET" {
				continue
			}
			if status, body := get("GET", r.Path, ""); status != 200 {
				t.Errorf("GET %s = %d %s", r.Path, status, body)
			}
		}
		if status, body := get("POST", e.Control+"faults", `{"status":500,"oops":1}`); status != 400 || !strings.Contains(body, "oops") {
			t.Errorf("unknown key for %s = %d %s", v.Name, status, body)
		}
		if status, body := get("POST", e.Control+"faults", `{"status":507}`); status != 200 {
			t.Errorf("fault for %s = %d %s", v.Name, status, body)
		}
		if status, _, err := probe(t, v); err != nil || status != 507 {
			t.Errorf("%s with a fault = %d, %v", v.Name, status, err)
		}
	}
	for path, want := range map[string]int{
		"/sandbox/verse": 200, "/sandbox/verse/": 200, "/sandbox/acme/faults": 404,
		"/sandbox/verse/none": 404, "/sandbox/?x=1": 400,
	} {
		if status, body := get("GET", path, ""); status != want {
			t.Errorf("GET %s = %d %s", path, status, body)
		}
	}
	if status, body := get("GET", "/sandbox/acme", ""); status != 404 || !strings.Contains(body, "verse, ujet, conversica, convertalk") {
		t.Errorf("unknown emulator = %d %s", status, body)
	}
}

package server

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestPaths(t *testing.T) {
	hook := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/webhooks/panic" {
			panic("4155550142") //nolint:forbidigo // the test is about panics
		}
		w.WriteHeader(http.StatusAccepted)
	})
	f := start(t, func(c *Config, _ *settings) {
		c.Extra, c.AdminExtra = map[string]http.Handler{"/webhooks/": hook}, map[string]http.Handler{"/sandbox/": hook}
	})
	for name, c := range map[string]struct {
		method, path string
		http         int
		code, reason string
		allow        string
	}{
		"unknown":          {"GET", "/nowhere", 404, "NotFound", "NO_SUCH_METHOD", ""},
		"root":             {"GET", "/", 404, "NotFound", "NO_SUCH_METHOD", ""},
		"unclean":          {"GET", "//v1//leads", 404, "NotFound", "NO_SUCH_METHOD", ""},
		"dots":             {"GET", "/v1/../healthz", 404, "NotFound", "NO_SUCH_METHOD", ""},
		"prefix alone":     {"GET", "/v1", 404, "NotFound", "NO_SUCH_METHOD", ""},
		"in the API":       {"GET", "/v1/nowhere", 404, "NotFound", "NO_SUCH_METHOD", ""},
		"trailing slash":   {"GET", "/v1/leads/", 400, "InvalidArgument", "INVALID_FIELD", ""},
		"wrong verb":       {"DELETE", "/v1/leads", 405, "Unimplemented", "NO_SUCH_METHOD", "GET, POST"},
		"wrong verb, lead": {"PUT", "/v1/leads/" + leadID, 405, "Unimplemented", "NO_SUCH_METHOD", "DELETE, GET, PATCH"},
		"without service":  {"GET", "/v1/accounts/a", 404, "Unimplemented", "NO_SUCH_METHOD", ""},
		"preflight":        {"OPTIONS", "/v1/leads", 405, "Unimplemented", "NO_SUCH_METHOD", "GET, POST"},
		"post to docs":     {"POST", "/docs", 405, "Unimplemented", "NO_SUCH_METHOD", "GET, HEAD"},
		"panic":            {"POST", "/webhooks/panic", 500, "Internal", "INTERNAL", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.restError(t, c.method, c.path, "", "Origin", "https://evil.example.com")
			if a.http != c.http || a.code != c.code || a.reason != c.reason || a.header.Get("Allow") != c.allow {
				t.Errorf("got %d %s %s, Allow %q", a.http, a.code, a.reason, a.header.Get("Allow"))
			}
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("CORS header %s", name)
				}
			}
			if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Cache-Control") != "no-store" ||
				a.header.Get("X-Frame-Options") != "DENY" || a.header.Get("X-Request-Id") == "" {
				t.Errorf("the headers are %v", a.header)
			}
		})
	}
	if got, _, _ := f.rest(t, "POST", "/webhooks/verse/token", "", "Authorization", ""); got != http.StatusAccepted {
		t.Errorf("an extra path: %d", got)
	}
	if strings.Contains(f.log.String(), "4155550142") {
		t.Error("the log tells the value of a panic")
	}
	for path, want := range map[string]int{
		"/metrics": 200, "/healthz": 200, "/readyz": 200, "/debug/pprof/": 200, "/debug/pprof/goroutine?debug=1": 200,
		"/sandbox/verse": 202, "/v1/leads": 404,
	} {
		if got := f.get(t, f.AdminAddr(), path); got != want {
			t.Errorf("admin %s: %d, want %d", path, got, want)
		}
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/sandbox/verse"} {
		if got := f.get(t, f.HTTPAddr(), path); got != http.StatusNotFound {
			t.Errorf("public %s: %d, want 404", path, got)
		}
	}
}

// TestDocsPage: it lists every operation and can fetch nothing.
func TestDocsPage(t *testing.T) {
	f := start(t)
	code, page, header := f.rest(t, "GET", "/docs", "", "Authorization", "")
	if code != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s", code, header.Get("Content-Type"))
	}
	if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("the policy is %s", policy)
	}
	for _, b := range f.routeTable().all {
		path := "/" + strings.Join(b.segments, "/")
		if b.suffix != "" {
			path += ":" + b.suffix
		}
		if !strings.Contains(string(page), b.verb+" "+path+"<") {
			t.Errorf("the page lacks %s %s", b.verb, path)
		}
	}
	if outside := regexp.MustCompile(`(?i)https?://|<script|<img|<link|@import`).FindString(string(page)); outside != "" {
		t.Errorf("the page has %s", outside)
	}
	code, spec, header := f.rest(t, "GET", "/openapi.json", "", "Authorization", "")
	if code != http.StatusOK || header.Get("Content-Type") != "application/json" || string(spec) != string(openAPI) {
		t.Errorf("/openapi.json: %d", code)
	}
}

// TestCallerWhoDoesNotRead cannot hold a handler for longer than one write may take.
func TestCallerWhoDoesNotRead(t *testing.T) {
	ended := make(chan error, 1)
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for {
			if _, err := w.Write(chunk); err != nil {
				ended <- err
				return
			}
		}
	})
	f := start(t, func(c *Config, s *settings) {
		c.Extra, s.writeChunk = map[string]http.Handler{"/endless": endless}, 100*time.Millisecond
	})
	conn, err := net.Dial("tcp", f.HTTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the handler still writes to a caller who does not read")
	}
}

// TestPanicInsideAnAnswer: the caller must not take the half of an answer for the whole.
func TestPanicInsideAnAnswer(t *testing.T) {
	f := start(t, func(c *Config, _ *settings) {
		c.Extra = map[string]http.Handler{"/half": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic("the other half") //nolint:forbidigo // the test is about panics
		})}
	})
	res, err := f.http.Get("http://" + f.HTTPAddr() + "/half")
	if err != nil {
		return // cut off before the first byte: just as well
	}
	defer res.Body.Close()
	if data, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the caller read %q to a regular end", data)
	}
}

package vendorhttp

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

func sampleRoutes() Routes {
	return Routes{
		"CreateLead": {Method: http.MethodPost, Path: "/leads", Vars: []string{"tenant"}, Evidence: leadmuxv1.Evidence_EVIDENCE_A},
		"EndLead":    {Method: http.MethodPut, Path: "/leads/{id}/end", Evidence: leadmuxv1.Evidence_EVIDENCE_D},
	}
}

func TestOverride(t *testing.T) {
	c, err := New(Config{BaseURL: "http://127.0.0.1:1/v1/", Routes: sampleRoutes(), Override: map[string]string{
		"EndLead": "POST /end/{id}",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if text, evidence, overridden := c.RouteOf("EndLead"); text != "POST /end/{id}" || !overridden ||
		evidence != leadmuxv1.Evidence_EVIDENCE_D {
		t.Errorf("got %q, %s, %t", text, evidence, overridden)
	}
	if text, _, overridden := c.RouteOf("CreateLead"); text != "POST /leads" || overridden {
		t.Errorf("got %q, %t", text, overridden)
	}
	if text, _, _ := c.RouteOf("Nothing"); text != "" {
		t.Errorf("got %q for a route that is not there", text)
	}
}

// TestOverrideWithAFurtherPlaceholder: a route may take a placeholder that the vendor's own path lacks, if it says so.
func TestOverrideWithAFurtherPlaceholder(t *testing.T) {
	c := client(t, "http://127.0.0.1:1", func(cfg *Config) {
		cfg.Override = map[string]string{"CreateLead": "POST /tenants/{tenant}/leads"}
	})
	if !c.HasVar("CreateLead", "tenant") || c.HasVar("CreateLead", "id") || c.HasVar("Nothing", "tenant") {
		t.Error("HasVar does not tell the override's placeholder from others")
	}
	if client(t, "http://127.0.0.1:1").HasVar("CreateLead", "tenant") {
		t.Error("HasVar names a placeholder that the path in use lacks")
	}
	got, err := c.Preview(Call{Route: "CreateLead", Vars: map[string]string{"tenant": "7"}}, map[string]bool{"tenant": true})
	if want := "http://127.0.0.1:1/tenants/7/leads"; err != nil || got.GetUrl() != want {
		t.Errorf("got %q, %v; want %q", got.GetUrl(), err, want)
	}
}

func TestCapability(t *testing.T) {
	c := client(t, "http://127.0.0.1:1", func(cfg *Config) { cfg.Override = map[string]string{"EndLead": "POST /end/{id}"} })
	const class = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
	for _, want := range []struct {
		routes []string
		c      *leadmuxv1.Capability
	}{
		{[]string{"CreateLead"}, &leadmuxv1.Capability{Route: "POST /leads", Evidence: leadmuxv1.Evidence_EVIDENCE_A}},
		{[]string{"EndLead", "CreateLead"}, &leadmuxv1.Capability{
			Route: "POST /end/{id}, POST /leads", Evidence: leadmuxv1.Evidence_EVIDENCE_D, RouteOverridden: true,
		}},
	} {
		want.c.Rpc, want.c.IdempotencyClass = "UpdateLead", class
		if got := Capability(c, "UpdateLead", class, want.routes...); !proto.Equal(got, want.c) {
			t.Errorf("\n got %v\nwant %v", got, want.c)
		}
	}
}

func TestBadConfig(t *testing.T) {
	override := func(name, value string) Config {
		return Config{BaseURL: "http://127.0.0.1:1", Routes: sampleRoutes(), Override: map[string]string{name: value}}
	}
	for _, c := range []struct {
		name string
		cfg  Config
		says []string
	}{
		{"unknown route", override("CreateLaed", "POST /x"), []string{`"CreateLaed"`, "CreateLead, EndLead"}},
		{"no method", override("CreateLead", "/x"), []string{"CreateLead", `"/x"`, "POST"}},
		{"strange method", override("CreateLead", "FETCH /x"), []string{"FETCH", "DELETE"}},
		{"no slash", override("CreateLead", "POST x"), []string{`"POST x"`}},
		{"query", override("CreateLead", "POST /x?key=1"), []string{"CreateLead"}},
		{"bad escape", override("CreateLead", "POST /%zz"), []string{"CreateLead"}},
		{"unknown placeholder", override("EndLead", "POST /x/{lead}"), []string{"{lead}", "id"}},
		{"placeholder of another route", override("CreateLead", "POST /x/{id}"), []string{"{id}", "tenant"}},
		{"open brace", override("EndLead", "POST /x/{id"), []string{"braces"}},
		{"relative base", Config{BaseURL: "/v1"}, []string{"base_url"}},
		{"other scheme", Config{BaseURL: "ftp://example.com"}, []string{"base_url"}},
		{"password in base", Config{BaseURL: "https://u:hunter2@example.com"}, []string{"base_url"}},
		{"line end in credentials", Config{BaseURL: "https://example.com", Auth: func(h http.Header) {
			h.Set("X-Key", "hunter2\n")
		}}, []string{"credentials"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(c.cfg)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q shows a secret", err)
			}
		})
	}
}

func TestExpand(t *testing.T) {
	got, err := expand("/leads/{id}/notes/{note}", map[string]string{"id": "a/b c?d", "note": "{id}"})
	if want := "/leads/a%2Fb%20c%3Fd/notes/%7Bid%7D"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	for _, bad := range []string{"", ".", ".."} {
		if got, err := expand("/leads/{id}/end", map[string]string{"id": bad}); err == nil {
			t.Errorf("%q led to %q", bad, got)
		}
	}
}

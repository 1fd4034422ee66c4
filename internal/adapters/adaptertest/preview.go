package adaptertest

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// preview proves that a preview sends nothing and shows neither a person nor a secret.
func (s suite) preview(t *testing.T) {
	tr := s.begin(t)
	requests, warnings, err := Write(t, tr.adapter(), s.rpc).Preview(tr.in)
	if err != nil {
		t.Fatalf("preview: %v", err)
	}
	if len(requests) == 0 && s.method != "" {
		t.Fatal("got no request")
	}
	if sent := tr.sent(); len(sent) != 0 {
		t.Errorf("the preview sent %d requests, want none", len(sent))
	}
	for _, r := range requests {
		s.wantClean(t, "the preview", show(r), tr.in)
		s.wantClean(t, "the preview's body", r.GetBody(), tr.in)
		if !strings.HasPrefix(r.GetUrl(), tr.base+"/") || r.GetMethod() == "" {
			t.Errorf("got %q %q, want a method and a URL beneath %s", r.GetMethod(), r.GetUrl(), tr.base)
		}
		if r.GetBody() != "" && !json.Valid([]byte(r.GetBody())) {
			t.Errorf("the body is not JSON: %s", r.GetBody())
		}
	}
	for _, w := range warnings {
		s.wantClean(t, "a warning", show(w), tr.in)
	}
}

// wantPreviewed checks that each request that changed something was in the preview.
func (tr *trial) wantPreviewed(previewed []*leadmuxv1.VendorRequest, changes []kit.Request) {
	tr.t.Helper()
	for _, c := range changes {
		shown := slices.ContainsFunc(previewed, func(r *leadmuxv1.VendorRequest) bool {
			path, _, _ := strings.Cut(strings.TrimPrefix(r.GetUrl(), tr.base), "?")
			// A redacted part of the path stands for any.
			pattern := strings.ReplaceAll(regexp.QuoteMeta(path), regexp.QuoteMeta("[redacted]"), "[^/]+")
			return r.GetMethod() == c.Method && regexp.MustCompile("^"+pattern+"$").MatchString(c.Path)
		})
		if !shown {
			tr.t.Errorf("%s %s was not in the preview", c.Method, c.Path)
		}
	}
}

package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// A case file is a txtar archive. Its comment says what it shows; then come steps in pairs of files:
//
//	-- name: LeadService.CreateLead [key=reader] --   an RPC over either transport; the content is the request as JSON
//	-- name: GET /v1/leads?pageSize=1 [key=none] --   a raw REST request; lines that begin with "> " are headers, the rest is the body
//	-- name: verse settings --                        a change of a vendor's settings; no answer
//	-- name: verse faults --                          its faults from here on, a JSON array; an empty one ends them
//	-- name: convertalk visit --                      a visitor at Convertalk
//	-- name: want --                                  the golden answer: code and HTTP status, then the body;
//	                                                  or "the lead of NAME", the step whose lead must be in the answer
//
// ${name.path.to[0].value} in a request stands for a value of an earlier answer, ${repeat:x:100} for a hundred x.
type caseFile struct {
	path    string
	archive *txtar.Archive
	steps   []*step
}

// step is one request with the answer it must get.
type step struct {
	name   string
	action string // "LeadService.CreateLead", "GET /v1/leads", "verse settings", …
	key    string
	body   string
	want   int // index of the file with the golden answer; -1 for none
}

var stepHead = regexp.MustCompile(`^([a-z0-9-]+): (.+?)(?: key=([a-z]+))?$`)

func readCase(t *testing.T, path string) *caseFile {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &caseFile{path: path, archive: archive}
	for i, file := range archive.Files {
		head := stepHead.FindStringSubmatch(file.Name)
		if head == nil {
			t.Fatalf("%s: %q is no step", path, file.Name)
		}
		if head[2] == "want" {
			if last := c.steps[len(c.steps)-1]; last.name == head[1] {
				last.want = i
				continue
			}
			t.Fatalf("%s: %q does not follow its step", path, file.Name)
		}
		c.steps = append(c.steps, &step{name: head[1], action: head[2], key: head[3], body: string(file.Data), want: -1})
	}
	return c
}

// raw says whether the step is a plain REST request, which has no counterpart over gRPC.
func (s *step) raw() bool { return regexp.MustCompile(`^[A-Z]+ /`).MatchString(s.action) }

var atVendor = regexp.MustCompile(`^([a-z]+) (settings|faults|visit)$`)

// play does what the step has happen at a vendor; false when it is a request.
func (s *step) play(t *testing.T, vendors *harness.Vendors, body string) bool {
	t.Helper()
	what := atVendor.FindStringSubmatch(s.action)
	if what == nil {
		return false
	}
	vendor := vendors.Get(what[1])
	switch what[2] {
	case "settings":
		vendor.Set(t, body)
	case "faults":
		var faults []kit.Fault
		into(t, body, &faults)
		vendor.Clear()
		vendor.Plan(t, faults...)
	case "visit":
		var visitor convertalk.Visitor
		into(t, body, &visitor)
		vendor.Visit(t, visitor)
	}
	return true
}

func into(t *testing.T, body string, value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), value); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
}

// store keeps a golden answer; write then writes the file.
func (c *caseFile) store(s *step, golden string) {
	if s.want >= 0 {
		c.archive.Files[s.want].Data = []byte(golden)
		return
	}
	for i, file := range c.archive.Files {
		if strings.HasPrefix(file.Name, s.name+": ") {
			rest := append([]txtar.File{{Name: s.name + ": want", Data: []byte(golden)}}, c.archive.Files[i+1:]...)
			c.archive.Files = append(c.archive.Files[:i+1:i+1], rest...)
			break
		}
	}
	at := false
	for _, other := range c.steps {
		if other == s {
			at = true
			for i, file := range c.archive.Files {
				if file.Name == s.name+": want" {
					s.want = i
				}
			}
		} else if at && other.want >= 0 {
			other.want++
		}
	}
}

// sameAs is the step whose lead the answer must have; empty where a golden answer stands.
func (c *caseFile) sameAs(s *step) string {
	if s.want < 0 {
		return ""
	}
	first, ok := strings.CutPrefix(string(c.archive.Files[s.want].Data), "the lead of ")
	if !ok {
		return ""
	}
	return strings.TrimSpace(first)
}

func (c *caseFile) write(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(c.path, txtar.Format(c.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

var (
	placeholder = regexp.MustCompile(`\$\{([a-z0-9-]+)\.([A-Za-z0-9.\[\]]+)\}`)
	repeated    = regexp.MustCompile(`\$\{repeat:([^:}]+):([0-9]+)\}`)
)

// fill puts values of earlier answers in for the placeholders of a request.
func fill(t *testing.T, text string, answers map[string][]byte) string {
	t.Helper()
	text = repeated.ReplaceAllStringFunc(text, func(match string) string {
		parts := repeated.FindStringSubmatch(match)
		n, err := strconv.Atoi(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		return strings.Repeat(parts[1], n)
	})
	return placeholder.ReplaceAllStringFunc(text, func(match string) string {
		parts := placeholder.FindStringSubmatch(match)
		var value any
		if err := json.Unmarshal(answers[parts[1]], &value); err != nil {
			t.Fatalf("%s: the answer of %s: %v", match, parts[1], err)
		}
		for _, part := range strings.FieldsFunc(parts[2], func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
			value = inside(value, part)
		}
		if value == nil {
			t.Fatalf("%s is not in\n%s", match, answers[parts[1]])
		}
		return fmt.Sprint(value)
	})
}

// inside is a member of an object or an item of a list; nil when it is not there.
func inside(value any, part string) any {
	switch v := value.(type) {
	case map[string]any:
		return v[part]
	case []any:
		if i, err := strconv.Atoi(part); err == nil && i < len(v) {
			return v[i]
		}
	}
	return nil
}

func caseFiles(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no case files: %v", err)
	}
	return paths
}

package ujet_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// refusal is a request that must change nothing.
type refusal struct {
	name, method, path, body string
	status                   int
	message                  string
}

// refuses checks each answer, and that the ledger holds the same records afterwards.
func (f *fixture) refuses(t *testing.T, kinds []string, all ...refusal) {
	t.Helper()
	before := f.count(kinds...)
	for _, c := range all {
		name := c.name
		if name == "" {
			name = c.method + " " + c.path + " " + c.body
		}
		t.Run(name, func(t *testing.T) {
			f.call(c.method, c.path, c.body).is(t, c.status, fmt.Sprintf(`{"message":%q}`, c.message))
			if last := lastRequest(t, f); last.Effect != "" {
				t.Errorf("ledger entry %+v", last)
			}
			if after := f.count(kinds...); after != before {
				t.Errorf("records %s, before %s", after, before)
			}
		})
	}
}

// count tells how many records there are of each kind, as "call=1 chat=0".
func (f *fixture) count(kinds ...string) string {
	f.t.Helper()
	out := make([]string, len(kinds))
	err := f.Ledger().View(func(tx *kit.Tx) error {
		for i, kind := range kinds {
			n := 0
			if err := tx.Each(kind, func(string, json.RawMessage) error { n++; return nil }); err != nil {
				return err
			}
			out[i] = fmt.Sprintf("%s=%d", kind, n)
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return strings.Join(out, " ")
}

// record reads one record of the ledger.
func record[T any](t *testing.T, f *fixture, kind, id string) T {
	t.Helper()
	var v T
	err := f.Ledger().View(func(tx *kit.Tx) error {
		found, err := tx.Get(kind, id, &v)
		if err == nil && !found {
			err = fmt.Errorf("no %s %s", kind, id)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// set patches the settings.
func (f *fixture) set(t *testing.T, patch string) {
	t.Helper()
	if a := f.ask("PATCH", "/settings", patch); a.status != 200 {
		t.Fatalf("%s: %d %s", patch, a.status, a.body)
	}
}

// at reads a value inside decoded JSON by its path, such as "end_user.id" or "0.name".
func (a answer) at(t *testing.T, path string) any {
	t.Helper()
	v := decode[any](t, a)
	for _, step := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(in) {
				t.Fatalf("%s has no %s", a.body, path)
			}
			v = in[i]
		default:
			t.Fatalf("%s has no %s", a.body, path)
		}
	}
	return v
}

// has checks the status and values inside the answer.
func (a answer) has(t *testing.T, status int, want map[string]any) {
	t.Helper()
	if a.status != status {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for path, w := range want {
		if n, ok := w.(int); ok {
			w = float64(n)
		}
		if got := a.at(t, path); got != w {
			t.Errorf("%s is %v, want %v, in %s", path, got, w, a.body)
		}
	}
}

// replaced is text with was, which must be in it, turned into is.
func replaced(t *testing.T, text, was, is string) string {
	t.Helper()
	if !strings.Contains(text, was) {
		t.Fatalf("%s has no %s", text, was)
	}
	return strings.Replace(text, was, is, 1)
}

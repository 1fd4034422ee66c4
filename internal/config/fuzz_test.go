package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/config"
)

// FuzzLoad proves that no file makes Load panic, and that what it says is one line for each problem.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "#", "a: b: c", "accounts: [{vendor: verse, name: x, api_key: {env: A}}]", "accounts: [{vendor: }]", "? a\n: b", "tls: &a {cert: x}",
		"- a\n- b", "a: *b", "\"\": 1", "api_keys:\n  - name: |\n      x\n", "---\na: 1\n---\nb: 2", "accounts:\n- vendor: !!str verse", "{", "<<: 1",
	} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "leadmux.yaml") // one worker, one folder
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load(path, func(string) (string, bool) { return "", false })
		if err == nil {
			return
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !strings.HasPrefix(line, path+":") {
				t.Fatalf("a line without its place: %q", line)
			}
		}
	})
}

package failpoint_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/leadmux/leadmux/internal/failpoint"
)

func TestEveryPlaceIsDescribedOnce(t *testing.T) {
	t.Parallel()
	seen := map[failpoint.Point]bool{}
	for _, p := range failpoint.Places() {
		if p.Point == "" || p.Done == "" || p.Open == "" || seen[p.Point] {
			t.Errorf("the place %+v is not described, or described twice", p)
		}
		seen[p.Point] = true
	}
}

// TestABuildWithoutTheTagHasNone looks into the service's binary as it ships: nothing of this package is in it, and so nothing
// that could read the variable.
func TestABuildWithoutTheTagHasNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tags string
		has  bool
	}{{"", false}, {"failpoints", true}} {
		binary := filepath.Join(t.TempDir(), "leadmux-server")
		build := exec.CommandContext(t.Context(), "go", "build", "-tags", c.tags, "-o", binary, "github.com/leadmux/leadmux/cmd/server")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		symbols, err := exec.CommandContext(t.Context(), "go", "tool", "nm", binary).Output()
		if err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(binary)
		if err != nil {
			t.Fatal(err)
		}
		if has := bytes.Contains(symbols, []byte("internal/failpoint.")); has != c.has {
			t.Errorf("with the tags %q the binary has functions of this package: %t", c.tags, has)
		}
		if has := bytes.Contains(whole, []byte("LEADMUX_FAILPOINTS")); has != c.has {
			t.Errorf("with the tags %q the binary has the name of the variable: %t", c.tags, has)
		}
	}
}

package crash_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// suite is set before the first test runs.
var suite *harness.Suite

var (
	rounds = flag.Int("rounds", 200, "how many rounds; `make crash ROUNDS=…`")
	seed   = flag.Uint64("seed", 0, "where the rounds begin, as a failure prints it; 0 begins anywhere")
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if *seed == 0 {
		*seed = 1 + rand.Uint64N(1_000_000)
	}
	if raceEnabled && !given["rounds"] {
		*rounds = 2 * perLife
	}
	if !given["test.parallel"] { // most of the time is waiting
		if err := flag.Set("test.parallel", "6"); err != nil {
			return 1, err
		}
	}
	dir, err := os.MkdirTemp("", "leadmux-crash-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if suite, err = harness.NewSuite(dir, raceEnabled, "failpoints"); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

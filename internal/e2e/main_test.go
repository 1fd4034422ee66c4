package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// suite is set before the first test runs.
var suite *harness.Suite

// update writes the golden answers of the case files and the table of docs/ENGAGEMENT-STATES.md anew.
var update = flag.Bool("update", false, "write golden answers anew")

// settled bounds the wait for what must happen by itself: retries, repair, the end of a stop.
const settled = 15 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(asGrpcurl) != "" { // this binary stands in for grpcurl, for the README's examples
		os.Exit(grpcurl(os.Args[1:], os.Stdout, os.Stderr))
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	flag.Parse()
	if err := waitTogether(); err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "leadmux-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if suite, err = harness.NewSuite(dir, raceEnabled); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// waitTogether lets more tests run at a time than there are processors, unless -parallel was given: nearly all their time is
// waiting for time to pass.
func waitTogether() error {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	return flag.Set("test.parallel", "6")
}

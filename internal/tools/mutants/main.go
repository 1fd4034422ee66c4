// Command mutants plants every fault of package mutant, one at a time, and fails when the test that should notice passes, or when
// a fault has no such test. `make mutants` calls it, at the root of the repository.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// within bounds one test with its fault; a fault may well let it wait for what never comes.
const within = "60s"

func main() {
	if !run(context.Background()) {
		os.Exit(1)
	}
}

func run(ctx context.Context) bool {
	ok := listed()
	for _, p := range table {
		start := time.Now()
		noticed, said := p.noticed(ctx)
		if !noticed {
			ok = false
			fmt.Printf("SURVIVED %s: %s of %s did not fail\n%s\n", p.name, p.test, p.pkg, said)
			continue
		}
		fmt.Printf("noticed  %-34s by %s (%s)\n", p.name, p.test, time.Since(start).Round(100*time.Millisecond))
	}
	return ok
}

// listed says whether every fault that there is has its line in the table.
func listed() bool {
	files, err := filepath.Glob("internal/mutant/*_*.go")
	if err != nil || len(files) == 0 {
		fmt.Println("no faults in internal/mutant:", err)
		return false
	}
	ok := true
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".go")
		if !slices.ContainsFunc(table, func(p planted) bool { return p.name == name }) {
			ok = false
			fmt.Printf("UNTESTED %s: no test is named for it in internal/tools/mutants/table.go\n", name)
		}
	}
	return ok
}

// noticed plants the fault and says whether its test itself fails: a build that fails, or a test that is not there, proves nothing.
func (p planted) noticed(ctx context.Context) (noticed bool, said string) {
	//nolint:gosec // arguments from the table above
	test := exec.CommandContext(ctx, "go", "test", "-tags", "mutant,mutant_"+p.name, "-timeout", within, "-run", "^"+p.test+"$", p.pkg)
	raw, err := test.CombinedOutput()
	return err != nil && strings.Contains(string(raw), "--- FAIL: "+p.test), string(raw)
}

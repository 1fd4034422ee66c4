// Command promises writes docs/PROMISES.md from the names of the tests: a promise stands there only while a test bears its number,
// and a test may bear only the number of a promise that is worded in table.go. `make generate` calls it, at the root of the
// repository.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const page = "docs/PROMISES.md"

// head is the page before its promises.
const head = `# Promises

What Leadmux promises, and the tests that prove it; this page is written from their names (` + "`make generate`" + `). A promise without a test is
not on it. Some have a planted fault that they are known to notice (` + "`make mutants`" + `); those that draw at random print their seed.

Not proven here: the vendors' own services (the emulators follow their documents), the loss of power on real disks, networks of
several machines.
`

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "promises:", err)
		os.Exit(1)
	}
}

func run() error {
	tests, err := find(os.DirFS("."))
	if err != nil {
		return err
	}
	text, err := write(tests)
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(text), 0o644) //nolint:gosec // a document for everybody
}

// proof is a test that bears promises' numbers.
type proof struct {
	dir, name string
	numbers   []int
}

var (
	declared = regexp.MustCompile(`(?m)^func (Test((?:P[0-9]+)+)[A-Za-z_][A-Za-z0-9_]*)\(\w+ \*testing\.T\)`)
	number   = regexp.MustCompile(`[0-9]+`)
)

// find reads the names of all tests of the repository.
func find(root fs.FS) (all []proof, err error) {
	err = fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		for _, match := range declared.FindAllSubmatch(source, -1) {
			p := proof{dir: path.Dir(name), name: string(match[1])}
			for _, n := range number.FindAllString(string(match[2]), -1) {
				i, err := strconv.Atoi(n)
				if err != nil {
					return err
				}
				p.numbers = append(p.numbers, i)
			}
			all = append(all, p)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b proof) int { return strings.Compare(a.dir+"."+a.name, b.dir+"."+b.name) })
	return all, err
}

// write makes the page.
func write(tests []proof) (string, error) {
	by := map[int][]proof{}
	for _, t := range tests {
		for _, n := range t.numbers {
			if promises[n] == "" {
				return "", fmt.Errorf("%s in %s proves promise %d, which internal/tools/promises/table.go does not word", t.name, t.dir, n)
			}
			by[n] = append(by[n], t)
		}
	}
	var b strings.Builder
	b.WriteString(head)
	for n := 1; n <= last; n++ {
		if len(by[n]) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## P%d\n\n%s\n\n", n, promises[n])
		for _, t := range by[n] {
			fmt.Fprintf(&b, "- `%s` %s\n", t.dir, t.name)
		}
	}
	return b.String(), nil
}

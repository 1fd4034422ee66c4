// Command sizes fails when a hand-written Go file outside tests is longer than a reader wants at a sitting. `make lint` calls it.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const maxLines = 400

func main() {
	files, err := exec.CommandContext(context.Background(), "git", "ls-files", "--cached", "--others", "--exclude-standard", "*.go").Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sizes: git ls-files:", err)
		os.Exit(1)
	}
	long := 0
	for _, file := range strings.Fields(string(files)) {
		if strings.HasPrefix(file, "gen/") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue // deleted, and not yet committed
		}
		if n := bytes.Count(text, []byte("\n")); n > maxLines {
			fmt.Fprintf(os.Stderr, "%s has %d lines; split it, at most %d\n", file, n, maxLines)
			long++
		}
	}
	if long > 0 {
		os.Exit(1)
	}
}

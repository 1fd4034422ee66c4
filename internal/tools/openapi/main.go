// Command openapi makes the published OpenAPI 3.1 document out of the generated fragments: it merges them, writes the
// validation rules of the linked descriptors into schemas and parameters, and adds what a fragment cannot know (the API key,
// the Idempotency-Key header, the shape of errors). Only `make generate` calls it, from the module's root; a test holds the
// committed document to what it prints.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

const (
	fragments = "gen/openapi/leadmux/v1/*.openapi.json"
	output    = "internal/server/openapi.json"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run() error {
	document, err := build(".")
	if err != nil {
		return err
	}
	return os.WriteFile(output, document, 0o644) //nolint:gosec // a published document
}

// build returns the document made from the fragments under root. Equal input gives equal bytes.
func build(root string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(root, fragments))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no file matches %s: run from the module's root", fragments)
	}
	slices.Sort(files)
	doc, err := merge(files)
	if err != nil {
		return nil, err
	}
	if err := doc.addFiles(root); err != nil {
		return nil, err
	}
	if err := describe(doc); err != nil {
		return nil, err
	}
	return encode(doc)
}

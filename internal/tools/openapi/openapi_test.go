package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const root = "../../.."

// TestCommittedDocumentIsCurrent fails when a schema changed and the document was not generated again.
func TestCommittedDocumentIsCurrent(t *testing.T) {
	want, err := build(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, output))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what this command prints now: run make generate", output)
	}
}

func TestBuildIsDeterministic(t *testing.T) {
	first, err := build(root)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if again, err := build(root); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("two runs differ (error %v)", err)
		}
	}
}

func TestMergeRefusesContradictions(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	operation := `{"paths":{"/v1/a":{"get":{"operationId":"A_B"}}}}`
	for name, pair := range map[string][2]string{
		"operation": {operation, operation},
		"schema":    {`{"components":{"schemas":{"a":{"type":"string"}}}}`, `{"components":{"schemas":{"a":{"type":"integer"}}}}`},
	} {
		if _, err := merge([]string{write("1", pair[0]), write("2", pair[1])}); err == nil {
			t.Errorf("%s: two contradicting fragments were merged", name)
		}
	}
}

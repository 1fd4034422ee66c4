package adaptertest

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/adapters"
)

// odd are values that no vendor documents in any field.
var odd = []any{
	nil, "", " ", "None", "\x00\ufffd", strings.Repeat("long ", 14_000), "2026-13-45 99:99:99", true, 0, -1, 1e300, json.Number("123456789012345678901234567890"),
	[]any{}, []any{1, "two", nil}, map[string]any{}, map[string]any{"": map[string]any{"a": []any{nil}}},
}

// RunOddDeliveries changes every delivery in testdata/webhooks, one value at a time, into what the vendor does not document: another type, a
// value that is not known, a key more, a key less. Each still becomes events; a key that is not known changes nothing.
func RunOddDeliveries(t *testing.T, reader adapters.WebhookReader) {
	t.Helper()
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no webhook fixtures: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f webhookFixture
		var body any
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatal(err)
		}
		if len(f.Body) == 0 || json.Unmarshal(f.Body, &body) != nil {
			continue // it is no JSON in the first place
		}
		hook, _ := reader.Webhook(f.Kind)
		want := golden(t, hook.Read(marshal(t, body)))
		everyPlace(body, func(v any) any { return v }, func(changed any, harmless bool) {
			raw := marshal(t, changed)
			ReadsAnything(t, reader, f.Kind, raw)
			if got := golden(t, hook.Read(raw)); harmless && !bytes.Equal(got, want) {
				t.Errorf("%s: a key that is not known changes it to\n%s", file, got)
			}
		})
		if t.Failed() {
			t.Fatalf("%s does not stand every change", file)
		}
	}
}

// everyPlace tries everything odd at every place of a value; whole puts the value back into the delivery around it.
func everyPlace(value any, whole func(any) any, try func(changed any, harmless bool)) {
	for _, other := range odd {
		try(whole(other), false)
	}
	switch v := value.(type) {
	case map[string]any:
		more := maps.Clone(v)
		more["newKeyOfTheVendor"] = map[string]any{"of": []any{1, "kind"}}
		try(whole(more), !freeKeys(v))
		for key, inner := range v {
			less := maps.Clone(v)
			delete(less, key)
			try(whole(less), false)
			everyPlace(inner, func(changed any) any {
				with := maps.Clone(v)
				with[key] = changed
				return whole(with)
			}, try)
		}
	case []any:
		for i, inner := range v {
			everyPlace(inner, func(changed any) any {
				with := slices.Clone(v)
				with[i] = changed
				return whole(with)
			}, try)
		}
	}
}

// freeKeys says whether an object is one whose keys are the customer's own words: all of its values are texts, and none is called by a name
// of the vendor's.
func freeKeys(object map[string]any) bool {
	for key, value := range object {
		if _, text := value.(string); !text || slices.Contains([]string{"id", "title", "type", "text", "event_type"}, key) {
			return false
		}
	}
	return true
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

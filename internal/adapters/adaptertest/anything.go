package adaptertest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"buf.build/go/protovalidate"

	"github.com/leadmux/leadmux/internal/adapters"
)

// Deliveries gives a fuzz target every delivery in testdata/webhooks to begin with: its kind and its body.
func Deliveries(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no webhook fixtures: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var fixture webhookFixture
		if err := json.Unmarshal(text, &fixture); err != nil {
			f.Fatal(err)
		}
		if fixture.Text != "" {
			f.Add(fixture.Kind, []byte(fixture.Text))
		} else {
			f.Add(fixture.Kind, []byte(fixture.Body))
		}
	}
}

// ReadsAnything reads a delivery, whatever it is. It must become at least one event, each with a key of its own, within the limits of the
// schema and in valid UTF-8.
func ReadsAnything(t *testing.T, reader adapters.WebhookReader, kind string, raw []byte) {
	t.Helper()
	hook, ok := reader.Webhook(kind)
	if !ok {
		return
	}
	events := hook.Read(raw)
	keys := map[string]bool{}
	for _, e := range events {
		if e.Key == "" || keys[e.Key] {
			t.Errorf("an event has no key of its own: %q", e.Key)
		}
		keys[e.Key] = true
		if e.Event.GetType() == "" {
			t.Error("an event has no type")
		}
		if err := protovalidate.Validate(e.Event); err != nil {
			t.Errorf("event: %v", err)
		}
		if e.Lead != nil {
			if err := protovalidate.Validate(e.Lead); err != nil {
				t.Errorf("lead: %v", err)
			}
		}
		for _, id := range []string{e.VendorLeadID, e.VendorCallID, e.VendorChatID, e.LeadID, e.VendorStatus} {
			if len(id) > 200 || !utf8.ValidString(id) {
				t.Errorf("%q is no ID", id)
			}
		}
	}
}

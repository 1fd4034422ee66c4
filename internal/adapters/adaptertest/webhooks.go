package adaptertest

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// rewrite rewrites the golden events of webhook fixtures; read the difference.
var rewrite = flag.Bool("golden", false, "rewrite the golden events of webhook fixtures")

// webhookFixture is one file of testdata/webhooks: a delivery written by hand from the vendor's documentation, and the events it must
// become.
type webhookFixture struct {
	Kind string `json:"kind"`
	// Body is the delivery; Text is one that is no JSON.
	Body   json.RawMessage `json:"body,omitempty"`
	Text   string          `json:"text,omitempty"`
	Events []goldenEvent   `json:"events"`
}

// goldenEvent is a VendorEvent as it stands in a fixture.
type goldenEvent struct {
	VendorLeadID  string           `json:"vendor_lead_id,omitempty"`
	VendorCallID  string           `json:"vendor_call_id,omitempty"`
	VendorChatID  string           `json:"vendor_chat_id,omitempty"`
	LeadID        string           `json:"lead_id,omitempty"`
	Session       json.RawMessage  `json:"session,omitempty"`
	Event         json.RawMessage  `json:"event"`
	Clock         string           `json:"clock,omitempty"`
	State         string           `json:"state,omitempty"`
	Outcome       json.RawMessage  `json:"outcome,omitempty"`
	VendorStatus  string           `json:"vendor_status,omitempty"`
	UnknownStatus bool             `json:"unknown_status,omitempty"`
	Lead          json.RawMessage  `json:"lead,omitempty"`
	OptOut        *adapters.OptOut `json:"opt_out,omitempty"`
	Lasting       bool             `json:"lasting,omitempty"`
	Born          bool             `json:"born,omitempty"`
	Poll          bool             `json:"poll,omitempty"`
	Unrecognised  string           `json:"unrecognised,omitempty"`
	SendBack      bool             `json:"send_back,omitempty"`
}

// RunWebhooks reads every delivery in testdata/webhooks and compares what it becomes.
func RunWebhooks(t *testing.T, reader adapters.WebhookReader) {
	t.Helper()
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no webhook fixtures: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) { runWebhook(t, reader, file) })
	}
}

func runWebhook(t *testing.T, reader adapters.WebhookReader, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f webhookFixture
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		t.Fatal(err)
	}
	hook, ok := reader.Webhook(f.Kind)
	if !ok {
		t.Fatalf("there is no webhook of kind %q", f.Kind)
	}
	raw := []byte(f.Body)
	if f.Text != "" {
		raw = []byte(f.Text)
	}
	got := golden(t, hook.Read(raw))
	if again := golden(t, hook.Read(bytes.Clone(raw))); string(again) != string(got) {
		t.Errorf("read twice it says another thing:\n%s", again)
	}
	want, err := json.MarshalIndent(f.Events, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if sameJSON(got, want) {
		return
	}
	if !*rewrite {
		t.Errorf("got\n%s\nwant\n%s", got, want)
		return
	}
	if err := json.Unmarshal(got, &f.Events); err != nil {
		t.Fatal(err)
	}
	text, err = json.MarshalIndent(f, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

// golden is events as they stand in a fixture. It fails the test where two of them have one key, or one has none.
func golden(t *testing.T, events []adapters.VendorEvent) []byte {
	t.Helper()
	keys := map[string]bool{}
	var all []goldenEvent
	for _, e := range events {
		if e.Key == "" || keys[e.Key] {
			t.Errorf("an event has no key of its own: %q", e.Key)
		}
		keys[e.Key] = true
		g := goldenEvent{
			VendorLeadID: e.VendorLeadID, VendorCallID: e.VendorCallID, VendorChatID: e.VendorChatID, LeadID: e.LeadID, Clock: e.Clock,
			VendorStatus: e.VendorStatus, UnknownStatus: e.UnknownStatus, OptOut: e.OptOut, Lasting: e.Lasting, Born: e.Born, Poll: e.Poll,
			SendBack: e.SendBack, Unrecognised: e.Unrecognised, Event: asJSON(t, e.Event),
		}
		if e.State != leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNSPECIFIED {
			g.State = e.State.String()
		}
		if e.Outcome != nil {
			g.Outcome = asJSON(t, e.Outcome)
		}
		if e.Session != nil {
			g.Session = asJSON(t, e.Session)
		}
		if e.Lead != nil {
			g.Lead = asJSON(t, e.Lead)
		}
		all = append(all, g)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func asJSON(t *testing.T, m proto.Message) json.RawMessage {
	t.Helper()
	text, err := protojson.MarshalOptions{}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer // protojson varies its blanks on purpose
	if err := json.Compact(&compact, text); err != nil {
		t.Fatal(err)
	}
	return compact.Bytes()
}

func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && x.String() == y.String()
}

// Forged proves that a webhook refuses every delivery but the genuine one: header is the genuine one's, and each of without is a header
// that must not pass.
func Forged(t *testing.T, hook adapters.Webhook, genuine http.Header, raw []byte, now time.Time, forged map[string]http.Header) {
	t.Helper()
	if err := hook.Verify(genuine, raw, now); err != nil {
		t.Errorf("the genuine delivery: %v", err)
	}
	for name, header := range forged {
		if err := hook.Verify(header, raw, now); err == nil {
			t.Errorf("%s passed", name)
		}
	}
}

package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// normaliser writes answers in a form that is the same at every run: what the service makes up anew each time is numbered in
// the order it appears.
type normaliser struct {
	seen  map[string]string
	count map[string]int
	bases *strings.Replacer
}

func newNormaliser(v *harness.Vendors) *normaliser {
	var pairs []string
	for _, name := range harness.VendorNames() {
		pairs = append(pairs, v.Get(name).BaseURL, "http://"+name+".example.com")
	}
	return &normaliser{seen: map[string]string{}, count: map[string]int{}, bases: strings.NewReplacer(pairs...)}
}

// made is what the service and the vendors make up: IDs, and UUIDs of vendors and of log entries.
var made = regexp.MustCompile(`\b(?:(lead|op|evt|process|call|chat|sup|sub|dlv)_[0-9a-hjkmnp-tv-z]{26}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b`)

var moments = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"`)

// json normalises a body.
func (n *normaliser) json(body []byte) string {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return n.text(string(body))
	}
	plain(value)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		return err.Error()
	}
	return n.text(out.String())
}

func (n *normaliser) text(text string) string {
	text = n.bases.Replace(text)
	text = made.ReplaceAllStringFunc(text, func(id string) string {
		if n.seen[id] == "" {
			kind, _, ours := strings.Cut(id, "_")
			if !ours {
				kind = "uuid"
			}
			n.count[kind]++
			n.seen[id] = fmt.Sprintf("%s_%d", kind, n.count[kind])
		}
		return n.seen[id]
	})
	return moments.ReplaceAllStringFunc(text, func(quoted string) string {
		at, err := time.Parse(time.RFC3339Nano, strings.Trim(quoted, `"`))
		if err != nil || time.Since(at).Abs() > 24*time.Hour {
			return quoted // one that the case itself gave
		}
		return `"TIME"`
	})
}

// opaque are members whose values have no meaning to a reader, by what stands for them.
var opaque = map[string]string{"etag": "ETAG", "nextPageToken": "TOKEN", "cursor": "CURSOR", "retryDelay": "DELAY",
	"eventCursor": "CURSOR", "secret": "SECRET", "publicKey": "KEY", "duration": "DURATION"}

// plain replaces opaque members and takes out those that are there or not by chance.
func plain(value any) {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "nextSlotTime")
		for key, inner := range v {
			if name, ok := opaque[key]; ok && inner != "" {
				v[key] = name
				continue
			}
			plain(inner)
		}
	case []any:
		for _, inner := range v {
			plain(inner)
		}
	}
}

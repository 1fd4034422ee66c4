package convertalk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// noteItem is one note as the vendor takes it.
type noteItem struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

// attributeItem is one custom attribute as the vendor takes it.
type attributeItem struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// body is the wish as the vendor takes it: with the three arrays in the account's form.
func (a *Adapter) body(w wish) leadBody {
	b := w.body
	if a.asText {
		b.Notes, b.Tags, b.Attributes = notesText(w.notes), w.notices.tagsText(w.tags), attributesText(w.attributes)
	} else {
		b.Notes, b.Tags, b.Attributes = list(w.notes), list(w.tags), list(w.attributes)
	}
	return b
}

// list is items as a body field, nil when there are none, so that the field is left out.
func list[T any](items []T) any {
	if len(items) == 0 {
		return nil
	}
	return items
}

// noteItems are the notes that say something.
func noteItems(notes []*leadmuxv1.Note) []noteItem {
	var items []noteItem
	for _, n := range notes {
		if n.GetTitle() != "" || n.GetDescription() != "" {
			items = append(items, noteItem{Title: n.GetTitle(), Description: n.GetDescription()})
		}
	}
	return items
}

// trimmed is the note as it may come back.
func (n noteItem) trimmed() noteItem {
	return noteItem{Title: strings.TrimSpace(n.Title), Description: strings.TrimSpace(n.Description)}
}

// line is the note as one text.
func (n noteItem) line() string {
	n = n.trimmed()
	if n.Title != "" && n.Description != "" {
		n.Title += ": "
	}
	return n.Title + n.Description
}

// notesText is all notes as one text, a line or more for each.
func notesText(notes []noteItem) any {
	var lines []string
	for _, n := range notes {
		lines = append(lines, n.line())
	}
	return textOrNil(strings.Join(lines, "\n"))
}

// tagsText is all tags as one text with commas between them. A tag that holds a comma would come out as two, so it stays
// away.
func (n *notices) tagsText(tags []string) any {
	var kept []string
	for _, tag := range tags {
		if !strings.Contains(tag, ",") {
			kept = append(kept, tag)
		}
	}
	if left := len(tags) - len(kept); left > 0 {
		n.notSent("lead.tags", fmt.Sprintf("%d of them hold a comma, which separates tags in this account's array_fields form", left))
	}
	return textOrNil(strings.Join(kept, ","))
}

// attributesText is the array of attributes as JSON text.
func attributesText(items []attributeItem) any {
	if len(items) == 0 {
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(items); err != nil {
		return nil // cannot be: two strings each
	}
	return strings.TrimSpace(b.String())
}

func textOrNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// attributes are the caller's further fields under keys the vendor takes, ordered by key. Where two of the caller's keys
// become one, the one that needed no change wins, else the first in order.
func (n *notices) attributes(given map[string]string) []attributeItem {
	byKey := map[string]string{}
	changed, dropped := 0, 0
	keys := slices.Sorted(maps.Keys(given))
	for _, key := range keys {
		if key != "" && vendorKey(key) == key {
			byKey[key] = given[key]
		}
	}
	for _, key := range keys {
		ours := vendorKey(key)
		if key != "" && ours == key {
			continue
		}
		if _, taken := byKey[ours]; taken || ours == "" {
			dropped++
			continue
		}
		byKey[ours] = given[key]
		changed++
	}
	// The counts and not the keys: those are the caller's, and may be about the person.
	if changed > 0 {
		n.clipped("lead.attributes", fmt.Sprintf("%d keys were shortened to what Convertalk takes: a-z, 0-9 and _", changed))
	}
	if dropped > 0 {
		n.notSent("lead.attributes", fmt.Sprintf("%d of them have no key of a-z, 0-9 and _ that is free", dropped))
	}
	var items []attributeItem
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		items = append(items, attributeItem{Key: key, Value: byKey[key]})
	}
	return items
}

// vendorKey is a key in lower case without anything but a-z, 0-9 and _. The vendor asks for lower case without blanks and
// special characters; that the underscore is none of these is assumed.
func vendorKey(key string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, strings.ToLower(key))
}

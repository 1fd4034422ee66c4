package convertalk

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// record is one chat user as the listing shows it. Everything of it may be absent or of another type than documented.
type record struct{ value }

// uuid is the chat user's ID, the one the PUT goes by; empty when the record has none.
func (r record) uuid() string { return r.get("uuid").text() }

// details is the profile's personal part.
func (r record) details(path ...string) value {
	return r.get(append([]string{"profile", "userDetails"}, path...)...)
}

// name is the whole name; sibling objects have it under another key.
func (r record) name() string {
	return cmp.Or(r.details("name").text(), r.details("userProvidedName").text())
}

// notes are the notes that say something.
func (r record) notes() []noteItem {
	var notes []noteItem
	for _, item := range r.get("profile", "notes").items() {
		n := noteItem{Title: item.get("title").text(), Description: cmp.Or(item.get("description").text(), item.text())}
		if n != (noteItem{}) {
			notes = append(notes, n)
		}
	}
	return notes
}

// tags are the tags, each once. The vendor's table calls them a String: text with commas between them is taken too.
func (r record) tags() []string {
	given := strings.Split(r.details("tags").text(), ",")
	for _, item := range r.details("tags").items() {
		given = append(given, item.text())
	}
	var tags []string
	for _, tag := range given {
		if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// attributes are the custom attributes, each key once, ordered by key. Beside an array of keys and values, the same as JSON
// text and an object are taken.
func (r record) attributes() []attributeItem {
	given := r.details("attributes")
	if inText, err := parse([]byte(given.text())); err == nil {
		given = inText
	}
	byKey := map[string]string{}
	for _, item := range given.items() {
		byKey[item.get("key").text()] = item.get("value").text()
	}
	for _, key := range slices.Sorted(maps.Keys(given.members())) {
		byKey[strings.TrimSpace(key)] = given.get(key).text()
	}
	delete(byKey, "")
	var attributes []attributeItem
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		attributes = append(attributes, attributeItem{Key: key, Value: byKey[key]})
	}
	return attributes
}

// moment is a time of the vendor's clock, ISO 8601 or milliseconds; zero where nothing sensible stands.
func (r record) moment(key string) time.Time {
	text := r.get(key).text()
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return time.Time{}
		}
		t = time.UnixMilli(ms)
	}
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}
	}
	return t.UTC()
}

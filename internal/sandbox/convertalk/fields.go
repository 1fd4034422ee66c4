package convertalk

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// bodyLimit is Express's default for JSON bodies, in bytes.
const bodyLimit = 100 << 10

// fields are the members of a JSON object; a body not declared as JSON has none, as in Express.
type fields map[string]json.RawMessage

func readFields(w http.ResponseWriter, r *http.Request) (fields, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "request entity too large")
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "request aborted")
	}
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if mediaType != "application/json" || len(raw) == 0 {
		return fields{}, nil
	}
	f := fields{}
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, refuse(http.StatusBadRequest, "Bad Request", "body must be a JSON object")
	}
	return f, nil
}

// problems collects what is wrong with a request, in the vendor's one-string-per-problem form.
type problems struct{ found []string }

func (p *problems) add(problem string) { p.found = append(p.found, problem) }

// text reads an optional string; null counts as not given (assumed: no document clears by null).
func (p *problems) text(f fields, name string) *string {
	var value *string
	if raw, given := f[name]; given && json.Unmarshal(raw, &value) != nil {
		p.add(name + " must be a string")
	}
	return value
}

// required reads a string that must not be empty.
func (p *problems) required(f fields, name string) string {
	before := len(p.found)
	value := p.text(f, name)
	if len(p.found) > before {
		return ""
	}
	if value == nil || *value == "" {
		p.add(name + " should not be empty")
		return ""
	}
	return *value
}

// check adds the problem when a value is given, not empty, and does not fit. Empty text clears a
// field (assumed).
func (p *problems) check(problem string, value *string, fits func(string) bool) {
	if value != nil && *value != "" && !fits(*value) {
		p.add(problem)
	}
}

// list reads a member that is an array in practice and a string in the vendor's own table: both
// are taken, fromText says what the string form means.
func list[T any](p *problems, f fields, name string, fromText func(string) ([]T, bool)) *[]T {
	raw, given := f[name]
	if !given || string(raw) == "null" {
		return nil
	}
	var items []T
	if json.Unmarshal(raw, &items) == nil {
		return &items
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if items, ok := fromText(text); ok {
			return &items
		}
	}
	p.add(name + " must be an array")
	return nil
}

// tags takes an array of strings, or one string with commas between tags.
func (p *problems) tags(f fields) *[]string {
	return list(p, f, "tags", func(text string) ([]string, bool) {
		tags := []string{}
		for tag := range strings.SplitSeq(text, ",") {
			if tag = strings.TrimSpace(tag); tag != "" {
				tags = append(tags, tag)
			}
		}
		return tags, true
	})
}

// notes takes an array of titles and descriptions, or the text of one note.
func (p *problems) notes(f fields) *[]Note {
	return list(p, f, "notes", func(text string) ([]Note, bool) {
		if text == "" {
			return []Note{}, true
		}
		return []Note{{Description: text}}, true
	})
}

// attributes takes an array of keys and values, or the same as JSON text.
func (p *problems) attributes(f fields) *[]Attribute {
	attributes := list(p, f, "attributes", func(text string) ([]Attribute, bool) {
		items := []Attribute{}
		return items, text == "" || json.Unmarshal([]byte(text), &items) == nil
	})
	if attributes == nil {
		return nil
	}
	for _, a := range *attributes {
		if !attributeKey.MatchString(a.Key) {
			p.add("attributes keys must be lower case without blanks or special characters")
			break
		}
	}
	return attributes
}

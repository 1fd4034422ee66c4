package kit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// DecodeStrict decodes exactly one JSON object into the struct that into
// points to. A key the struct does not have is refused, in the exact spelling,
// with the list of keys that are allowed.
func DecodeStrict(raw []byte, into any) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return fmt.Errorf("body must be a JSON object: %w", err)
	}
	if keys == nil {
		return errors.New("body must be a JSON object, not null")
	}
	allowed := jsonKeys(reflect.TypeOf(into))
	for key := range keys {
		if !slices.Contains(allowed, key) {
			return fmt.Errorf("unknown key %q; allowed: %s", key, strings.Join(allowed, ", "))
		}
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("body must be one JSON object")
	}
	return nil
}

// jsonKeys lists the JSON names of a struct's fields in their order.
func jsonKeys(t reflect.Type) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && !f.Anonymous && name != "-" {
			keys = append(keys, cmp.Or(name, f.Name))
		}
	}
	return keys
}

package convertalk

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// value is a JSON value of the vendor's, read for what is wanted of it: where something else stands, or nothing, it is empty.
// So a number where text belongs, a null or a missing part never makes a record unreadable.
type value struct{ is any }

// parse reads a JSON text, keeping numbers as they are written.
func parse(raw []byte) (value, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v value
	err := dec.Decode(&v.is)
	return v, err
}

// get is what lies at a path of object keys.
func (v value) get(path ...string) value {
	for _, key := range path {
		v = value{v.members()[key]}
	}
	return v
}

// members are those of an object; nil for any other value.
func (v value) members() map[string]any {
	object, _ := v.is.(map[string]any)
	return object
}

// items are the elements of an array; none for any other value.
func (v value) items() []value {
	array, _ := v.is.([]any)
	items := make([]value, len(array))
	for i := range array {
		items[i] = value{array[i]}
	}
	return items
}

// text is a string without the blanks around it, or a number or truth value as written.
func (v value) text() string {
	switch is := v.is.(type) {
	case string:
		return strings.TrimSpace(is)
	case json.Number:
		return is.String()
	case bool:
		return strconv.FormatBool(is)
	default:
		return ""
	}
}

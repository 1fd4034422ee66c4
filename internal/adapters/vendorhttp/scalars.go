package vendorhttp

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
)

var wholeForm = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,17})$`)

// wholeNumber says whether a text is an integer of up to 18 digits, as JSON writes it.
func wholeNumber(text string) bool { return wholeForm.MatchString(text) }

func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// textForm is a scalar of JSON as text.
func textForm(value any) string { return fmt.Sprint(value) }

// scalar reads a JSON scalar into a field that is no message, as forgiving as can be: vendors write numbers where their documents
// say strings, and the other way round. False when it cannot be meant.
func scalar(f protoreflect.FieldDescriptor, value any) (protoreflect.Value, bool) {
	text, ok := asText(value)
	if !ok {
		return protoreflect.Value{}, false
	}
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text), true
	case protoreflect.BoolKind:
		b, err := strconv.ParseBool(strings.ToLower(text))
		return protoreflect.ValueOfBool(b), err == nil
	case protoreflect.EnumKind:
		number, ok := enumNumber(f.Enum(), text)
		return protoreflect.ValueOfEnum(number), ok
	case protoreflect.DoubleKind:
		n, err := strconv.ParseFloat(text, 64)
		return protoreflect.ValueOfFloat64(n), err == nil
	case protoreflect.Int32Kind:
		n, err := strconv.ParseFloat(text, 64)
		return protoreflect.ValueOfInt32(int32(n)), err == nil && math.Abs(n) <= math.MaxInt32
	default:
		return protoreflect.Value{}, false
	}
}

// asText is a string, number or boolean of JSON as text.
func asText(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	default:
		return "", false
	}
}

// enumNumber finds the value that a vendor's word means, however it is written: "Voicemail Received", "voicemail_received".
func enumNumber(enum protoreflect.EnumDescriptor, word string) (protoreflect.EnumNumber, bool) {
	normal := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, strings.TrimSpace(word))
	normal = strings.Join(strings.FieldsFunc(normal, func(r rune) bool { return r == '_' }), "_")
	value := enum.Values().ByName(protoreflect.Name(enumPrefix(enum) + normal))
	if value == nil {
		return 0, false
	}
	return value.Number(), true
}

// momentForms are the ways in which vendors write times.
var momentForms = []string{time.RFC3339, "2006-01-02 15:04:05 UTC", "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly}

// moment reads a time: one of momentForms, or seconds or milliseconds since 1970.
func moment(value any) (time.Time, bool) {
	text, ok := asText(value)
	if !ok {
		return time.Time{}, false
	}
	for _, form := range momentForms {
		if t, err := time.Parse(form, text); err == nil {
			return sane(t)
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}, false
	}
	if n >= 1e11 { // milliseconds: as seconds it would be after the year 5000
		return sane(time.UnixMilli(n))
	}
	return sane(time.Unix(n, 0))
}

// sane refuses times that a Timestamp cannot hold or nobody means.
func sane(t time.Time) (time.Time, bool) { return t.UTC(), t.Year() >= 1970 && t.Year() <= 9999 }

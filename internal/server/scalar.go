package server

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// durationForm is the JSON form of google.protobuf.Duration.
var durationForm = regexp.MustCompile(`^-?[0-9]{1,12}(\.[0-9]{1,9})?s$`)

// wellKnownForms are the message types that JSON writes as one string, with what is wrong with a text ("" for nothing).
var wellKnownForms = map[protoreflect.FullName]func(string) string{
	"google.protobuf.Timestamp": func(s string) string {
		if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
			return `must be an RFC 3339 time, such as "2026-01-31T08:00:00Z"`
		}
		return ""
	},
	"google.protobuf.Duration": func(s string) string {
		if !durationForm.MatchString(s) {
			return `must be a number of seconds followed by "s", such as "8s"`
		}
		return ""
	},
	"google.protobuf.FieldMask": func(string) string { return "" },
}

// wellKnown is the form of a message type that is one string in JSON; nil for an ordinary message.
func wellKnown(message protoreflect.MessageDescriptor) func(string) string {
	return wellKnownForms[message.FullName()]
}

// checkToken says what is wrong with a JSON value for a field that is no object; "" for nothing. It never tells the value.
func checkToken(field protoreflect.FieldDescriptor, tok json.Token) string {
	switch v := tok.(type) {
	case string:
		if isNumber(field.Kind()) && !is64(field.Kind()) || field.Kind() == protoreflect.BoolKind {
			return "must be " + kindName(field)
		}
		return checkText(field, v)
	case json.Number:
		if !isNumber(field.Kind()) {
			return "must be " + kindName(field)
		}
		return checkText(field, v.String())
	case bool:
		if field.Kind() != protoreflect.BoolKind {
			return "must be " + kindName(field)
		}
		return ""
	default: // null in a list, an object, an array
		return "must be " + kindName(field)
	}
}

// checkText says what is wrong with a value written as text, as in a query; "" for nothing.
func checkText(field protoreflect.FieldDescriptor, text string) string {
	bad := false
	switch kind := field.Kind(); kind {
	case protoreflect.StringKind:
	case protoreflect.BoolKind:
		bad = text != "true" && text != "false"
	case protoreflect.EnumKind:
		bad = field.Enum().Values().ByName(protoreflect.Name(text)) == nil
	case protoreflect.BytesKind:
		_, err := base64.StdEncoding.DecodeString(text)
		bad = err != nil
	case protoreflect.MessageKind, protoreflect.GroupKind:
		if form := wellKnown(field.Message()); form != nil {
			return form(text)
		}
		bad = true
	default:
		bad = !fits(kind, text)
	}
	if bad {
		return "must be " + kindName(field)
	}
	return ""
}

func isNumber(kind protoreflect.Kind) bool {
	switch kind {
	case protoreflect.BoolKind, protoreflect.EnumKind, protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind,
		protoreflect.GroupKind:
		return false
	default:
		return true
	}
}

// is64 says whether JSON may write a number as a string, as the protobuf mapping does for what a float64 cannot hold.
func is64(kind protoreflect.Kind) bool {
	switch kind {
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return true
	default:
		return false
	}
}

func fits(kind protoreflect.Kind, text string) bool {
	var err error
	switch kind {
	case protoreflect.FloatKind:
		_, err = strconv.ParseFloat(text, 32)
	case protoreflect.DoubleKind:
		_, err = strconv.ParseFloat(text, 64)
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		_, err = strconv.ParseInt(text, 10, 64)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		_, err = strconv.ParseUint(text, 10, 32)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		_, err = strconv.ParseUint(text, 10, 64)
	default:
		_, err = strconv.ParseInt(text, 10, 32)
	}
	return err == nil
}

// kindName says what a field takes.
func kindName(field protoreflect.FieldDescriptor) string {
	switch kind := field.Kind(); kind {
	case protoreflect.StringKind:
		return "a string"
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.BytesKind:
		return "a string in base64"
	case protoreflect.EnumKind:
		names := make([]string, field.Enum().Values().Len())
		for i := range names {
			names[i] = string(field.Enum().Values().Get(i).Name())
		}
		return "one of " + strings.Join(names, ", ")
	case protoreflect.MessageKind, protoreflect.GroupKind:
		form := wellKnown(field.Message())
		if form == nil {
			return "an object"
		}
		if problem := form("?"); problem != "" {
			return strings.TrimPrefix(problem, "must be ")
		}
		return "a string"
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return "a number"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return fmt.Sprintf("a whole number from %d to %d", math.MinInt32, math.MaxInt32)
	default:
		return "a whole number"
	}
}

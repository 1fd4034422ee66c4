package vendorhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// decoder fills a response from a vendor's JSON. A value of an odd form leaves its field empty and the rest as it is; it and keys
// that no field has are counted as drift.
type decoder struct {
	naming
	odd     int
	unknown int
}

// response reads a whole answer. An error is one of an answer that is no JSON.
func (d *decoder) response(f Forward, body []byte, into protoreflect.Message) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	value, err := parseJSON(body)
	if err != nil {
		return err
	}
	if members, ok := value.(map[string]any); ok {
		for _, key := range f.Ignore {
			delete(members, key)
		}
	}
	reply := f.reply(value)
	if reply == "" {
		if members, ok := value.(map[string]any); ok {
			d.object(members, into)
		}
		return nil
	}
	field := into.Descriptor().Fields().ByName(protoreflect.Name(reply))
	if members, ok := value.(map[string]any); ok && field.IsList() {
		if inside, wrapped := members[d.of(field)]; wrapped { // {"contacts": […], …}
			delete(members, d.of(field))
			d.object(members, into)
			value = inside
		}
	}
	d.field(field, value, into)
	return nil
}

// Fill reads a vendor's JSON object that came otherwise than in an answer, by the vendor's names of our fields. It is as lenient as the
// reading of answers: what cannot be meant is left out.
func Fill(into proto.Message, raw []byte, names map[string]string) {
	value, err := parseJSON(raw)
	members, ok := value.(map[string]any)
	if err != nil || !ok {
		return
	}
	d := decoder{naming: naming{names: []map[string]string{names}}}
	d.object(members, into.ProtoReflect())
}

// parseJSON reads one JSON value and keeps numbers as they are written.
func parseJSON(body []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, errNotJSON
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return value, nil
}

// object reads the members of a JSON object. It goes by our fields, since two of them may be fed by one key: the vendor's own word
// and what it means to us.
func (d *decoder) object(members map[string]any, into protoreflect.Message) {
	used := map[string]bool{}
	fields := into.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		names := d.all(f)
		for i, name := range names {
			value, ok := inside(members, name)
			if !ok {
				continue
			}
			outer, _, _ := strings.Cut(name, ".")
			used[outer] = true
			if _, isObject := value.(map[string]any); !isObject || f.Message() != nil || f.IsMap() || !leadsInside(name, names[i+1:]) {
				d.field(f, value, into)
			}
		}
	}
	d.unknown += len(members) - len(used)
}

// inside is a member by its name, or by its path within objects.
func inside(members map[string]any, name string) (any, bool) {
	outer, rest, deeper := strings.Cut(name, ".")
	value, ok := members[outer]
	if !deeper {
		return value, ok
	}
	object, _ := value.(map[string]any)
	return inside(object, rest)
}

// leadsInside says whether one of several paths leads into a member.
func leadsInside(name string, paths []string) bool {
	return slices.ContainsFunc(paths, func(path string) bool { return strings.HasPrefix(path, name+".") })
}

// field reads one member. null is as if it were not there.
func (d *decoder) field(f protoreflect.FieldDescriptor, value any, into protoreflect.Message) {
	items, isArray := value.([]any)
	switch {
	case value == nil:
	case f.IsMap():
		d.mapping(f, value, into)
	case f.IsList():
		if !isArray {
			items = []any{value}
		}
		list := into.Mutable(f).List()
		for _, item := range items {
			if v, ok := d.value(f, item, list.NewElement); ok {
				list.Append(v)
			}
		}
	case isArray && f.Message() != nil && f.Message().FullName() != "google.protobuf.Value" && f.Message().FullName() != "google.protobuf.ListValue":
		if len(items) > 0 { // one object, shown as a list of one
			d.field(f, items[0], into)
		}
	default:
		if v, ok := d.value(f, value, func() protoreflect.Value { return into.NewField(f) }); ok {
			into.Set(f, v)
		}
	}
}

func (d *decoder) mapping(f protoreflect.FieldDescriptor, value any, into protoreflect.Message) {
	members, ok := value.(map[string]any)
	if !ok {
		d.odd++
		return
	}
	m := into.Mutable(f).Map()
	for key, member := range members {
		if v, ok := d.value(f.MapValue(), member, m.NewValue); ok {
			m.Set(protoreflect.ValueOfString(key).MapKey(), v)
		}
	}
}

// value reads one value of a field; false when it cannot be meant.
func (d *decoder) value(f protoreflect.FieldDescriptor, value any, empty func() protoreflect.Value) (protoreflect.Value, bool) {
	if value == nil {
		return protoreflect.Value{}, false
	}
	if f.Message() == nil {
		return d.scalar(f, value)
	}
	v := empty()
	switch into := v.Message().Interface().(type) {
	case *timestamppb.Timestamp:
		t, ok := moment(value)
		if !ok {
			d.odd += oddness(value)
			return v, false
		}
		into.Seconds, into.Nanos = t.Unix(), int32(t.Nanosecond())
	case *structpb.Struct, *structpb.Value:
		return v, free(into, value)
	case *leadmuxv1.ItemError:
		text, ok := asText(value)
		into.Message = text
		return v, ok && text != ""
	default:
		members, ok := value.(map[string]any)
		if !ok {
			d.odd++
			return v, false
		}
		d.object(members, v.Message())
	}
	return v, true
}

// scalar reads the value of a field that is no message.
func (d *decoder) scalar(f protoreflect.FieldDescriptor, value any) (protoreflect.Value, bool) {
	if text, _ := asText(value); text == "0" && KindOf(f) != leadmuxv1.IdKind_ID_KIND_UNSPECIFIED {
		return protoreflect.Value{}, false // none yet: nothing has that ID
	}
	v, ok := scalar(f, value)
	if !ok && f.Kind() != protoreflect.EnumKind || !ok && !isWord(value) {
		d.odd++
	}
	return v, ok
}

// isWord says whether a value is a text: one that an enum lacks stands in the open string beside it.
func isWord(value any) bool {
	_, ok := value.(string)
	return ok
}

// oddness counts a value for nothing when it is an empty text, which vendors write for "not yet".
func oddness(value any) int {
	if value == "" {
		return 0
	}
	return 1
}

// free reads JSON of any form into a message made for that.
func free(into any, value any) bool {
	raw, err := json.Marshal(value)
	if err != nil {
		return false
	}
	switch into := into.(type) {
	case *structpb.Struct:
		return into.UnmarshalJSON(raw) == nil
	case *structpb.Value:
		return into.UnmarshalJSON(raw) == nil
	default:
		return false
	}
}

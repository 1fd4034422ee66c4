package adaptertest

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/leadmux/leadmux/internal/adapters"
)

// leaf is one string in a message.
type leaf struct {
	path, value string
	personal    bool
}

// leaves are all strings in m, with their paths from prefix. What lies beneath a field marked debug_redact is personal.
func leaves(prefix string, m protoreflect.Message, personal bool) []leaf {
	var all []leaf
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		path, hidden := prefix+"."+string(f.Name()), personal || redact(f)
		switch {
		case f.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				all = append(all, leavesOf(fmt.Sprintf("%s[%s]", path, k), f.MapValue(), v, hidden)...)
				return true
			})
		case f.IsList():
			for i := range v.List().Len() {
				all = append(all, leavesOf(fmt.Sprintf("%s[%d]", path, i), f, v.List().Get(i), hidden)...)
			}
		default:
			all = append(all, leavesOf(path, f, v, hidden)...)
		}
		return true
	})
	return all
}

func leavesOf(path string, f protoreflect.FieldDescriptor, v protoreflect.Value, personal bool) []leaf {
	switch f.Kind() {
	case protoreflect.StringKind:
		return []leaf{{path, v.String(), personal}}
	case protoreflect.MessageKind:
		return leaves(path, v.Message(), personal)
	}
	return nil
}

func redact(f protoreflect.FieldDescriptor) bool {
	o, ok := f.Options().(*descriptorpb.FieldOptions)
	return ok && o.GetDebugRedact()
}

// private is everything that must stay out of errors and previews: the personal values of the lead and its options, and the
// secrets.
func (h Harness) private(in adapters.LeadInput) []string {
	all := append([]string(nil), h.Secrets...)
	from := leaves("lead", in.Lead.ProtoReflect(), false)
	if in.Options != nil {
		from = append(from, leaves("vendor_options", in.Options.ProtoReflect(), false)...)
	}
	for _, l := range from {
		// Two letters stand in any sentence by chance.
		if l.personal && len(l.value) > 2 {
			all = append(all, l.value, strings.TrimPrefix(l.value, "+"))
		}
	}
	return all
}

// wantClean fails the test when text holds anything private.
func (h Harness) wantClean(t *testing.T, what, text string, in adapters.LeadInput) {
	t.Helper()
	for _, p := range h.private(in) {
		if strings.Contains(strings.ToLower(text), strings.ToLower(p)) {
			t.Errorf("%s holds the private value %q:\n%s", what, p, text)
		}
	}
}

// show is a message as text.
func show(m proto.Message) string { return prototext.Format(m) }

package vendorhttp

import (
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// Warning is a warning as results carry it. The message must hold no personal value; field is our path, empty for none.
func Warning(code leadmuxv1.WarningCode, field, message string) *leadmuxv1.Warning {
	return &leadmuxv1.Warning{Code: rpcerr.WarningName(code), Message: message, Field: field}
}

// NotSent warns FIELD_NOT_SENT of every field of the lead that is set and that the vendor has no place for, in the schema's
// order. sent are the paths the vendor gets ("lead.phone", "lead.address.city"), or that the adapter speaks of itself; what
// lies beneath one is sent too. Our own IDs and what only the service sets are no vendor's business. A message of which nothing is sent is one warning. Fields that the schema gains later are
// warned about until an adapter names them. vendor is the name people know, such as "Verse".
func NotSent(vendor string, lead *leadmuxv1.Lead, sent ...string) []*leadmuxv1.Warning {
	return notSent(vendor, "lead", lead.ProtoReflect(), sent)
}

func notSent(vendor, prefix string, m protoreflect.Message, sent []string) []*leadmuxv1.Warning {
	var warnings []*leadmuxv1.Warning
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		path := prefix + "." + string(f.Name())
		beneath := func(p string) bool { return strings.HasPrefix(p, path+".") }
		switch {
		case slices.Contains(sent, path) || isOurs(f) || !m.Has(f) || isEmptyMessage(m, f):
		case isOneMessage(f) && slices.ContainsFunc(sent, beneath):
			warnings = append(warnings, notSent(vendor, path, m.Get(f).Message(), sent)...)
		default:
			warnings = append(warnings, Warning(leadmuxv1.WarningCode_WARNING_CODE_FIELD_NOT_SENT, path,
				vendor+" has no place for this field; it was left out"))
		}
	}
	return warnings
}

// isOurs says that the field stays with us by design: the service sets it, or it is the caller's own ID of the lead, instead
// of which vendors get ours.
func isOurs(f protoreflect.FieldDescriptor) bool {
	behaviour, _ := proto.GetExtension(f.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return slices.Contains(behaviour, annotations.FieldBehavior_OUTPUT_ONLY) || f.FullName() == "leadmux.v1.Lead.external_id"
}

// isEmptyMessage says that the field is a message without any value, such as "address": {}.
func isEmptyMessage(m protoreflect.Message, f protoreflect.FieldDescriptor) bool {
	return isOneMessage(f) && proto.Size(m.Get(f).Message().Interface()) == 0
}

func isOneMessage(f protoreflect.FieldDescriptor) bool {
	return f.Message() != nil && !f.IsList() && !f.IsMap()
}

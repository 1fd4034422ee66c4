package service

import (
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// fieldPath is a path of an update mask: the fields from the lead downward, and a map key if it ends in one.
type fieldPath struct {
	fields []protoreflect.FieldDescriptor
	key    string
}

// updatePaths are the paths that an update is to set: those of its mask, else every field that its lead has. What only the
// service sets is passed over, so that a lead that was read can be sent back.
func updatePaths(request *leadmuxv1.UpdateLeadRequest) ([]fieldPath, error) {
	var paths []fieldPath
	if request.GetUpdateMask() == nil {
		request.GetLead().ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if !settledHere(field) {
				paths = append(paths, fieldPath{fields: []protoreflect.FieldDescriptor{field}})
			}
			return true
		})
		return paths, nil
	}
	for _, text := range request.GetUpdateMask().GetPaths() {
		path, ok := parsePath(text)
		if !ok {
			return nil, rpcerr.Invalid("update_mask", "%q is no field of a lead; write it as in the schema, such as owner.email", text)
		}
		if !settledHere(path.fields[0]) {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// settledHere says whether a field of a lead is none that callers set by a mask: its ID and etag, and what only the service sets.
func settledHere(field protoreflect.FieldDescriptor) bool {
	behaviors, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	for _, b := range behaviors {
		if b == annotations.FieldBehavior_OUTPUT_ONLY {
			return true
		}
	}
	return false
}

func parsePath(text string) (fieldPath, bool) {
	var path fieldPath
	message := (&leadmuxv1.Lead{}).ProtoReflect().Descriptor()
	for rest := text; ; {
		name, deeper, more := strings.Cut(rest, ".")
		if message == nil {
			return path, false
		}
		field := message.Fields().ByName(protoreflect.Name(name))
		if field == nil {
			return path, false
		}
		path.fields = append(path.fields, field)
		switch {
		case !more:
			return path, true
		case field.IsMap():
			path.key = deeper
			return path, deeper != ""
		case field.IsList():
			return path, false
		}
		message, rest = field.Message(), deeper
	}
}

// String is the path as a mask spells it.
func (p fieldPath) String() string {
	names := make([]string, len(p.fields), len(p.fields)+1)
	for i, field := range p.fields {
		names[i] = string(field.Name())
	}
	if p.key != "" {
		names = append(names, p.key)
	}
	return strings.Join(names, ".")
}

// set makes the field of to what it is in from; cleared where from does not have it.
func (p fieldPath) set(to, from protoreflect.Message) {
	last := len(p.fields) - 1
	for _, field := range p.fields[:last] {
		if !from.Has(field) && !to.Has(field) {
			return
		}
		to, from = to.Mutable(field).Message(), from.Get(field).Message()
	}
	field := p.fields[last]
	switch {
	case p.key != "":
		key := protoreflect.ValueOfString(p.key).MapKey()
		if value := from.Get(field).Map().Get(key); value.IsValid() {
			to.Mutable(field).Map().Set(key, value)
		} else if to.Has(field) {
			to.Mutable(field).Map().Clear(key)
		}
	case from.Has(field):
		to.Set(field, from.Get(field))
	default:
		to.Clear(field)
	}
}

// isSet says whether the field has a value of its own in a message; a list or map may always have lost one, and is not.
func (p fieldPath) isSet(in protoreflect.Message) bool {
	last := len(p.fields) - 1
	for _, field := range p.fields[:last] {
		in = in.Get(field).Message()
	}
	return in.Has(p.fields[last]) && !p.fields[last].IsList() && !p.fields[last].IsMap()
}

// updated is the event of what changed of a lead but for its engagements and what else only the service sets.
func (s *LeadService) updated(before, after *leadmuxv1.Lead) *leadmuxv1.Event {
	var changed []string
	old, now := before.ProtoReflect(), after.ProtoReflect()
	for fields, i := now.Descriptor().Fields(), 0; i < fields.Len(); i++ {
		field := fields.Get(i)
		if !settledHere(field) && !old.Get(field).Equal(now.Get(field)) {
			changed = append(changed, string(field.Name()))
		}
	}
	event := s.cfg.Dispatcher.NewEvent("lead.updated", after)
	event.Detail = &leadmuxv1.Event_LeadUpdated{LeadUpdated: &leadmuxv1.LeadUpdated{Fields: changed}}
	return event
}

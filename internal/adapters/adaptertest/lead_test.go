package adaptertest

import (
	"slices"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// TestFullLeadIsFull makes a field that the API gains later fail here, until the suite covers it.
func TestFullLeadIsFull(t *testing.T) {
	wantFull(t, "lead", FullLead(0).ProtoReflect())
	if err := protovalidate.Validate(FullLead(7)); err != nil {
		t.Errorf("the lead is not one a caller could send: %v", err)
	}
}

func wantFull(t *testing.T, path string, m protoreflect.Message) {
	t.Helper()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		at := path + "." + string(f.Name())
		behaviour, _ := proto.GetExtension(f.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
		switch {
		case slices.Contains(behaviour, annotations.FieldBehavior_OUTPUT_ONLY):
		case !m.Has(f):
			t.Errorf("%s is not set", at)
		case f.Kind() == protoreflect.MessageKind && !f.IsMap() && !f.IsList() && f.Message().FullName() != "google.protobuf.Timestamp":
			wantFull(t, at, m.Get(f).Message())
		}
	}
}

func TestLeavesKnowThePersonal(t *testing.T) {
	want := map[string]bool{
		"lead.first_name": true, "lead.address.city": true, "lead.notes[0].title": true, "lead.attributes[shoe_size]": true,
		"lead.source": false, "lead.tags[0]": false, "lead.owner.team": false,
	}
	for _, l := range leaves("lead", FullLead(0).ProtoReflect(), false) {
		if personal, asked := want[l.path]; asked {
			if l.personal != personal {
				t.Errorf("%s: personal %t, want %t", l.path, l.personal, personal)
			}
			delete(want, l.path)
		}
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}

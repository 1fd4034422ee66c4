package e2e_test

import (
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// ofOurKind are names of fields that sound like the ID of a lead, call or chat.
var ofOurKind = regexp.MustCompile(`^(|.*_)(lead|call|chat|end_user|from_user|parent)_id$`)

// idsOfOthers are the fields of such a name that hold no ID which would have to be swapped, and why.
var idsOfOthers = map[protoreflect.FullName]string{
	"leadmux.v1.SessionMenu.parent_id":   "a queue's",
	"leadmux.v1.CampaignContact.lead_id": "ours on both sides: the contact's unique ID, where that is one of our lead IDs",
}

// TestEveryIDIsMarked walks the messages of every RPC that goes to the vendor as it is, and of all that is in them: a field that
// by its name holds the ID of a lead, call or chat says so in the schema, which is what makes it ours.
func TestEveryIDIsMarked(t *testing.T) {
	t.Parallel()
	seen, marked := map[protoreflect.FullName]bool{}, 0
	var walk func(d protoreflect.MessageDescriptor)
	walk = func(d protoreflect.MessageDescriptor) {
		if seen[d.FullName()] || strings.HasPrefix(string(d.FullName()), "google.") {
			return
		}
		seen[d.FullName()] = true
		for i := range d.Fields().Len() {
			f := d.Fields().Get(i)
			isID := vendorhttp.KindOf(f) != 0
			if isID {
				marked++
			}
			named := ofOurKind.MatchString(string(f.Name())) && !strings.HasPrefix(string(f.Name()), "vendor_")
			if named && !isID && idsOfOthers[f.FullName()] == "" {
				t.Errorf("%s is not marked as the ID of a lead, call or chat", f.FullName())
			}
			if f.Message() != nil {
				walk(f.Message())
			}
		}
	}
	rpcs := ujet.Forwards()
	for rpc := range rpcs {
		walk(adapters.MethodOf(rpc).Input())
		walk(adapters.MethodOf(rpc).Output())
	}
	if len(rpcs) != 66 || marked < 30 { // the four forms of a call are one RPC
		t.Errorf("%d RPCs with %d IDs", len(rpcs), marked)
	}
}

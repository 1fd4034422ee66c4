package vendorhttp

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Forwards are the RPCs that go to a vendor as they are, by the RPC's name, which is also the name of the route.
type Forwards map[string]Forward

// Forward is a route, and what differs there between our messages and the vendor's JSON. Where nothing is said, a field has the
// same name on both sides; it travels in the query of a GET or DELETE and in the body of everything else.
type Forward struct {
	Route
	// Send names the request's field whose content is sent, such as "end_user", or a oneof of such fields; empty: the request's
	// own fields are.
	Send string
	// Fixed are keys that are always sent, by the field of Send's oneof that is set, or "" for any.
	Fixed map[string]map[string]string
	// Names are the vendor's names of fields, by ours: "field", or "Message.field" where other messages have such a field too.
	// They come before the vendor-wide ones. The name "-" is for a field that the vendor does not have; of several with "|" between
	// them the first is written and any is read; "content.text" is read within an object.
	Names map[string]string
	// Numbers are string fields that travel as JSON numbers, named like Names.
	Numbers []string
	// Texts are fields that travel as text although they hold an ID that is a number elsewhere.
	Texts []string
	// Always are fields that are sent even when they are empty, because the vendor requires them.
	Always []string
	// Times is how times are written, as in package time; empty: as RFC 3339 with milliseconds.
	Times string
	// Form says that the fields travel as a multipart form, with the file in the request's field data as its last part.
	Form bool
	// File says that the answer is a file, for the response's field data.
	File bool
	// Body says that the fields travel in the body although the method is GET or DELETE.
	Body bool
	// Reply names the response's field that the vendor's answer is the content of; empty: the answer's keys are the response's.
	// With "|" in it, the first name is for an answer that is an array and the second for an object.
	Reply string
	// Ignore are keys of the vendor's answer that are known and say nothing to callers.
	Ignore []string
	// Accepted names the response's bool field that says that the vendor answered 202: it took the request and is not done.
	Accepted string
	// Lookup says that the query names an object, so that a 404 is about that and not about the path.
	Lookup bool
	// Pages is how the vendor's listing is read page by page; nil for one that is whole.
	Pages *Pages
}

// reply is the response's field that an answer is the content of; empty: the answer's keys are the response's.
func (f Forward) reply(answer any) string {
	forArray, forObject, either := strings.Cut(f.Reply, "|")
	if _, isArray := answer.([]any); either && !isArray {
		return forObject
	}
	return forArray
}

// Routes are the routes of all.
func (f Forwards) Routes() Routes {
	routes := make(Routes, len(f))
	for name, forward := range f {
		routes[name] = forward.Route
	}
	return routes
}

// finds says whether a 404 is about an object that the request names.
func (f Forward) finds(path string) bool { return f.Lookup || len(placeholders(path)) > 0 }

// naming finds what the tables say of a field.
type naming struct {
	names   []map[string]string
	numbers []string
	texts   []string
	numeric bool // IDs of leads, calls and chats are numbers at the vendor
}

// all are the vendor's names of a field, the one to write first; none when the vendor does not have it.
func (n naming) all(f protoreflect.FieldDescriptor) []string {
	short, long := string(f.Name()), qualified(f)
	for _, names := range n.names {
		for _, key := range []string{long, short} {
			if name := names[key]; name == "-" {
				return nil
			} else if name != "" {
				return strings.Split(name, "|")
			}
		}
	}
	return []string{short}
}

// of is the name to write; "" when the vendor does not have the field.
func (n naming) of(f protoreflect.FieldDescriptor) string {
	if all := n.all(f); len(all) > 0 {
		return all[0]
	}
	return ""
}

// isNumber says whether a string field travels as a number.
func (n naming) isNumber(f protoreflect.FieldDescriptor) bool {
	in := func(list []string) bool {
		return slices.Contains(list, qualified(f)) || slices.Contains(list, string(f.Name()))
	}
	return in(n.numbers) || n.numeric && KindOf(f) != leadmuxv1.IdKind_ID_KIND_UNSPECIFIED && !in(n.texts)
}

func qualified(f protoreflect.FieldDescriptor) string {
	return string(f.Parent().Name()) + "." + string(f.Name())
}

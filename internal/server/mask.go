package server

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// A method whose body is one field of its request, such as PATCH of a lead, may have an update_mask. Where the caller gives
// none, it is what the body names: null clears, absent leaves. The generated gateway would derive one too, but takes an empty
// object for the wish to clear everything in it, and puts the field that the path has set into the mask.

const maskField = "update_mask"

// resource is the message that the body holds; nil where the body is the whole request or none.
func (b *binding) resource() protoreflect.MessageDescriptor {
	if b.body == "" || b.body == "*" {
		return nil
	}
	return b.input.Fields().ByName(protoreflect.Name(b.body)).Message()
}

// mask is the method's field update_mask; nil when it has none, or none that speaks of the body.
func (b *binding) mask() protoreflect.FieldDescriptor {
	field := b.input.Fields().ByName(maskField)
	if field == nil || b.resource() == nil || field.Message() == nil || field.Message().FullName() != "google.protobuf.FieldMask" {
		return nil
	}
	return field
}

// setMask writes the mask into the query, from where the generated code takes it: the caller's own, or what the body names.
// An empty one is written as well, so that nothing is derived anew.
func (b *binding) setMask(r *http.Request, query url.Values, named []string) error {
	field := b.mask()
	if field == nil {
		return nil
	}
	var paths []string
	if given, explicit := query[field.JSONName()]; explicit {
		for path := range strings.SplitSeq(given[0], ",") {
			schema, problem := b.maskPath(path)
			if problem != "" {
				return at{json: field.JSONName(), proto: maskField}.fault(problem)
			}
			paths = append(paths, schema)
		}
	} else {
		for _, path := range named {
			paths = append(paths, strings.TrimPrefix(path, b.body+"."))
		}
		slices.Sort(paths) // the order in the body means nothing, and a repeated request must be the same one
	}
	changed, filled := *r.URL, maps.Clone(query)
	filled.Set(field.JSONName(), strings.Join(paths, ","))
	changed.RawQuery = filled.Encode()
	r.URL = &changed
	return nil
}

// maskPath turns one path as a caller writes it (ownerId, owner.bookingUrl, attributes.color) into the schema's, or says what is
// wrong with it. A map's key is the caller's data and stays as it is.
func (b *binding) maskPath(path string) (schema, problem string) {
	message := b.resource()
	var names []string
	for rest := path; ; {
		name, deeper, more := strings.Cut(rest, ".")
		field := message.Fields().ByJSONName(name)
		if field == nil {
			return "", fmt.Sprintf("%q is no field; %s", clip(path), knownFields(name, message))
		}
		names = append(names, string(field.Name()))
		switch {
		case !more:
			return strings.Join(names, "."), ""
		case field.IsMap() && deeper != "":
			return strings.Join(append(names, deeper), "."), ""
		case field.IsMap(), !isObject(field):
			return "", "nothing below " + field.JSONName() + " can be named"
		}
		message, rest = field.Message(), deeper
	}
}

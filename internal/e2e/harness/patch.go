package harness

import (
	"encoding/json"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// fieldBody is the body of a binding whose body is one field of the request, which it takes out of fields. A mask goes into the
// body as a caller of REST writes it: what is in the mask is named, and null where the request does not have it. So a test that
// runs over both transports also proves that both ways of saying it mean the same.
func fieldBody(method protoreflect.MethodDescriptor, fields map[string]any, field string) ([]byte, error) {
	resource, _ := fields[camel(field)].(map[string]any)
	delete(fields, camel(field))
	mask, given := fields["updateMask"].(string)
	message := method.Input().Fields().ByName(protoreflect.Name(field)).Message()
	if !given || belowMap(message, mask) {
		return json.Marshal(resource)
	}
	delete(fields, "updateMask")
	body := map[string]any{}
	if etag, ok := resource["etag"]; ok { // a condition and not a value, so it is in no mask
		body["etag"] = etag
	}
	for path := range strings.SplitSeq(mask, ",") {
		put(body, resource, strings.Split(path, "."))
	}
	return json.Marshal(body)
}

// belowMap says whether a mask names a single key of a map, which only a mask in the query can.
func belowMap(message protoreflect.MessageDescriptor, mask string) bool {
	for path := range strings.SplitSeq(mask, ",") {
		first, _, deeper := strings.Cut(path, ".")
		if f := message.Fields().ByJSONName(first); f != nil && f.IsMap() && deeper {
			return true
		}
	}
	return false
}

// put copies what is at a path, or null where nothing is.
func put(to, from map[string]any, path []string) {
	if len(path) == 1 {
		to[path[0]] = from[path[0]]
		return
	}
	inner, ok := to[path[0]].(map[string]any)
	if !ok {
		inner = map[string]any{}
		to[path[0]] = inner
	}
	source, _ := from[path[0]].(map[string]any)
	put(inner, source, path[1:])
}

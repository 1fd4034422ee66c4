package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// HTTPRequest is an RPC as a REST request.
type HTTPRequest struct {
	Method string
	Path   string // with its query
	Body   []byte // nil for none
}

// Bindings are the REST bindings of an RPC, the first first.
func Bindings(method protoreflect.MethodDescriptor) []*annotations.HttpRule {
	rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	if raw := rawBinding(method); raw != nil {
		return []*annotations.HttpRule{raw}
	}
	if rule == nil {
		return nil
	}
	return append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...)
}

var (
	pathField     = regexp.MustCompile(`\{([a-z_.]+)\}`)
	errNoBinding  = errors.New("the RPC has no such REST binding")
	errFieldUnset = errors.New("a field of the path is not in the request")
)

// Transcode writes a request message, given as JSON, as the REST request of a binding. It is written apart from the gateway,
// from the annotations alone, so that the two check each other.
func Transcode(method protoreflect.MethodDescriptor, binding int, body []byte) (HTTPRequest, error) {
	bindings := Bindings(method)
	if binding >= len(bindings) {
		return HTTPRequest{}, errNoBinding
	}
	verb, path := VerbAndPath(bindings[binding])
	fields := map[string]any{}
	if err := json.Unmarshal(body, &fields); err != nil {
		return HTTPRequest{}, fmt.Errorf("the request is no JSON object: %w", err)
	}
	var err error
	path = pathField.ReplaceAllStringFunc(path, func(match string) string {
		value, ok := take(fields, strings.Split(match[1:len(match)-1], "."))
		if !ok {
			err = fmt.Errorf("%w: %s", errFieldUnset, match)
		}
		return url.PathEscape(value)
	})
	if err != nil {
		return HTTPRequest{}, err
	}
	request := HTTPRequest{Method: verb, Path: path}
	switch name := bindings[binding].GetBody(); name {
	case "":
	case "*":
		request.Body, err = json.Marshal(fields)
		return request, err
	default:
		request.Body, err = fieldBody(method, fields, name)
	}
	query := url.Values{}
	flatten(query, "", fields)
	if len(query) > 0 {
		request.Path += "?" + query.Encode()
	}
	return request, err
}

// VerbAndPath are the HTTP method and the path template of a binding.
func VerbAndPath(rule *annotations.HttpRule) (verb, path string) {
	switch pattern := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet, pattern.Get
	case *annotations.HttpRule_Post:
		return http.MethodPost, pattern.Post
	case *annotations.HttpRule_Put:
		return http.MethodPut, pattern.Put
	case *annotations.HttpRule_Patch:
		return http.MethodPatch, pattern.Patch
	case *annotations.HttpRule_Delete:
		return http.MethodDelete, pattern.Delete
	default:
		return "", ""
	}
}

// take removes a field, given by its proto path, and returns its text.
func take(fields map[string]any, path []string) (string, bool) {
	name := camel(path[0])
	if len(path) > 1 {
		inner, ok := fields[name].(map[string]any)
		if !ok {
			return "", false
		}
		return take(inner, path[1:])
	}
	value, ok := fields[name]
	delete(fields, name)
	return fmt.Sprint(value), ok
}

// flatten writes fields as query parameters.
func flatten(query url.Values, prefix string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			flatten(query, strings.TrimPrefix(prefix+"."+name, "."), inner)
		}
	case []any:
		for _, inner := range v {
			flatten(query, prefix, inner)
		}
	default:
		query.Add(prefix, fmt.Sprint(v))
	}
}

// camel is a proto name as its JSON name.
func camel(name string) string {
	words := strings.Split(name, "_")
	for i := 1; i < len(words); i++ {
		words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
	}
	return strings.Join(words, "")
}

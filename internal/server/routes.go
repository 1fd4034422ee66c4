package server

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// binding is one REST form of a method, as its google.api.http option declares it.
type binding struct {
	fullMethod string
	verb       string   // HTTP method
	segments   []string // path without the leading slash; "{name}" takes anything
	suffix     string   // after the last segment's colon; empty for none
	input      protoreflect.MessageDescriptor
	body       string          // "*", a field's proto name, or empty
	inPath     map[string]bool // proto paths of the fields that the path sets
	file       *fileForm       // nil when the body is JSON
}

// routes are all bindings. The generated gateway does the routing; this table says what each route may take.
type routes struct {
	all       []*binding
	byPattern map[string]*binding // "GET /v1/leads/{lead_id=*}", as the gateway prints its patterns
}

func newRoutes() (*routes, error) {
	r := &routes{byPattern: map[string]*binding{}}
	for _, method := range apiMethods() {
		if err := r.addFile(method); err != nil {
			return nil, err
		}
		rule, ok := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
		if !ok || rule.GetPattern() == nil {
			continue // gRPC only
		}
		for _, one := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			if err := r.add(method, one); err != nil {
				return nil, fmt.Errorf("%s: %w", method.FullName(), err)
			}
		}
	}
	return r, nil
}

func (r *routes) add(method protoreflect.MethodDescriptor, rule *annotations.HttpRule) error {
	b, err := newBinding(method, rule)
	if err != nil {
		return err
	}
	printed := make([]string, len(b.segments))
	for i, segment := range b.segments {
		printed[i] = segment
		if name, ok := variable(segment); ok {
			printed[i] = "{" + name + "=*}"
		}
	}
	key := b.verb + " /" + strings.Join(printed, "/")
	if b.suffix != "" {
		key += ":" + b.suffix
	}
	r.all = append(r.all, b)
	r.byPattern[key] = b
	return nil
}

func newBinding(method protoreflect.MethodDescriptor, rule *annotations.HttpRule) (*binding, error) {
	verb, path := pattern(rule)
	if verb == "" || strings.ContainsAny(path, "*=") {
		return nil, fmt.Errorf("the path %q is of a kind the route table does not know", path)
	}
	if rule.GetBody() != "" && rule.GetBody() != "*" {
		if f := method.Input().Fields().ByName(protoreflect.Name(rule.GetBody())); f == nil || f.Message() == nil || f.IsList() || f.IsMap() {
			return nil, fmt.Errorf("the body %q is no message", rule.GetBody())
		}
	}
	if err := checkable(method.Input(), map[protoreflect.FullName]bool{}); err != nil {
		return nil, err
	}
	b := &binding{
		fullMethod: fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name()),
		verb:       verb, input: method.Input(), body: rule.GetBody(), inPath: map[string]bool{},
	}
	b.segments = strings.Split(strings.TrimPrefix(path, "/"), "/")
	last := len(b.segments) - 1
	b.segments[last], b.suffix, _ = strings.Cut(b.segments[last], ":")
	for _, segment := range b.segments {
		if name, ok := variable(segment); ok {
			b.inPath[name] = true
		}
	}
	return b, nil
}

// checkable refuses types whose JSON form jsoncheck.go does not know, so that adding one is noticed at the start and not by a
// caller whose request is refused.
func checkable(message protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) error {
	name := message.FullName()
	if seen[name] || wellKnown(message) != nil || isFree(message) {
		return nil
	}
	if strings.HasPrefix(string(name), "google.protobuf.") {
		return fmt.Errorf("the JSON form of %s is not known here", name)
	}
	seen[name] = true
	for i := range message.Fields().Len() {
		if m := message.Fields().Get(i).Message(); m != nil {
			if err := checkable(m, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

func pattern(rule *annotations.HttpRule) (verb, path string) {
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet, p.Get
	case *annotations.HttpRule_Post:
		return http.MethodPost, p.Post
	case *annotations.HttpRule_Put:
		return http.MethodPut, p.Put
	case *annotations.HttpRule_Patch:
		return http.MethodPatch, p.Patch
	case *annotations.HttpRule_Delete:
		return http.MethodDelete, p.Delete
	default:
		return "", ""
	}
}

func variable(segment string) (name string, ok bool) {
	if !strings.HasPrefix(segment, "{") || !strings.HasSuffix(segment, "}") {
		return "", false
	}
	return segment[1 : len(segment)-1], true
}

// matches says whether an escaped path is one of this binding.
func (b *binding) matches(path string) bool {
	given := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(given) != len(b.segments) {
		return false
	}
	if b.suffix != "" {
		last := len(given) - 1
		rest, ok := strings.CutSuffix(given[last], ":"+b.suffix)
		if !ok {
			return false
		}
		given[last] = rest
	}
	for i, segment := range b.segments {
		if _, wild := variable(segment); wild && given[i] != "" {
			continue
		}
		if segment != given[i] {
			return false
		}
	}
	return true
}

// allow lists the HTTP methods a path takes.
func (r *routes) allow(path string) []string {
	verbs := map[string]bool{}
	for _, b := range r.all {
		if b.matches(path) {
			verbs[b.verb] = true
		}
	}
	return slices.Sorted(maps.Keys(verbs))
}

// label is the RPC behind a request that did not become a call, or "unknown".
func (r *routes) label(verb, path string) string {
	best := unknownMethod
	for _, b := range r.all {
		if b.verb == verb && b.matches(path) {
			if b.suffix != "" {
				return b.fullMethod
			}
			best = b.fullMethod
		}
	}
	return best
}

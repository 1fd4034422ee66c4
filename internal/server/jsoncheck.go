package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxDepth bounds the nesting of JSON. The deepest request of the API nests far less.
const maxDepth = 32

// checkJSON walks a body beside the message it is for and refuses the first thing that does not fit, by its place and what
// may stand there. protojson would refuse most of it too, but quotes the value, which may be a person's.
// root is where the body stands in the request; path are the fields that the path has set, by proto path, with their values.
// named are the proto paths of what the body sets or clears: each value that is no message, each list and map as a whole, and
// what is null. An object names what is in it, so an empty one names nothing.
func checkJSON(data []byte, message protoreflect.MessageDescriptor, root at, path map[string]string) (named []string, err error) {
	if !utf8.Valid(data) {
		return nil, malformed("the body is not UTF-8")
	}
	c := &jsonWalk{dec: json.NewDecoder(bytes.NewReader(data)), path: path}
	c.dec.UseNumber()
	tok, err := c.next()
	if err != nil {
		return nil, err
	}
	if tok != json.Delim('{') {
		return nil, malformed("the body must be a JSON object")
	}
	if err := c.object(root, message); err != nil {
		return nil, err
	}
	if _, err := c.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed("something stands after the JSON object")
	}
	return c.named, nil
}

// at is a place in a request: as the caller wrote it, and as a path of ours.
type at struct{ json, proto string }

func (p at) field(field protoreflect.FieldDescriptor) at {
	return at{json: dotted(p.json, field.JSONName()), proto: dotted(p.proto, string(field.Name()))}
}

func (p at) index(i int) at {
	return at{json: fmt.Sprintf("%s[%d]", p.json, i), proto: fmt.Sprintf("%s[%d]", p.proto, i)}
}

func (p at) fault(problem string) error {
	return malformed("%s: %s", p.json, problem).Field(p.proto, problem)
}

func dotted(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

type jsonWalk struct {
	dec      *json.Decoder
	depth    int
	path     map[string]string
	named    []string
	repeated int // lists and maps around the present place
}

func (c *jsonWalk) next() (json.Token, error) {
	tok, err := c.dec.Token()
	if err != nil {
		return nil, malformed("the body is not valid JSON: something is wrong near byte %d", c.dec.InputOffset())
	}
	return tok, nil
}

// object walks from after "{" to after "}".
func (c *jsonWalk) object(p at, message protoreflect.MessageDescriptor) error {
	if c.depth++; c.depth > maxDepth {
		return malformed("the body nests deeper than %d levels", maxDepth)
	}
	defer func() { c.depth-- }()
	seen := map[protoreflect.Name]bool{}
	for c.dec.More() {
		tok, err := c.next()
		if err != nil {
			return err
		}
		name, _ := tok.(string)
		field := message.Fields().ByJSONName(name)
		if field == nil {
			return unknownField(p, name, message)
		}
		here := p.field(field)
		if _, taken := c.path[here.proto]; taken && p.proto == "" {
			return here.fault("stands in the path and must not be in the body")
		}
		if seen[field.Name()] {
			return here.fault("is given twice")
		}
		seen[field.Name()] = true
		if one := field.ContainingOneof(); one != nil && !one.IsSynthetic() {
			if seen[one.Name()] {
				return here.fault(fmt.Sprintf("only one of %s may be given", strings.Join(members(one), ", ")))
			}
			seen[one.Name()] = true
		}
		if err := c.value(here, field); err != nil {
			return err
		}
	}
	_, err := c.next()
	return err
}

// value walks one field's value, whatever its cardinality. null means absent.
func (c *jsonWalk) value(p at, field protoreflect.FieldDescriptor) error {
	tok, err := c.next()
	if err != nil {
		return err
	}
	if given, taken := c.path[p.proto]; taken {
		if text, ok := tok.(string); ok && text != given {
			return p.fault("is not the one in the path")
		}
	} else if c.repeated == 0 && (tok == nil || !isObject(field)) {
		c.named = append(c.named, p.proto)
	}
	if tok == nil {
		return nil
	}
	if !field.IsMap() && !field.IsList() {
		return c.single(p, field, tok)
	}
	c.repeated++
	defer func() { c.repeated-- }()
	if field.IsMap() {
		return c.mapping(p, field, tok)
	}
	return c.list(p, field, tok)
}

// isObject says whether a field is one message that JSON writes as an object.
func isObject(field protoreflect.FieldDescriptor) bool {
	return field.Message() != nil && !field.IsList() && !field.IsMap() && wellKnown(field.Message()) == nil && !isFree(field.Message())
}

func (c *jsonWalk) list(p at, field protoreflect.FieldDescriptor, tok json.Token) error {
	if tok != json.Delim('[') {
		return p.fault("must be an array")
	}
	for i := 0; c.dec.More(); i++ {
		element, err := c.next()
		if err != nil {
			return err
		}
		if err := c.single(p.index(i), field, element); err != nil {
			return err
		}
	}
	_, err := c.next()
	return err
}

// mapping does not put keys into paths: they are the caller's data.
func (c *jsonWalk) mapping(p at, field protoreflect.FieldDescriptor, tok json.Token) error {
	if tok != json.Delim('{') {
		return p.fault("must be an object")
	}
	seen := map[string]bool{}
	for c.dec.More() {
		key, err := c.next()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		if seen[name] {
			return p.fault("has a key twice")
		}
		seen[name] = true
		if problem := checkText(field.MapKey(), name); problem != "" {
			return p.fault("a key " + problem)
		}
		value, err := c.next()
		if err != nil {
			return err
		}
		if err := c.single(p, field.MapValue(), value); err != nil {
			return err
		}
	}
	_, err := c.next()
	return err
}

// single walks a value that is neither list nor map and begins with tok.
func (c *jsonWalk) single(p at, field protoreflect.FieldDescriptor, tok json.Token) error {
	message := field.Message()
	if message == nil || wellKnown(message) != nil {
		if problem := checkToken(field, tok); problem != "" {
			return p.fault(problem)
		}
		return nil
	}
	if isFree(message) {
		return c.free(p, message, tok)
	}
	if tok != json.Delim('{') {
		return p.fault("must be an object")
	}
	return c.object(p, message)
}

func unknownField(p at, name string, message protoreflect.MessageDescriptor) error {
	text := "unknown field; " + knownFields(name, message)
	name = clip(name)
	return malformed("%q: %s", dotted(p.json, name), text).Field(dotted(p.proto, name), text)
}

// knownFields lists what a message has instead of name, which may be a field in the wrong notation.
func knownFields(name string, message protoreflect.MessageDescriptor) string {
	known := make([]string, message.Fields().Len())
	hint := ""
	for i := range known {
		field := message.Fields().Get(i)
		known[i] = field.JSONName()
		if string(field.Name()) == name {
			hint = "it is written " + field.JSONName() + "; "
		}
	}
	return hint + "known here: " + strings.Join(known, ", ")
}

func members(one protoreflect.OneofDescriptor) []string {
	names := make([]string, one.Fields().Len())
	for i := range names {
		names[i] = one.Fields().Get(i).JSONName()
	}
	return names
}

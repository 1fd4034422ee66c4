package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// strict is the gateway's middleware: it refuses, in our words and naming the place, whatever the generated code would ignore
// or describe with the caller's values in it.
func (g *gateway) strict(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, path map[string]string) {
		if err := g.inspect(r, path); err != nil {
			refuse(w, r, g.logger, err)
			return
		}
		next(w, r, path)
	}
}

func (g *gateway) inspect(r *http.Request, path map[string]string) error {
	pattern, _ := runtime.HTTPPattern(r.Context())
	b, ok := g.routes.byPattern[r.Method+" "+pattern.String()]
	if !ok {
		return fmt.Errorf("the route table has no %s %s", r.Method, pattern.String())
	}
	for name, value := range path {
		if !utf8.ValidString(value) {
			return malformed("%s in the path is not UTF-8", name)
		}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return malformed("the query is not valid")
	}
	if err := b.checkQuery(query); err != nil {
		return err
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return unreadBody(err)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	named, err := b.checkBody(data, path)
	if err != nil {
		return err
	}
	return b.setMask(r, query, named)
}

// unreadBody tells a body over the limit from one that stopped coming.
func unreadBody(err error) error {
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return errTooLarge(int(over.Limit))
	}
	return malformed("the body could not be read to its end")
}

// checkBody returns the paths that the body names, from its own root.
func (b *binding) checkBody(data []byte, path map[string]string) (named []string, err error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	switch b.body {
	case "":
		return nil, malformed("this method takes no body")
	case "*":
		return checkJSON(data, b.input, at{}, path)
	default:
		return checkJSON(data, b.resource(), at{proto: b.body}, path)
	}
}

// checkQuery accepts only fields that are in neither path nor body, by JSON name, with values of their type.
func (b *binding) checkQuery(query url.Values) error {
	for _, key := range slices.Sorted(maps.Keys(query)) {
		if err := b.checkParameter(key, query[key]); err != nil {
			return err
		}
	}
	return nil
}

func (b *binding) checkParameter(key string, values []string) error {
	field, protoPath := b.lookUp(key)
	if field == nil {
		return unknownParameter(key, b.parameters())
	}
	if b.inPath[protoPath] {
		return at{json: key, proto: protoPath}.fault("stands in the path and must not be in the query")
	}
	if len(values) > 1 && !field.IsList() {
		return at{json: key, proto: protoPath}.fault("is given more than once")
	}
	for _, value := range values {
		if !utf8.ValidString(value) {
			return at{json: key, proto: protoPath}.fault("is not UTF-8")
		}
		if problem := checkText(field, value); problem != "" {
			return at{json: key, proto: protoPath}.fault(problem)
		}
	}
	return nil
}

// lookUp finds the field that a dotted JSON name means, and its proto path; nil when a query cannot set it.
func (b *binding) lookUp(key string) (protoreflect.FieldDescriptor, string) {
	if b.body == "*" {
		return nil, ""
	}
	message := b.input
	var field protoreflect.FieldDescriptor
	var names []string
	for part := range strings.SplitSeq(key, ".") {
		if message == nil || (field != nil && field.IsList()) {
			return nil, ""
		}
		field = message.Fields().ByJSONName(part)
		if field == nil || field.IsMap() || field.Kind() == protoreflect.BytesKind || (len(names) == 0 && string(field.Name()) == b.body) {
			return nil, ""
		}
		names = append(names, string(field.Name()))
		message = field.Message()
		if message != nil && wellKnown(message) != nil {
			message = nil
		}
	}
	if message != nil {
		return nil, "" // a whole message
	}
	return field, strings.Join(names, ".")
}

// parameters lists what the query may hold, for the error.
func (b *binding) parameters() []string {
	var names []string
	if b.body == "*" {
		return nil
	}
	for i := range b.input.Fields().Len() {
		name := b.input.Fields().Get(i).JSONName()
		if field, protoPath := b.lookUp(name); field != nil && !b.inPath[protoPath] {
			names = append(names, name)
		}
	}
	return names
}

func unknownParameter(key string, known []string) error {
	text := "this method takes none"
	if len(known) > 0 {
		text = "this method takes " + strings.Join(known, ", ")
	}
	key = clip(key)
	return malformed("unknown query parameter %q; %s", key, text).Field(key, "unknown query parameter; "+text)
}

const maxNameShown = 100

// clip shortens a name that a caller made up.
func clip(name string) string {
	name = strings.ToValidUTF8(name, "?")
	if runes := []rune(name); len(runes) > maxNameShown {
		return string(runes[:maxNameShown]) + "…"
	}
	return name
}

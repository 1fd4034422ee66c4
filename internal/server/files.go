package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// An RPC that streams a file has a REST form of its own, in which the body is the file itself. This file finds it by the option
// raw_http, upload.go and download.go do it; the calls they make run the same chain as every other.

// The fields that the pieces of a file have.
const (
	dataField        = "data"
	fileNameField    = "file_name"
	contentTypeField = "content_type"
)

// formOverhead is what a multipart form may add to the file it holds, in bytes.
const formOverhead = 64 << 10

// fileForm says which way a file goes.
type fileForm struct {
	upload bool
	limit  int // bytes of the file
	output protoreflect.MessageDescriptor
}

// addFile adds the REST form of an RPC that streams a file, if it is one.
func (r *routes) addFile(method protoreflect.MethodDescriptor) error {
	rule, ok := proto.GetExtension(method.Options(), leadmuxv1.E_RawHttp).(*annotations.HttpRule)
	if !ok || rule.GetPattern() == nil {
		return nil
	}
	limit, _ := proto.GetExtension(method.Options(), leadmuxv1.E_MaxFileBytes).(int32)
	piece := method.Output()
	if method.IsStreamingClient() {
		piece = method.Input()
	}
	if data := piece.Fields().ByName(dataField); data == nil || data.Kind() != protoreflect.BytesKind || limit <= 0 {
		return fmt.Errorf("%s: a file needs max_file_bytes and pieces with a field %s", method.FullName(), dataField)
	}
	b, err := newBinding(method, rule)
	if err != nil {
		return fmt.Errorf("%s: %w", method.FullName(), err)
	}
	b.file = &fileForm{upload: method.IsStreamingClient(), limit: int(limit), output: method.Output()}
	r.all = append(r.all, b)
	return nil
}

// file is the binding of a request for a file; nil when it is another request.
func (r *routes) file(verb, path string) *binding {
	for _, b := range r.all {
		if b.file != nil && b.verb == verb && b.matches(path) {
			return b
		}
	}
	return nil
}

// bodyLimit is how many bytes the body of a request for a file may have.
func (f *fileForm) bodyLimit(contentType string) int {
	switch {
	case !f.upload:
		return 0
	case isForm(contentType):
		return f.limit + formOverhead
	default:
		return f.limit
	}
}

// serveFile answers a request for a file; header is what the caller sent.
func (g *gateway) serveFile(w http.ResponseWriter, r *http.Request, b *binding, contentType string) {
	message, err := b.fromURL(r.URL)
	if err == nil {
		ctx, annotateErr := runtime.AnnotateContext(r.Context(), g.mux, r, b.fullMethod)
		switch r = r.WithContext(ctx); {
		case annotateErr != nil:
			err = malformed("a header is not valid")
		case b.file.upload:
			err = g.upload(w, r, b, message, contentType)
		default:
			err = g.download(w, r, b, message)
		}
	}
	if err != nil {
		writeStatus(w, r, g.statusOf(r.Context(), err), 0)
	}
}

// fromURL makes the request message of what path and query say.
func (b *binding) fromURL(u *url.URL) (proto.Message, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, malformed("the query is not valid")
	}
	if err := b.checkQuery(query); err != nil {
		return nil, err
	}
	message, err := newMessage(b.input)
	if err != nil {
		return nil, err
	}
	given := strings.Split(strings.TrimPrefix(strings.TrimSuffix(u.EscapedPath(), ":"+b.suffix), "/"), "/")
	for i, segment := range b.segments {
		name, wild := variable(segment)
		if !wild {
			continue
		}
		value, err := url.PathUnescape(given[i])
		if err != nil {
			return nil, malformed("%s in the path is not valid", name)
		}
		if err := setText(message, name, value); err != nil {
			return nil, err
		}
	}
	for name, values := range query {
		if err := setText(message, string(b.input.Fields().ByJSONName(name).Name()), values[0]); err != nil {
			return nil, err
		}
	}
	return message, nil
}

// setText sets a field to what a text means.
func setText(message proto.Message, field, value string) error {
	if problem := checkText(message.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(field)), value); problem != "" {
		return at{proto: field}.fault(problem)
	}
	return runtime.PopulateFieldFromPath(message, field, value)
}

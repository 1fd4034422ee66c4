package vendorhttp

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// staysHere are fields of requests that are between our callers and us.
var staysHere = []protoreflect.Name{"account", "request_id", "wait", "page_size", "page_token", "update_mask"}

// encoder turns one request into the vendor's form.
type encoder struct {
	naming
	times   string
	form    bool            // the fields travel as a form, with a file
	inPath  map[string]bool // our paths of fields that the URL holds
	refused []*leadmuxv1.FieldViolation
}

// variable is a field's value for a placeholder of the path; empty when the message has none.
func (e *encoder) variable(m protoreflect.Message, prefix, name string) string {
	value := textOf(m, name)
	if f := m.Descriptor().Fields().ByName(protoreflect.Name(name)); value != "" && f != nil && e.isNumber(f) {
		e.wholeNumber(value, prefix+name)
	}
	return value
}

// wholeNumber says whether a text is a number, and keeps the refusal where it is none.
func (e *encoder) wholeNumber(text, path string) bool {
	if wholeNumber(text) {
		return true
	}
	e.refused = append(e.refused, &leadmuxv1.FieldViolation{Field: path, Description: "must be a whole number"})
	return false
}

// always adds fields that are empty and sent all the same.
func (e *encoder) always(names []string, sent protoreflect.Message, fields map[string]any) {
	for _, name := range names {
		f := sent.Descriptor().Fields().ByName(protoreflect.Name(name))
		if sent.Has(f) {
			continue
		}
		fields[e.of(f)] = []any{}
		if !f.IsList() {
			fields[e.of(f)] = f.Default().Interface()
		}
	}
}

// call builds the vendor's request from ours. Its error is one of values that the vendor's form cannot hold.
func (c *Conn) call(rpc string, f Forward, request protoreflect.Message) (Call, error) {
	call, fields, err := c.encode(rpc, f, request)
	if err != nil {
		return call, err
	}
	return call, c.place(&call, f, request, fields)
}

// encode is the call without what stands in its query or body, and the fields that do.
func (c *Conn) encode(rpc string, f Forward, request protoreflect.Message) (Call, map[string]any, error) {
	e := &encoder{naming: c.naming(f), inPath: map[string]bool{}, times: f.Times, form: f.Form}
	sent, prefix, variant := content(f, request)
	path := c.client.routes[rpc].Path
	vars := map[string]string{}
	for _, name := range placeholders(path) {
		vars[name] = e.variable(request, "", name)
		if vars[name] == "" && sent != nil {
			vars[name] = e.variable(sent, prefix, name)
		}
		e.inPath[name], e.inPath[prefix+name] = true, true
	}
	fields := map[string]any{}
	if sent != nil {
		fields = e.object(sent, prefix)
	}
	for _, key := range []string{"", variant} {
		for name, value := range f.Fixed[key] {
			fields[name] = value
		}
	}
	e.always(f.Always, sent, fields)
	f.Pages.ask(fields, request)
	call := Call{Op: rpc, Route: rpc, Vars: vars, Decode: c.refusals(f, request)}
	if f.File {
		call.Header, call.Longest = http.Header{"Accept": {"*/*"}}, maxFile
	}
	if len(e.refused) > 0 {
		return call, nil, refusedFields(c.client.vendor, rpc, e.refused)
	}
	return call, fields, nil
}

// place puts the fields where they travel.
func (c *Conn) place(call *Call, f Forward, request protoreflect.Message, fields map[string]any) error {
	method := c.client.routes[call.Route].Method
	if hook := c.cfg.Bodies[call.Route]; hook != nil {
		body, err := hook(request.Interface(), fields)
		call.Body = body
		return err
	}
	if f.Form {
		form, err := formOf(request, fields)
		call.Body = form
		return err
	}
	if (method == http.MethodGet || method == http.MethodDelete) && !f.Body {
		call.Query = url.Values{}
		inQuery(call.Query, "", fields)
		return nil
	}
	if len(fields) > 0 {
		call.Body = fields
	}
	return nil
}

// content is the message whose fields are sent, how its fields are named to our callers, and which one of a oneof it is. It is
// nil when the field is not set.
func content(f Forward, request protoreflect.Message) (sent protoreflect.Message, prefix, variant string) {
	if f.Send == "" {
		return request, "", ""
	}
	field := request.Descriptor().Fields().ByName(protoreflect.Name(f.Send))
	if oneof := request.Descriptor().Oneofs().ByName(protoreflect.Name(f.Send)); oneof != nil {
		field = request.WhichOneof(oneof)
	}
	if field == nil || !request.Has(field) {
		return nil, "", ""
	}
	return request.Get(field).Message(), string(field.Name()) + ".", string(field.Name())
}

// textOf is a string field of a message by its name or path, empty when there is none.
func textOf(m protoreflect.Message, name string) string {
	first, rest, deeper := strings.Cut(name, ".")
	field := m.Descriptor().Fields().ByName(protoreflect.Name(first))
	if deeper && field != nil && field.Message() != nil && !field.IsList() && !field.IsMap() {
		return textOf(m.Get(field).Message(), rest)
	}
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
		return ""
	}
	return m.Get(field).String()
}

// object writes the fields of a message that are set, but for those that the URL holds. One that the vendor does not have is
// refused: it would get lost without a word.
func (e *encoder) object(m protoreflect.Message, path string) map[string]any {
	fields := map[string]any{}
	all := m.Descriptor().Fields()
	for i := range all.Len() {
		f := all.Get(i)
		name := e.of(f)
		here := path + string(f.Name())
		switch {
		case !m.Has(f) || e.inPath[here] || e.form && ofFile(f) || path == "" && slices.Contains(staysHere, f.Name()):
			continue
		case name == "":
			e.refused = append(e.refused, &leadmuxv1.FieldViolation{Field: here, Description: "this vendor has no place for it"})
			continue
		}
		fields[name] = e.field(f, m.Get(f), here)
	}
	return fields
}

func (e *encoder) field(f protoreflect.FieldDescriptor, v protoreflect.Value, path string) any {
	switch {
	case f.IsList():
		items := make([]any, v.List().Len())
		for i := range items {
			items[i] = e.value(f, v.List().Get(i), indexed(path, i))
		}
		return items
	case f.IsMap():
		members := map[string]any{}
		v.Map().Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
			members[key.String()] = e.value(f.MapValue(), value, path)
			return true
		})
		return members
	default:
		return e.value(f, v, path)
	}
}

func (e *encoder) value(f protoreflect.FieldDescriptor, v protoreflect.Value, path string) any {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return e.message(v.Message(), path)
	case protoreflect.EnumKind:
		return enumWord(f.Enum(), v.Enum())
	case protoreflect.StringKind:
		if !e.isNumber(f) {
			return v.String()
		}
		if !e.wholeNumber(v.String(), path) {
			return nil
		}
		return json.Number(v.String())
	default:
		return v.Interface()
	}
}

func (e *encoder) message(m protoreflect.Message, path string) any {
	switch m := m.Interface().(type) {
	case *timestamppb.Timestamp:
		return m.AsTime().UTC().Format(cmp.Or(e.times, "2006-01-02T15:04:05.000Z"))
	case *structpb.Struct:
		return m.AsMap()
	case *structpb.Value:
		return m.AsInterface()
	default:
		return e.object(m.ProtoReflect(), path+".")
	}
}

// KindOf says whose ID a field holds; unspecified when it holds none that differs between a vendor and us.
func KindOf(f protoreflect.FieldDescriptor) leadmuxv1.IdKind {
	kind, _ := proto.GetExtension(f.Options(), leadmuxv1.E_Id).(leadmuxv1.IdKind)
	return kind
}

// enumWord is an enum value as vendors write it: "MENU_TYPE_WEB_MENU" of MenuType is "web_menu".
func enumWord(enum protoreflect.EnumDescriptor, number protoreflect.EnumNumber) string {
	value := enum.Values().ByNumber(number)
	if value == nil {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(string(value.Name()), enumPrefix(enum)))
}

// enumPrefix is what the names of an enum's values begin with.
func enumPrefix(enum protoreflect.EnumDescriptor) string {
	return strings.TrimSuffix(string(enum.Values().Get(0).Name()), "UNSPECIFIED")
}

// inQuery flattens fields into a query: a list repeats its key, an object's keys follow in brackets.
func inQuery(query url.Values, key string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if key != "" {
				name = key + "[" + name + "]"
			}
			inQuery(query, name, member)
		}
	case []any:
		for _, item := range value {
			inQuery(query, key, item)
		}
	default:
		query.Add(key, textForm(value))
	}
}

// refusedFields is the refusal of values before anything is sent.
func refusedFields(vendor, rpc string, fields []*leadmuxv1.FieldViolation) *adapters.Error {
	return &adapters.Error{
		Vendor: vendor, Op: rpc, Kind: adapters.KindInvalid, Fields: fields,
		Message: fields[0].GetField() + " " + fields[0].GetDescription(), Cause: errUnfit,
	}
}

var errUnfit = errors.New("nothing was sent: a value does not fit the vendor's form")

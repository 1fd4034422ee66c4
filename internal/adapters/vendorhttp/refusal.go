package vendorhttp

import (
	"net/http"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// refusals is the decoder of the vendor's errors for one RPC: the fields it names get our names, and a 404 where nothing is named
// that could be missing is about the path.
func (c *Conn) refusals(f Forward, request protoreflect.Message) func(Answer) Decoded {
	naming, sent := c.naming(f), []within{{request.Descriptor(), ""}}
	if content, prefix, _ := content(f, request); content != nil && prefix != "" {
		sent = []within{{content.Descriptor(), prefix}, sent[0]} // what was sent comes first: others may have a field of the name
	}
	return func(a Answer) Decoded {
		var d Decoded
		if c.cfg.Refusal != nil {
			d = c.cfg.Refusal(a)
		}
		var ours []*leadmuxv1.FieldViolation
		for _, v := range d.Fields {
			for _, at := range sent {
				if path := naming.ourPath(f, at, v.GetField()); path != "" {
					ours = append(ours, &leadmuxv1.FieldViolation{Field: path, Description: v.GetDescription()})
					break
				}
			}
		}
		if d.Fields = ours; d.Message == "" && len(ours) > 0 {
			d.Message = ours[0].GetField() + " " + ours[0].GetDescription()
		}
		if a.Status == http.StatusNotFound && !d.HasKind && !f.finds(c.client.routes[a.Route].Path) {
			d.Kind, d.HasKind = adapters.KindRouteUnknown, true
		}
		return d
	}
}

// ourPath finds the field that a vendor's name stands for, at most two messages deep; "" when there is none.
func (n naming) ourPath(f Forward, in within, wire string) string {
	level := []within{in}
	for range 3 {
		var below []within
		for _, at := range level {
			for i := range at.message.Fields().Len() {
				field := at.message.Fields().Get(i)
				if n.of(field) == wire && (string(field.Name()) != f.Send || field.Message() == nil) {
					return at.prefix + string(field.Name())
				}
				if m := field.Message(); m != nil && !field.IsMap() && !strings.HasPrefix(string(m.FullName()), "google.protobuf.") {
					below = append(below, within{m, at.prefix + string(field.Name()) + "."})
				}
			}
		}
		level = below
	}
	return ""
}

// within is a message in a request, with what its fields' paths begin with.
type within struct {
	message protoreflect.MessageDescriptor
	prefix  string
}

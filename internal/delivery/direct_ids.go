package delivery

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/typeid"
)

// idField is a field that holds an ID of a lead, call or chat.
type idField struct {
	path   string
	kind   leadmuxv1.IdKind
	value  string
	within protoreflect.Message // the message it stands in
	set    func(string)
}

// idKinds are the kinds of ID with their form here and their kind in the index.
var idKinds = map[leadmuxv1.IdKind]struct {
	prefix  string
	kind    idmap.Kind
	unknown leadmuxv1.ErrorReason
	noun    string
}{
	leadmuxv1.IdKind_ID_KIND_LEAD: {typeid.Lead, idmap.KindLead, leadmuxv1.ErrorReason_ERROR_REASON_LEAD_NOT_FOUND, "lead"},
	leadmuxv1.IdKind_ID_KIND_CALL: {typeid.Call, idmap.KindCall, leadmuxv1.ErrorReason_ERROR_REASON_CALL_NOT_FOUND, "call"},
	leadmuxv1.IdKind_ID_KIND_CHAT: {typeid.Chat, idmap.KindChat, leadmuxv1.ErrorReason_ERROR_REASON_CHAT_NOT_FOUND, "chat"},
}

// idFields are the fields of a message, and of those in it, that hold an ID. Values that are empty are passed over.
func idFields(m protoreflect.Message, path string) []idField {
	var all []idField
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := strings.TrimPrefix(path+"."+string(f.Name()), ".")
		kind, _ := proto.GetExtension(f.Options(), leadmuxv1.E_Id).(leadmuxv1.IdKind)
		switch {
		case f.IsMap():
			if f.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, value protoreflect.Value) bool {
					all = append(all, idFields(value.Message(), at)...)
					return true
				})
			}
		case f.IsList():
			for i := range v.List().Len() {
				item := at + "[" + strconv.Itoa(i) + "]"
				if f.Message() != nil {
					all = append(all, idFields(v.List().Get(i).Message(), item)...)
				} else if kind != 0 {
					all = append(all, idField{item, kind, v.List().Get(i).String(), m, func(id string) { v.List().Set(i, protoreflect.ValueOfString(id)) }})
				}
			}
		case f.Message() != nil:
			all = append(all, idFields(v.Message(), at)...)
		case kind != 0 && v.String() != "":
			all = append(all, idField{at, kind, v.String(), m, func(id string) { m.Set(f, protoreflect.ValueOfString(id)) }})
		}
		return true
	})
	return all
}

// outward is the request with the vendor's IDs in place of ours.
func (d *Dispatcher) outward(ctx context.Context, p Direct) (proto.Message, error) {
	request := proto.Clone(p.Request)
	fields := idFields(request.ProtoReflect(), "")
	if len(fields) == 0 {
		return request, nil
	}
	err := d.store.View(ctx, func(r idmap.Reader) error {
		for _, f := range fields {
			vendorID, err := vendorIDOf(r, p, f)
			if err != nil {
				return err
			}
			f.set(vendorID)
		}
		return nil
	})
	return request, err
}

// vendorIDOf is the vendor's ID of one of ours.
func vendorIDOf(r idmap.Reader, p Direct, f idField) (string, error) {
	kind := idKinds[f.kind]
	if _, err := typeid.UUID(kind.prefix, f.value); err != nil {
		return "", rpcerr.Invalid(f.path, "must be an ID of ours, %q and 26 characters", kind.prefix)
	}
	known, err := currentID(r, p, f)
	if errors.Is(err, idmap.ErrNotFound) {
		return "", rpcerr.New(kind.unknown, "no such %s", kind.noun).Field(f.path, "no such "+kind.noun)
	}
	if err != nil || known != "" {
		return known, err
	}
	refs, err := r.Bindings(p.Tenant, f.value)
	if err != nil {
		return "", err
	}
	for _, ref := range refs {
		if ref.Account == p.Account.Name && ref.Kind == kind.kind {
			return ref.VendorID, nil
		}
	}
	return "", rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_NOT_AT_ACCOUNT, "the %s has no ID at %s", kind.noun, p.Account.Name).
		With("account", p.Account.Name).Field(f.path, "has no ID at "+p.Account.Name)
}

// currentID is the vendor's ID that stands in the record of a lead, call or chat; empty when none does.
func currentID(r idmap.Reader, p Direct, f idField) (string, error) {
	switch f.kind {
	case leadmuxv1.IdKind_ID_KIND_LEAD:
		lead, err := r.Lead(p.Tenant, f.value)
		if err != nil {
			return "", err
		}
		return Engagement(lead, p.Account.Name).GetVendorLeadId(), nil
	case leadmuxv1.IdKind_ID_KIND_CALL:
		call, err := r.Call(p.Tenant, f.value)
		if err != nil || call.GetAccount() != p.Account.Name {
			return "", err
		}
		return call.GetVendorCallId(), nil
	default:
		chat, err := r.Chat(p.Tenant, f.value)
		if err != nil || chat.GetAccount() != p.Account.Name {
			return "", err
		}
		return chat.GetVendorChatId(), nil
	}
}

// inward puts our IDs in place of the vendor's in the response of a read, and learns what calls and chats it shows. Only what is
// new costs a change of the index: one for the whole page.
func (d *Dispatcher) inward(ctx context.Context, p Direct) error {
	fields := idFields(p.Response.ProtoReflect(), "")
	if len(fields) == 0 {
		return nil
	}
	known, err := d.allKnown(ctx, p, fields)
	if known || err != nil {
		return err
	}
	var swapped proto.Message
	err = d.store.Update(ctx, func(tx idmap.Tx) error {
		swapped = proto.Clone(p.Response)
		in := intake{d: d, tx: tx, p: p}
		return in.swap(swapped.ProtoReflect())
	})
	if err != nil {
		return err
	}
	replace(p.Response, swapped)
	return nil
}

// allKnown puts our IDs into the response if every one of them is known and none is the ID of a call or chat that the response
// shows, which may have changed.
func (d *Dispatcher) allKnown(ctx context.Context, p Direct, fields []idField) (bool, error) {
	ids := make([]string, len(fields))
	err := d.store.View(ctx, func(r idmap.Reader) (err error) {
		for i, f := range fields {
			switch f.within.Interface().(type) {
			case *leadmuxv1.Call, *leadmuxv1.Chat:
				return idmap.ErrNotFound
			}
			ref := idmap.VendorRef{Account: p.Account.Name, Kind: idKinds[f.kind].kind, VendorID: f.value}
			if ids[i], err = r.Owner(p.Tenant, ref); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, idmap.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for i, f := range fields {
		f.set(ids[i])
	}
	return true, nil
}

package service

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// implied is the account of the call or chat that the request is about, and the field that names it; empty when it is about none.
func (s *Forwarding) implied(ctx context.Context, p auth.Principal, request protoreflect.Message) (account, field string, err error) {
	kind, id, field := subject(request, "")
	if id == "" {
		return "", "", nil
	}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		switch kind {
		case leadmuxv1.IdKind_ID_KIND_CALL:
			call, err := r.Call(p.Tenant, id)
			account = call.GetAccount()
			return callNotFound(err)
		default:
			chat, err := r.Chat(p.Tenant, id)
			account = chat.GetAccount()
			return chatNotFound(err)
		}
	})
	return account, field, err
}

// subject is the first call or chat that a request names, in itself or in the message that it is about.
func subject(m protoreflect.Message, prefix string) (kind leadmuxv1.IdKind, id, field string) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		kind, _ := proto.GetExtension(f.Options(), leadmuxv1.E_Id).(leadmuxv1.IdKind)
		about := kind == leadmuxv1.IdKind_ID_KIND_CALL || kind == leadmuxv1.IdKind_ID_KIND_CHAT
		switch {
		case about && !f.IsList() && m.Get(f).String() != "":
			return kind, m.Get(f).String(), prefix + string(f.Name())
		case prefix == "" && f.Message() != nil && !f.IsList() && !f.IsMap() && m.Has(f):
			if kind, id, field := subject(m.Get(f).Message(), string(f.Name())+"."); id != "" {
				return kind, id, field
			}
		}
	}
	return leadmuxv1.IdKind_ID_KIND_UNSPECIFIED, "", ""
}

func callNotFound(err error) error {
	if errors.Is(err, idmap.ErrNotFound) {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_CALL_NOT_FOUND, "no such call")
	}
	return err
}

func chatNotFound(err error) error {
	if errors.Is(err, idmap.ErrNotFound) {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_CHAT_NOT_FOUND, "no such chat")
	}
	return err
}

// text is a string field of a message by its name; empty when there is none.
func text(m protoreflect.Message, name protoreflect.Name) string {
	f := m.Descriptor().Fields().ByName(name)
	if f == nil || f.Kind() != protoreflect.StringKind || f.IsList() {
		return ""
	}
	return m.Get(f).String()
}

func joined(names []string) string { return strings.Join(names, ", ") }

// open puts the vendor's position into the request in place of our page token.
func (p pages) open(request protoreflect.Message) error {
	token := text(request, "page_token")
	if token == "" {
		return nil
	}
	position, err := p.position(token)
	if err != nil {
		return err
	}
	request.Set(request.Descriptor().Fields().ByName("page_token"), protoreflect.ValueOfString(position))
	return nil
}

// seal makes our page token of the vendor's position in the response.
func (p pages) seal(response protoreflect.Message) {
	if next := text(response, "next_page_token"); next != "" {
		response.Set(response.Descriptor().Fields().ByName("next_page_token"), protoreflect.ValueOfString(p.token(next)))
	}
}

package service

import (
	"crypto/subtle"
	"encoding/base64"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/seal"
)

// macSize is how much of the signature a page token carries, in bytes.
const macSize = 16

// pages makes and reads the page tokens of one list with one set of filters. A token is a position and a signature over it,
// the tenant and the filters: it can be neither made up nor carried to another list.
type pages struct {
	secret *seal.Secret
	tenant string
	list   []byte // the request without its page fields
}

func (s *LeadService) pages(tenant, rpc string, request proto.Message) pages {
	return s.cfg.pages(tenant, rpc, request)
}

func (c Config) pages(tenant, rpc string, request proto.Message) pages {
	filters := proto.Clone(request)
	m := filters.ProtoReflect()
	for _, name := range []string{"page_size", "page_token"} {
		if field := m.Descriptor().Fields().ByTextName(name); field != nil {
			m.Clear(field)
		}
	}
	list, err := proto.MarshalOptions{Deterministic: true}.Marshal(filters)
	if err != nil { // only a message with invalid UTF-8 does that, and it would not have been decoded
		list = []byte(err.Error())
	}
	return pages{secret: c.Secret, tenant: tenant, list: append([]byte(rpc+"\x00"), list...)}
}

// token is the page token for a position, "" for the end.
func (p pages) token(position string) string {
	if position == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(p.mac(position), position...))
}

// position reads a token; "" is the start.
func (p pages) position(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= macSize || subtle.ConstantTimeCompare(raw[:macSize], p.mac(string(raw[macSize:]))) != 1 {
		return "", rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID,
			"page_token is not one that this list gave out for these filters; start again without it").
			Field("page_token", "take next_page_token of the page before, and leave the filters as they were")
	}
	return string(raw[macSize:]), nil
}

func (p pages) mac(position string) []byte {
	return p.secret.Sum("page", []byte(p.tenant), p.list, []byte(position))[:macSize]
}

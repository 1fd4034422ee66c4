package service

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// CallService implements the RPCs of leadmux.v1.CallService that are answered here; the others are forwarded.
type CallService struct {
	leadmuxv1.UnimplementedCallServiceServer
	cfg Config
}

// ChatService implements the RPCs of leadmux.v1.ChatService that are answered here; the others are forwarded.
type ChatService struct {
	leadmuxv1.UnimplementedChatServiceServer
	cfg Config
}

// NewSessions makes the services of calls and chats.
func NewSessions(cfg Config) (*CallService, *ChatService) {
	cfg = cfg.filled()
	return &CallService{cfg: cfg}, &ChatService{cfg: cfg}
}

// named is a tenant's account by name, as the caller may use it.
func (c Config) named(p auth.Principal, name string) (*adapters.Account, error) {
	account, refusal := accountOf(c.Accounts, p, name)
	if refusal != nil {
		return nil, refusal
	}
	return account, nil
}

// mayUse refuses a call or chat at an account that the key may not use.
func mayUse(p auth.Principal, account string) error {
	if !p.May(account) {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_ACCOUNT_NOT_ALLOWED, "this key may not use account %s", account)
	}
	return nil
}

// sessionKind is what calls and chats are called, and how they are read.
type sessionKind[M any] struct {
	kind     idmap.Kind
	field    string // our ID in requests
	read     func(r idmap.Reader, tenant, id string) (M, error)
	notFound func(error) error
}

var (
	callKind = sessionKind[*leadmuxv1.Call]{idmap.KindCall, "call_id", idmap.Reader.Call, callNotFound}
	chatKind = sessionKind[*leadmuxv1.Chat]{idmap.KindChat, "chat_id", idmap.Reader.Chat, chatNotFound}
)

// get reads a call or chat by our ID.
func (k sessionKind[M]) get(ctx context.Context, cfg Config, tenant, id string) (found M, err error) {
	err = cfg.Store.View(ctx, func(r idmap.Reader) error {
		found, err = k.read(r, tenant, id)
		return k.notFound(err)
	})
	return found, err
}

// lookup finds a call or chat by the vendor's ID.
func (k sessionKind[M]) lookup(ctx context.Context, cfg Config, accountName, vendorID string) (found M, err error) {
	p, err := principal(ctx)
	if err != nil {
		return found, err
	}
	account, err := cfg.named(p, accountName)
	if err != nil {
		return found, err
	}
	err = cfg.Store.View(ctx, func(r idmap.Reader) error {
		id, err := r.Owner(p.Tenant, idmap.VendorRef{Account: account.Name, Kind: k.kind, VendorID: vendorID})
		if err == nil {
			found, err = k.read(r, p.Tenant, id)
		}
		return k.notFound(err)
	})
	return found, err
}

// linkRequest is what LinkCall and LinkChat ask alike.
type linkRequest interface {
	proto.Message
	GetAccount() string
	GetLeadId() string
	GetRequestId() string
}

// link ties a vendor's call or chat to the one of ours with an ID, or to a new one.
func (k sessionKind[M]) link(ctx context.Context, cfg Config, rpc string, request linkRequest, vendorID, given string) (linked M, err error) {
	p, err := principal(ctx)
	if err != nil {
		return linked, err
	}
	account, err := cfg.named(p, request.GetAccount())
	if err != nil {
		return linked, err
	}
	key, err := cfg.requestKey(p.Tenant, rpc, request.GetRequestId(), request)
	if err != nil {
		return linked, err
	}
	ref := idmap.VendorRef{Account: account.Name, Kind: k.kind, VendorID: vendorID}
	err = cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		id, err := key.before(tx, cfg.Now())
		if err == nil && id == "" {
			if id, err = k.ours(tx, cfg, p.Tenant, account, ref, given, request.GetLeadId()); err == nil {
				err = key.put(tx, id, cfg.Now())
			}
		}
		if err != nil {
			return err
		}
		linked, err = k.read(tx, p.Tenant, id)
		return k.notFound(err)
	})
	return linked, err
}

// ours is our ID of a vendor's call or chat: the one that it has, the one given, or a new one.
func (k sessionKind[M]) ours(tx idmap.Tx, cfg Config, tenant string, account *adapters.Account, ref idmap.VendorRef, given, leadID string) (string, error) {
	owner, err := tx.Owner(tenant, ref)
	switch {
	case err == nil && given != "" && given != owner:
		return "", rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ID_TAKEN, "this vendor ID belongs to %s", owner).
			With(k.field, owner).Field("vendor_"+k.field, "belongs to "+owner)
	case err == nil:
		return owner, nil
	case !errors.Is(err, idmap.ErrNotFound):
		return "", err
	}
	if leadID != "" {
		if _, err := tx.Lead(tenant, leadID); err != nil {
			return "", leadNotFound(err)
		}
	}
	id, err := cfg.Dispatcher.Linked(tx, tenant, account, ref, given, leadID)
	switch {
	case errors.Is(err, delivery.ErrElsewhere):
		return "", rpcerr.Invalid(k.field, "is at another account")
	case errors.Is(err, idmap.ErrBound):
		return "", rpcerr.Invalid(k.field, "has another ID at the vendor")
	}
	return id, k.notFound(err)
}

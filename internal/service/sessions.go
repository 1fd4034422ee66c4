package service

import (
	"context"
	"errors"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/auth"
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

// linking is a vendor's call or chat that is to be one of ours.
type linking struct {
	cfg     Config
	caller  auth.Principal
	account *adapters.Account
	ref     idmap.VendorRef
	given   string // our ID, "" for a new one
	field   string // its name in the request
	leadID  string
	key     requestKey
}

// ours is our ID of it: the one that it has, the one given, or a new one that make makes and binds.
func (l linking) ours(ctx context.Context, link func(tx idmap.Tx) (id string, err error)) (id string, err error) {
	err = l.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		if id, err = l.key.before(tx, l.cfg.Now()); err != nil || id != "" {
			return err
		}
		owner, err := tx.Owner(l.caller.Tenant, l.ref)
		switch {
		case err == nil && l.given != "" && l.given != owner:
			return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ID_TAKEN, "this vendor ID belongs to %s", owner).
				With(l.field, owner).Field("vendor_"+l.field, "belongs to "+owner)
		case err == nil:
			id = owner
			return l.key.put(tx, id, l.cfg.Now())
		case !errors.Is(err, idmap.ErrNotFound):
			return err
		}
		if l.leadID != "" {
			if _, err := tx.Lead(l.caller.Tenant, l.leadID); err != nil {
				return leadNotFound(err)
			}
		}
		if id, err = link(tx); err != nil {
			return err
		}
		if err := tx.Bind(l.caller.Tenant, l.ref, id); err != nil {
			return err
		}
		return l.key.put(tx, id, l.cfg.Now())
	})
	return id, err
}

// unlinked refuses to give one of ours a second ID, or one at another account.
func (l linking) unlinked(account, vendorID string) error {
	switch {
	case account != l.account.Name:
		return rpcerr.Invalid(l.field, "is at account %s", account)
	case vendorID != "":
		return rpcerr.Invalid(l.field, "has another ID at the vendor")
	}
	return nil
}

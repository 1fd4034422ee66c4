// Package service holds the RPCs, one file per resource or step. A handler checks and normalises what came in, changes the
// index in one transaction, and leaves every request to a vendor to the delivery. Errors are *rpcerr.Error, *adapters.Error or
// errors of the store, which the one interceptor turns into statuses.
//
// Authentication, scopes, deadlines and the limits declared in the schema have been checked before a handler runs.
package service

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/rules"
	"github.com/leadmux/leadmux/internal/seal"
)

// Config is what the services need.
type Config struct {
	Store      idmap.Store
	Accounts   *adapters.Set
	Dispatcher *delivery.Dispatcher
	Secret     *seal.Secret
	Rules      *rules.Checker // for the items of ImportLeads, each of which fails by itself
	Logger     *slog.Logger
	Now        func() time.Time // nil: time.Now

	Region         string                               // ISO 3166-1 alpha-2 of phones without country code
	Duplicates     leadmuxv1.DuplicatePolicy            // where neither the request nor DuplicatesOf names one
	DuplicatesOf   map[string]leadmuxv1.DuplicatePolicy // by tenant
	KeepRequestIDs time.Duration                        // how long a request_id is remembered
	OptOutScope    leadmuxv1.ContactChannel             // of an opt-out that says none; unset: ALL
	OptOutWords    []string                             // a message of nothing else is an opt-out; in capitals
	Drift          func(vendor, what string)            // told of a vendor's value that means nothing to us; nil: nobody
	Poll           func(account string)                 // told that an account's vendor has news which only asking it tells; nil: nobody
	Hook           func(account *adapters.Account) Hook // where an account's vendor is to send its webhooks; nil: nowhere
	Polled         func(account string) time.Time       // when all that an account's vendor has to tell was last read; nil: never
}

// LeadService implements leadmux.v1.LeadService.
type LeadService struct {
	leadmuxv1.UnsafeLeadServiceServer
	cfg Config
}

// AccountService implements leadmux.v1.AccountService.
type AccountService struct {
	leadmuxv1.UnsafeAccountServiceServer
	cfg Config
}

var (
	_ leadmuxv1.LeadServiceServer    = (*LeadService)(nil)
	_ leadmuxv1.AccountServiceServer = (*AccountService)(nil)
)

// New makes the services.
func New(cfg Config) (*LeadService, *AccountService) {
	cfg = cfg.filled()
	return &LeadService{cfg: cfg}, &AccountService{cfg: cfg}
}

// filled is the configuration with a default for what was left out.
func (c Config) filled() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.OptOutScope = cmp.Or(c.OptOutScope, leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL)
	if c.Drift == nil {
		c.Drift = func(string, string) {}
	}
	if c.Poll == nil {
		c.Poll = func(string) {}
	}
	if c.Hook == nil {
		c.Hook = func(*adapters.Account) Hook { return Hook{Lacks: "public_url"} }
	}
	if c.Polled == nil {
		c.Polled = func(string) time.Time { return time.Time{} }
	}
	return c
}

// principal is the authenticated caller. Without one nothing may happen.
func principal(ctx context.Context) (auth.Principal, error) {
	p, ok := auth.From(ctx)
	if !ok {
		return p, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED, "no caller was authenticated")
	}
	return p, nil
}

// leadNotFound puts the reason to a lead that is not there, or not any more.
func leadNotFound(err error) error {
	if errors.Is(err, idmap.ErrErased) {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_LEAD_ERASED, "the lead was erased")
	}
	if errors.Is(err, idmap.ErrNotFound) {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_LEAD_NOT_FOUND, "no such lead")
	}
	return err
}

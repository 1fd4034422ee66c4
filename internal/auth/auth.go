// Package auth says who calls and whether they may: API keys, the one table from method to scope, quotas.
//
// Invariants: a method that is in no table is refused, whatever the caller's scopes; a key is compared as its SHA-256 and in
// constant time; no message repeats a key; a caller whose key is withdrawn loses open streams too (Withdrawn). The server's chain
// asks, the service reads the Principal.
package auth

import (
	"context"
	"slices"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// DefaultTenant is the tenant of the anonymous caller.
const DefaultTenant = "default"

// Principal is the authenticated caller.
type Principal struct {
	Name     string   // the key's name, for logs
	Tenant   string   // whose data it sees
	Scopes   []string // what it may do; "*" for everything
	Accounts []string // the only accounts it may use; empty for all of its tenant
	holder   *holder  // its key; nil for the anonymous caller
}

// May says whether the caller may use an account, as far as its key says; that the account is of its tenant is checked elsewhere.
func (p Principal) May(account string) bool {
	return len(p.Accounts) == 0 || slices.Contains(p.Accounts, account)
}

func (p Principal) has(scope string) bool {
	return slices.Contains(p.Scopes, scope) || slices.Contains(p.Scopes, everything)
}

type principalKey struct{}

// With is ctx with its caller.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From is the caller of ctx; false for a public method.
func From(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}

// Withdrawn calls end, once and on a goroutine of its own, when the key of ctx's caller is withdrawn or changed; at once if it has
// been already. stop ends the watch, as that of context.AfterFunc does. A caller without key, and a public method's, has nothing
// to lose.
func Withdrawn(ctx context.Context, end func()) (stop func() bool) {
	p, ok := From(ctx)
	if !ok || p.holder == nil {
		return func() bool { return false }
	}
	return context.AfterFunc(p.holder.valid, end)
}

// Config is what an Authenticator needs.
type Config struct {
	// Keys are the callers. Required.
	Keys *Keys
	// Anonymous lets everyone in with every scope, as "sandbox" of the default tenant, as long as Keys is empty; a key that is
	// sent is ignored. Only the sandbox sets it.
	Anonymous bool
	// Reflection makes server reflection public; otherwise it is refused like any method without a scope.
	Reflection bool
}

// Authenticator decides about calls. Its methods may be called from several goroutines.
type Authenticator struct {
	cfg Config
}

// New makes an Authenticator.
func New(cfg Config) *Authenticator { return &Authenticator{cfg: cfg} }

// Authenticate finds the caller from the Authorization header ("" for none) and checks that it may call fullMethod
// ("/leadmux.v1.LeadService/GetLead"). The returned context holds the Principal, unless the method is public. Errors:
// UNAUTHENTICATED, SCOPE_MISSING.
func (a *Authenticator) Authenticate(ctx context.Context, fullMethod, authorizationHeader string) (context.Context, error) {
	if a.public(fullMethod) {
		return ctx, nil
	}
	p, err := a.caller(authorizationHeader)
	if err != nil {
		return nil, err
	}
	scope, ok := Scopes[fullMethod]
	if !ok {
		return nil, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SCOPE_MISSING, "no key opens this method")
	}
	if !p.has(scope) && !mutant.IgnoreScopes {
		return nil, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SCOPE_MISSING,
			"the key %q lacks the scope %s; add it to the key's scopes in the configuration", p.Name, scope).With("scope", scope)
	}
	return With(ctx, p), nil
}

// CheckKey says whether an Authorization header is that of any valid key, for where the method is not known yet: a body is not
// read for a stranger. Error: UNAUTHENTICATED.
func (a *Authenticator) CheckKey(authorizationHeader string) error {
	_, err := a.caller(authorizationHeader)
	return err
}

// caller is the principal of a header.
func (a *Authenticator) caller(header string) (Principal, error) {
	if a.anonymous() {
		return Principal{Name: "sandbox", Tenant: DefaultTenant, Scopes: []string{everything}}, nil
	}
	if header == "" {
		return Principal{}, unauthenticated("no API key was sent")
	}
	scheme, key, ok := strings.Cut(header, " ")
	if key = strings.TrimSpace(key); !ok || !strings.EqualFold(scheme, "Bearer") || key == "" {
		return Principal{}, unauthenticated("the header Authorization holds no API key")
	}
	h := a.cfg.Keys.find(key)
	if h == nil {
		return Principal{}, unauthenticated("the API key is not known or was withdrawn")
	}
	return h.principal(), nil
}

// anonymous says whether nobody is asked for a key.
func (a *Authenticator) anonymous() bool { return a.cfg.Anonymous && a.cfg.Keys.Len() == 0 }

func unauthenticated(what string) error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED, "%s; send the header \"Authorization: Bearer <API key>\"", what)
}

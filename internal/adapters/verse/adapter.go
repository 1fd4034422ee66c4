// Package verse is the adapter for Verse's External API.
//
// It follows the vendor's public documentation: the introduction and error table of its Postman documentation, and the older
// API page it published on GitHub. What neither says is marked "assumed" and can be configured. Its limits that callers feel:
// Verse keeps no key of ours apart, so a create is not idempotent; a repeated one answers 409 while the conversation is
// active, which is how an unknown outcome is found out (class DETECTABLE). A lead cannot be changed once it is there, nor its
// conversation deferred, only ended or stopped. Only the wiring builds an Adapter; delivery and service use it through the
// interfaces of package adapters.
package verse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// What the adapter can do.
var (
	_ adapters.LeadWriter = (*Adapter)(nil)
	_ adapters.Tester     = (*Adapter)(nil)
	_ adapters.Describer  = (*Adapter)(nil)

	_ adapters.ErasureAdviser = (*Adapter)(nil)
	_ adapters.WebhookReader  = (*Adapter)(nil)
)

// Vendor is the vendor's name in the configuration and on the wire.
const Vendor = "verse"

// DefaultBaseURL is the vendor's only published production address.
const DefaultBaseURL = "https://api.verse.io/v1"

// Config is one account.
type Config struct {
	// Account is its configured name.
	Account string
	// BaseURL is where the routes begin; empty for DefaultBaseURL.
	BaseURL string
	// APIKey is sent as X-API-KEY and decides the account at Verse. Required.
	APIKey string
	// PhoneField is the key the phone is sent under; empty for "phoneNumber", which the published documentation has. The
	// vendor's error messages say "phone", so a newer name is possible.
	PhoneField string
	// Routes are the configuration's overrides: name → "METHOD /path".
	Routes map[string]string
	// WebhookBearer is the token that the vendor sends with its webhooks; empty when it sends none.
	WebhookBearer string
	// OptOutReasons are the vendor's texts for "unqualified" that mean an opt-out; compared without regard to case.
	OptOutReasons []string
	// Line is the account's way out; nil for one without a limit.
	Line *vendorhttp.Line
	// Observe is told of every request; may be nil.
	Observe func(vendorhttp.Attempt)
	// Drift is told of what an answer holds and we do not know; may be nil.
	Drift func(vendor, what string)
}

// Adapter is one Verse account.
type Adapter struct {
	client     *vendorhttp.Client
	conn       *vendorhttp.Conn // of the RPCs that are forwarded
	phoneField string
	hook       hook
}

// New makes an adapter. Errors name the configuration value that is wrong; none shows the key.
func New(cfg Config) (*Adapter, error) {
	if cfg.APIKey == "" {
		return nil, fmt.Errorf("verse account %s: the API key is empty", cfg.Account)
	}
	phoneField := cmp.Or(cfg.PhoneField, defaultPhoneField)
	if taken(phoneField) {
		return nil, fmt.Errorf("verse account %s: phone_field %q is the name of another field", cfg.Account, phoneField)
	}
	client, err := vendorhttp.New(vendorhttp.Config{
		Vendor:   Vendor,
		Account:  cfg.Account,
		BaseURL:  cmp.Or(cfg.BaseURL, DefaultBaseURL),
		Auth:     func(h http.Header) { h.Set("X-API-KEY", cfg.APIKey) },
		Routes:   allRoutes(),
		Override: cfg.Routes,
		Line:     cfg.Line,
		Decode:   decode,
		Observe:  cfg.Observe,
	})
	if err != nil {
		return nil, fmt.Errorf("verse account %s: %w", cfg.Account, err)
	}
	conn, err := newConn(client, cfg.Drift)
	if err != nil {
		return nil, fmt.Errorf("verse account %s: %w", cfg.Account, err)
	}
	return &Adapter{
		client: client, conn: conn, phoneField: phoneField,
		hook: hook{bearer: cfg.WebhookBearer, optOutReasons: cfg.OptOutReasons},
	}, nil
}

// Vendor is "verse".
func (*Adapter) Vendor() string { return Vendor }

// Test asks with a lead that has neither phone nor e-mail. Verse looks at key, route and account before it looks at the lead,
// so a refusal of the lead proves that all three are right, and nothing is created. That the checks come in this order is
// assumed; it is what a gateway before a validator does.
func (a *Adapter) Test(ctx context.Context) error {
	_, err := a.client.Send(vendorhttp.Probe(ctx), vendorhttp.Call{Op: opTest, Route: routeCreate, Body: struct{}{}})
	if e, ok := errors.AsType[*adapters.Error](err); ok && e.Kind == adapters.KindInvalid && e.Status != 0 {
		return nil
	}
	return err
}

// Capabilities lists the supported RPCs with their routes, by RPC.
func (a *Adapter) Capabilities() []*leadmuxv1.Capability {
	all := append(a.conn.Capabilities(),
		vendorhttp.Capability(a.client, routeCreate, class, routeCreate),
		vendorhttp.Capability(a.client, routeEnd, class, routeEnd),
		vendorhttp.Capability(a.client, routeOptOut, class, routeOptOut),
		vendorhttp.Capability(a.client, routeStop, class, routeStop),
		vendorhttp.Capability(a.client, opTest, leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS, routeCreate),
	)
	slices.SortFunc(all, func(a, b *leadmuxv1.Capability) int { return strings.Compare(a.GetRpc(), b.GetRpc()) })
	return all
}

// Package conversica is the adapter for Conversica's Integrations API: one endpoint that creates or updates a lead under our
// own ID. To change a lead, end, stop or defer its conversation is the same request with the whole record and a switch in it.
//
// It follows the vendor's connector documentation and its published API description; what neither says is marked "assumed".
// The API has no read, returns no ID and publishes no body, so only the status of an answer counts. Because a create is an
// upsert under our lead ID it may be sent again at will (class KEYED). Credentials that fail may get the account locked or our
// address banned, so nothing here ever tries twice. Only the wiring builds an Adapter; delivery and service use it through the
// interfaces of package adapters.
package conversica

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// What the adapter can do.
var (
	_ adapters.ChannelKeeper = (*Adapter)(nil)
	_ adapters.LeadWriter    = (*Adapter)(nil)
	_ adapters.Tester        = (*Adapter)(nil)
	_ adapters.Describer     = (*Adapter)(nil)

	_ adapters.ErasureAdviser = (*Adapter)(nil)
	_ adapters.WebhookReader  = (*Adapter)(nil)
)

// Vendor is the vendor's name in the configuration and on the wire.
const Vendor = "conversica"

// DefaultBaseURL is the vendor's only published address.
const DefaultBaseURL = "https://integrations-api.conversica.com"

// DefaultQualifiedStatus is a word for a lead that ended qualified. The vendor's documentation gives examples (New, Sold, Lost)
// and leaves the words to us, so the choice is assumed.
const DefaultQualifiedStatus = "Qualified"

// Config is one account.
type Config struct {
	// Account is its configured name.
	Account string
	// BaseURL is where the routes begin; empty for DefaultBaseURL.
	BaseURL string
	// Username and Password are the pair the vendor's account manager issued, for HTTP Basic. Required; the name without a
	// colon.
	Username, Password string
	// ClientID names the vendor's customer when the pair serves several; empty to leave clientId out.
	ClientID string
	// ConversationID is the conversation of leads whose options name none; empty to leave conversationId out, which the
	// vendor's documents disagree on.
	ConversationID string
	// RepName is the representative of leads whose owner has no name; empty to refuse those.
	RepName string
	// LeadSource is the source of leads that have none; empty to refuse those.
	LeadSource string
	// QualifiedStatus is the leadStatus of leads that end qualified and have no status of their own; empty for
	// DefaultQualifiedStatus.
	QualifiedStatus string
	// WebhookUsername and WebhookPassword are the pair that we gave the vendor for its callbacks; empty when it sends none.
	WebhookUsername, WebhookPassword string
	// Routes are the configuration's overrides: name → "METHOD /path".
	Routes map[string]string
	// Line is the account's way out; nil for one without a limit.
	Line *vendorhttp.Line
	// Observe is told of every request; may be nil.
	Observe func(vendorhttp.Attempt)
}

// Adapter is one Conversica account.
type Adapter struct {
	client *vendorhttp.Client
	cfg    Config
}

// New makes an adapter. Errors name the configuration value that is wrong; none shows the password.
func New(cfg Config) (*Adapter, error) {
	switch {
	case cfg.Username == "" || cfg.Password == "":
		return nil, fmt.Errorf("conversica account %s: username or password is empty", cfg.Account)
	case strings.Contains(cfg.Username, ":"):
		return nil, fmt.Errorf("conversica account %s: the username must hold no colon", cfg.Account)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(cfg.Username+":"+cfg.Password))
	client, err := vendorhttp.New(vendorhttp.Config{
		Vendor:   Vendor,
		Account:  cfg.Account,
		BaseURL:  cmp.Or(cfg.BaseURL, DefaultBaseURL),
		Auth:     func(h http.Header) { h.Set("Authorization", basic) },
		Routes:   routes,
		Override: cfg.Routes,
		Line:     cfg.Line,
		Decode:   decode,
		Observe:  cfg.Observe,
	})
	if err != nil {
		return nil, fmt.Errorf("conversica account %s: %w", cfg.Account, err)
	}
	cfg.QualifiedStatus = cmp.Or(cfg.QualifiedStatus, DefaultQualifiedStatus)
	return &Adapter{client: client, cfg: cfg}, nil
}

// Vendor is "conversica".
func (*Adapter) Vendor() string { return Vendor }

// Test posts a lead without a single field, which Conversica refuses with 400 after it has accepted the credentials. That it
// looks at the credentials first is inferred from its 401 to an empty request. A wrong password costs one failed sign-in, and
// the vendor warns that several may lock the account: do not call this in a loop.
func (a *Adapter) Test(ctx context.Context) error {
	_, err := a.client.Send(vendorhttp.Probe(ctx), vendorhttp.Call{Op: opTest, Route: routePost, Body: struct{}{}})
	if e, ok := errors.AsType[*adapters.Error](err); ok && e.Kind == adapters.KindInvalid && e.Status != 0 {
		return nil
	}
	return err
}

// Capabilities lists the supported RPCs with their one route.
func (a *Adapter) Capabilities() []*leadmuxv1.Capability {
	var all []*leadmuxv1.Capability
	for _, rpc := range slices.Sorted(maps.Keys(writes)) {
		all = append(all, vendorhttp.Capability(a.client, rpc, class, routePost))
	}
	const harmless = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS
	all = append(all, vendorhttp.Capability(a.client, opTest, harmless, routePost))
	slices.SortFunc(all, func(x, y *leadmuxv1.Capability) int { return strings.Compare(x.GetRpc(), y.GetRpc()) })
	return all
}

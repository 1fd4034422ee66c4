// Package ujet is the adapter for UJET's Apps API, also sold as Google CCAI Platform.
//
// A lead becomes an end user, upserted under an identifier of ours, and, where the caller names a campaign, a contact of
// that campaign. An end user has no conversation that could be ended; ending is to leave the campaign. Invariants: an end
// user is only ever written under the identifier that the vendor has for it, so that no update makes a second one; a contact
// that an earlier attempt may have added is looked for before it is added again. A value that a lead has lost stays as it was
// at the vendor: no document says how one is cleared. Only the wiring and the tests may import this package.
package ujet

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

var (
	_ adapters.ChannelKeeper = (*Adapter)(nil)
	_ adapters.LeadWriter    = (*Adapter)(nil)
	_ adapters.LeadFinder    = (*Adapter)(nil)
	_ adapters.Tester        = (*Adapter)(nil)
	_ adapters.Describer     = (*Adapter)(nil)
	_ adapters.Forwarder     = (*Adapter)(nil)

	_ adapters.ForwardChecker = (*Adapter)(nil)
	_ adapters.WebhookReader  = (*Adapter)(nil)
	_ adapters.ErasureAdviser = (*Adapter)(nil)
)

// Vendor is this vendor's name in accounts, errors and metrics.
const Vendor = "ujet"

// Choices of Config.Identifier.
const (
	// IdentifierLeadID makes our lead ID the end user's identifier; the default.
	IdentifierLeadID = "lead_id"
	// IdentifierExternalID makes the caller's own ID the end user's identifier, for callers whose apps already sign people
	// in at the vendor under that ID. A lead without one is refused, not written under our ID: once it had got its own ID
	// the same person would be created a second time.
	IdentifierExternalID = "external_id"
)

// ratePerSecond is the vendor's limit per customer. One of its documents says 1, another 10; the lower one is safe with both.
const ratePerSecond = 1

// The RPCs, as errors, metrics and capabilities name them.
const (
	opCreateLead       = "CreateLead"
	opUpdateLead       = "UpdateLead"
	opEndConversation  = "EndConversation"
	opStopConversation = "StopConversation"
	opEraseLead        = "EraseLead"
	opLookupLead       = "LookupLead"
	opOptOutLead       = "OptOutLead"
	opReconsent        = "Reconsent"
	opTestAccount      = "TestAccount"
)

// Config is one account at UJET.
type Config struct {
	// Account is the account's configured name.
	Account string
	// Subdomain is the customer's label in the vendor's host name and the Basic user.
	Subdomain string
	// Domain is the rest of that host name; not needed with BaseURL.
	Domain string
	// BaseURL replaces https://{Subdomain}.{Domain}/apps/api/v1 when set.
	BaseURL string
	// Token is the API token, the Basic password.
	Token string
	// BulkToken is the API user's token for agent imports, which take no other; empty for Token, if that is one.
	BulkToken string
	// Identifier is IdentifierLeadID (also when empty) or IdentifierExternalID.
	Identifier string
	// CompanySecret signs custom data; empty for an account that sends it plain alone.
	CompanySecret string
	// ContentAsObject writes a chat message's content as {"text": …} or {"media_id": …}; the vendor's pages show both forms.
	ContentAsObject bool
	// Routes replaces single routes, "METHOD /path" by RPC name.
	Routes map[string]string
	// Hook is how the vendor's deliveries to us are recognised; the zero value when it sends none.
	Hook Hook
	// Line is the way out; nil for one of its own at the vendor's limit of one request per second. The limit is per
	// subdomain: lines of accounts on one subdomain must share their slots.
	Line *vendorhttp.Line
	// Observe is told of every request; may be nil.
	Observe func(vendorhttp.Attempt)
	// Drift is told of what an answer holds and we do not know; may be nil.
	Drift func(vendor, what string)
}

// Adapter is one account at UJET.
type Adapter struct {
	client *vendorhttp.Client
	conn   *vendorhttp.Conn
	// bulk is conn with the token of agent imports.
	bulk *vendorhttp.Conn
	// byExternalID says that the end user's identifier is the caller's own ID.
	byExternalID bool
	hook         Hook
}

// New makes the adapter of one account. It fails on a configuration that cannot work and sends nothing.
func New(cfg Config) (*Adapter, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("ujet account %q: %w", cfg.Account, err)
	}
	if cfg.Line == nil {
		cfg.Line = vendorhttp.NewLine(vendorhttp.LineConfig{RatePerSecond: ratePerSecond})
	}
	a := &Adapter{byExternalID: cfg.Identifier == IdentifierExternalID, hook: cfg.Hook}
	var err error
	if a.client, err = a.newClient(cfg, cfg.Token); err != nil {
		return nil, fmt.Errorf("ujet account %q: %w", cfg.Account, err)
	}
	if a.conn, err = newConn(a.client, cfg); err != nil {
		return nil, fmt.Errorf("ujet account %q: %w", cfg.Account, err)
	}
	bulk, err := a.newClient(cfg, cmp.Or(cfg.BulkToken, cfg.Token))
	if err != nil {
		return nil, fmt.Errorf("ujet account %q: bulk_token: %w", cfg.Account, err)
	}
	if a.bulk, err = newConn(bulk, cfg); err != nil {
		return nil, fmt.Errorf("ujet account %q: %w", cfg.Account, err)
	}
	return a, nil
}

// newClient makes the client of one token. All of an account's share its line.
func (a *Adapter) newClient(cfg Config, token string) (*vendorhttp.Client, error) {
	credentials := "Basic " + base64.StdEncoding.EncodeToString([]byte(cfg.Subdomain+":"+token))
	return vendorhttp.New(vendorhttp.Config{
		Vendor: Vendor, Account: cfg.Account, BaseURL: cfg.baseURL(),
		Auth:   func(h http.Header) { h.Set("Authorization", credentials) },
		Secret: []string{"Authorization"},
		Routes: allRoutes(), Override: cfg.Routes,
		Line: cfg.Line, Decode: a.decode, Observe: cfg.Observe,
	})
}

func (c Config) check() error {
	switch {
	case c.Subdomain == "":
		return errors.New("subdomain is missing")
	case strings.ContainsAny(c.Subdomain, ":/.@"):
		return errors.New("subdomain must be the first label of the host name alone")
	case c.Domain == "" && c.BaseURL == "":
		return errors.New("domain is missing; base_url would do instead")
	case strings.ContainsAny(c.Domain, ":/@ "):
		return errors.New("domain must be the rest of the host name alone")
	case c.Token == "":
		return errors.New("token is missing")
	case c.Identifier != "" && c.Identifier != IdentifierLeadID && c.Identifier != IdentifierExternalID:
		return fmt.Errorf("identifier must be %s or %s", IdentifierLeadID, IdentifierExternalID)
	}
	return nil
}

func (c Config) baseURL() string {
	if c.BaseURL != "" {
		return c.BaseURL
	}
	return "https://" + c.Subdomain + "." + c.Domain + "/apps/api/v1"
}

// Vendor is "ujet".
func (a *Adapter) Vendor() string { return Vendor }

// Test reads the wait times of all queues, which any credentials may. Only its status counts: the vendor's documents show
// two shapes of the answer.
func (a *Adapter) Test(ctx context.Context) error {
	_, err := a.client.Send(vendorhttp.Probe(ctx), waitTimes(opTestAccount))
	return asRouteUnknown(err)
}

// waitTimes is the read that shows whether subdomain and credentials are right: its path names no object that could be gone.
func waitTimes(op string) vendorhttp.Call {
	return vendorhttp.Call{Op: op, Route: routeListWaitTimes, Query: url.Values{"lang": {"en"}}}
}

// Package convertalk is the adapter for Convertalk, a white label of BotPenguin.
//
// A lead becomes a chat user under a uuid of ours: the bits of our lead ID with the version written 4, as the vendor's own
// widget makes them; or it is one already, under the uuid it was linked by. Invariants: one lead has one uuid, so whatever is
// sent twice ends as one chat user; nothing of a lead is put into another field than its own; a note that the vendor may have
// already is looked for before it is sent. A value that a lead has lost stays as it was at the vendor: no document says how
// one is cleared. Only the wiring and the tests may import this package.
package convertalk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

var (
	_ adapters.LeadWriter  = (*Adapter)(nil)
	_ adapters.OtherLister = (*Adapter)(nil)
	_ adapters.Tester      = (*Adapter)(nil)
	_ adapters.Describer   = (*Adapter)(nil)
	_ adapters.Forwarder   = (*Adapter)(nil)

	_ adapters.ErasureAdviser = (*Adapter)(nil)
	_ adapters.WebhookReader  = (*Adapter)(nil)
)

// Vendor is this vendor's name in accounts, errors and metrics.
const Vendor = "convertalk"

// Choices of Config.ArrayFields: how notes, tags and attributes are written.
const (
	// ArraysAsArray writes arrays; the default. The vendor's table says String, but its parent's and siblings' say arrays,
	// and the listing shows arrays (inferred).
	ArraysAsArray = "array"
	// ArraysAsString writes text: notes as lines, tags with commas between them, attributes as JSON text (assumed).
	ArraysAsString = "string"
)

// Choices of Config.ArrayMode: what becomes of the notes, tags and attributes that a record has when others are sent. No
// document says (assumed).
const (
	// ArraysUnited: tags not yet there are added, notes appended, attributes set by key; the default.
	ArraysUnited = "union"
	// ArraysReplaced: what is sent takes the place of what was there.
	ArraysReplaced = "replace"
)

// The RPCs, as errors, metrics and capabilities name them.
const (
	opCreateLead        = "CreateLead"
	opUpdateLead        = "UpdateLead"
	opEndConversation   = "EndConversation"
	opStopConversation  = "StopConversation"
	opDeferConversation = "DeferConversation"
	opOptOutLead        = "OptOutLead"
	opListVendorLeads   = "ListVendorLeads"
	opTestAccount       = "TestAccount"
)

// The vendor has a header of its own for the token of each endpoint.
const (
	headerWrite = "X-Bp-Token"
	headerList  = "X-Bot-Token"
)

// Config is one account at Convertalk.
type Config struct {
	// Account is the account's configured name.
	Account string
	// BaseURL is the vendor's host without /inbox. The vendor's document prints it broken, so there is no default.
	BaseURL string
	// Token is the API token for writing.
	Token string
	// BotToken is the API token for the listing; Token when empty.
	BotToken string
	// BotID and CustomerID name the bot and the account it belongs to.
	BotID, CustomerID string
	// ArrayFields is ArraysAsArray (also when empty) or ArraysAsString.
	ArrayFields string
	// ArrayMode is ArraysUnited (also when empty) or ArraysReplaced.
	ArrayMode string
	// Routes replaces single routes, "METHOD /path" by RPC name.
	Routes map[string]string
	// Line is the way out; nil for one of its own without a rate limit: the vendor documents none.
	Line *vendorhttp.Line
	// Observe is told of every request; may be nil.
	Observe func(vendorhttp.Attempt)
}

// Adapter is one account at Convertalk.
type Adapter struct {
	client            *vendorhttp.Client
	botID, customerID string
	asText            bool // arrays are written as text
	replaces          bool // arrays that are written replace what was there
	// write and list are the credential headers of the two endpoints.
	write, list http.Header
}

// New makes the adapter of one account. It fails on a configuration that cannot work and sends nothing.
func New(cfg Config) (*Adapter, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("convertalk account %q: %w", cfg.Account, err)
	}
	client, err := vendorhttp.New(vendorhttp.Config{
		Vendor: Vendor, Account: cfg.Account, BaseURL: cfg.BaseURL,
		Secret: []string{headerWrite, headerList},
		Routes: routes, Override: cfg.Routes,
		Line: cfg.Line, Decode: decode, Observe: cfg.Observe,
	})
	if err != nil {
		return nil, fmt.Errorf("convertalk account %q: %w", cfg.Account, err)
	}
	return &Adapter{
		client: client, botID: cfg.BotID, customerID: cfg.CustomerID,
		asText: cfg.ArrayFields == ArraysAsString, replaces: cfg.ArrayMode == ArraysReplaced,
		write: http.Header{headerWrite: {cfg.Token}},
		list:  http.Header{headerList: {cmp.Or(cfg.BotToken, cfg.Token)}},
	}, nil
}

func (c Config) check() error {
	switch {
	case c.BaseURL == "":
		return errors.New("base_url is missing")
	case c.Token == "":
		return errors.New("token is missing")
	case c.BotID == "":
		return errors.New("bot_id is missing")
	case c.CustomerID == "":
		return errors.New("customer_id is missing")
	case c.ArrayFields != "" && c.ArrayFields != ArraysAsArray && c.ArrayFields != ArraysAsString:
		return fmt.Errorf("array_fields must be %s or %s", ArraysAsArray, ArraysAsString)
	case c.ArrayMode != "" && c.ArrayMode != ArraysUnited && c.ArrayMode != ArraysReplaced:
		return fmt.Errorf("array_mode must be %s or %s", ArraysUnited, ArraysReplaced)
	}
	return nil
}

// Vendor is "convertalk".
func (a *Adapter) Vendor() string { return Vendor }

// Test tries both tokens. It reads the first page of the listing, which also tries bot and customer; then it sends an empty
// upsert, which writes nothing: the vendor must refuse it for its missing uuid, and does so only after it has accepted the
// token (assumed: no document says which is checked first).
func (a *Adapter) Test(ctx context.Context) error {
	ctx = vendorhttp.Probe(ctx)
	if _, _, err := a.ask(ctx, a.listing(opTestAccount, 1)); err != nil {
		return err
	}
	_, _, err := a.ask(ctx, vendorhttp.Call{Op: opTestAccount, Route: routeCreateLead, Header: a.write, Body: struct{}{}})
	return unlessInvalid(err)
}

// ask makes a request; a success that says it is none is an error.
func (a *Adapter) ask(ctx context.Context, call vendorhttp.Call) (envelope, vendorhttp.Answer, error) {
	said, answer, err := vendorhttp.Do[envelope](ctx, a.client, call)
	if err == nil {
		err = said.refusal(call.Op, answer)
	}
	return said, answer, err
}

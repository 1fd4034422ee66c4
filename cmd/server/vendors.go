package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/conversica"
	"github.com/leadmux/leadmux/internal/adapters/convertalk"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/adapters/verse"
	"github.com/leadmux/leadmux/internal/config"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/sandbox"
	"github.com/leadmux/leadmux/internal/webhook"
)

// buildAccounts makes an adapter with its line for every configured account.
func buildAccounts(cfg *config.Config, metrics *delivery.Metrics, logger *slog.Logger) (*adapters.Set, error) {
	observe := func(a vendorhttp.Attempt) {
		metrics.Attempt(a.Vendor, a.Account, a.Op, a.Kind, a.Status, a.Duration)
	}
	shared := map[string]vendorhttp.Slots{} // UJET's limit is per subdomain
	var accounts []*adapters.Account
	for _, a := range cfg.Accounts {
		line := vendorhttp.NewLine(vendorhttp.LineConfig{
			RatePerSecond: a.RatePerSecond, Slots: slotsOf(shared, a), Turned: tellOfBreaker(logger, a.Name),
		})
		adapter, err := newAdapter(a, line, observe, metrics.Drift)
		if err != nil {
			return nil, fmt.Errorf("account %s: %w", a.Name, err)
		}
		accounts = append(accounts, &adapters.Account{
			Name: a.Name, Tenant: a.Tenant, Vendor: a.Vendor, Adapter: adapter, Line: line, Limit: limitOf(a),
			Default: slices.Contains(cfg.DefaultAccounts, a.Name),
		})
	}
	return adapters.NewSet(accounts), nil
}

// tellOfBreaker logs that an account's breaker opened, and that it closed again.
func tellOfBreaker(logger *slog.Logger, account string) func(open bool) {
	return func(open bool) {
		if open {
			logger.Warn("the vendor fails: nothing is sent to the account but a trial now and then; what waits is kept", slog.String("account", account))
			return
		}
		logger.Info("the vendor answers again: what waited for the account goes out", slog.String("account", account))
	}
}

// limitOf names the limit that an account shares with others at its vendor; empty for one of its own.
func limitOf(a config.Account) string {
	if a.Vendor != config.UJET {
		return ""
	}
	return strings.ToLower(a.Subdomain)
}

func slotsOf(shared map[string]vendorhttp.Slots, a config.Account) vendorhttp.Slots {
	limit := limitOf(a)
	if limit == "" {
		return nil
	}
	if shared[limit] == nil {
		shared[limit] = vendorhttp.NewSlots(a.RatePerSecond)
	}
	return shared[limit]
}

func newAdapter(a config.Account, line *vendorhttp.Line, observe func(vendorhttp.Attempt), drift func(vendor, what string)) (adapters.Adapter, error) {
	switch a.Vendor {
	case config.Verse:
		return verse.New(verse.Config{
			Account: a.Name, BaseURL: a.BaseURL, APIKey: a.APIKey.Reveal(), PhoneField: a.PhoneField,
			WebhookBearer: a.Hook().Bearer.Reveal(), OptOutReasons: a.UnqualifiedOptOutReasons,
			Routes: a.Routes, Line: line, Observe: observe, Drift: drift,
		})
	case config.UJET:
		return ujet.New(ujet.Config{
			Account: a.Name, BaseURL: a.BaseURL, Subdomain: a.Subdomain, Domain: a.Domain, Token: a.Token.Reveal(),
			Identifier: a.Identifier, BulkToken: a.BulkToken.Reveal(), CompanySecret: a.CompanySecret.Reveal(), Hook: ujetHook(a.Hook()),
			ContentAsObject: a.MessageContent == config.ContentForms[1], Routes: a.Routes, Line: line, Observe: observe, Drift: drift,
		})
	case config.Conversica:
		return conversica.New(conversica.Config{
			Account: a.Name, BaseURL: a.BaseURL, Username: a.Username, Password: a.Password.Reveal(), ClientID: a.ClientID,
			ConversationID: a.ConversationID, RepName: a.RepName, LeadSource: a.LeadSource, QualifiedStatus: a.QualifiedStatus,
			WebhookUsername: a.Hook().Username, WebhookPassword: a.Hook().Password.Reveal(),
			Routes: a.Routes, Line: line, Observe: observe,
		})
	case config.Convertalk:
		return convertalk.New(convertalk.Config{
			Account: a.Name, BaseURL: a.BaseURL, Token: a.Token.Reveal(), BotToken: a.BotToken.Reveal(),
			BotID: a.BotID, CustomerID: a.CustomerID, ArrayFields: a.ArrayFields, ArrayMode: a.ArrayMode,
			Routes: a.Routes, Line: line, Observe: observe,
		})
	default:
		return nil, fmt.Errorf("there is no adapter for vendor %q", a.Vendor) // the configuration's check comes first
	}
}

// endpoints are the accounts that their vendors may send to.
func endpoints(cfg *config.Config, accounts *adapters.Set) []webhook.Endpoint {
	var all []webhook.Endpoint
	for _, a := range cfg.Accounts {
		if account, ok := accounts.Get(a.Tenant, a.Name); ok && a.Webhook != nil {
			all = append(all, webhook.Endpoint{Account: account, PathToken: a.Webhook.PathToken.Reveal()})
		}
	}
	return all
}

func ujetHook(w config.Webhook) ujet.Hook {
	hook := ujet.Hook{Username: w.Username, Password: w.Password.Reveal()}
	for _, secret := range w.SigningSecrets {
		hook.Secrets = append(hook.Secrets, secret.Reveal())
	}
	return hook
}

// sandboxPoll is short enough for somebody who watches.
const sandboxPoll = 5 * time.Second

// sandboxAccount is the account that speaks to one emulator.
func sandboxAccount(v sandbox.Vendor) config.Account {
	a := config.DefaultAccount(v.Name)
	a.Name, a.Vendor, a.BaseURL = v.Name, v.Name, v.BaseURL
	switch v.Name {
	case sandbox.NameVerse:
		a.APIKey = config.NewSecret(v.APIKey)
	case sandbox.NameUJET:
		a.Subdomain, a.Token = v.Subdomain, config.NewSecret(v.Token)
	case sandbox.NameConversica:
		a.Username, a.Password = v.Username, config.NewSecret(v.Password)
		a.ClientID, a.ConversationID = "sandbox", "first-contact"
		a.RepName, a.LeadSource = "Robin Sandbox", "Sandbox"
	case sandbox.NameConvertalk:
		a.Token, a.BotID, a.CustomerID = config.NewSecret(v.Token), v.BotID, v.CustomerID
		a.Poll.Every = sandboxPoll
	}
	a.Webhook = sandboxHook(v.Hook)
	return a
}

// sandboxHook is how one emulator's deliveries are recognised.
func sandboxHook(h sandbox.Hook) *config.Webhook {
	w := &config.Webhook{
		PathToken: config.NewSecret(h.PathToken), Bearer: config.NewSecret(h.Bearer), Username: h.Username, Password: config.NewSecret(h.Password),
	}
	if h.SigningSecret != "" {
		w.SigningSecrets = []config.Secret{config.NewSecret(h.SigningSecret)}
	}
	return w
}

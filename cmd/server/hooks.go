package main

import (
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/config"
	"github.com/leadmux/leadmux/internal/service"
	"github.com/leadmux/leadmux/internal/webhook"
)

// hookAddresses are the URLs that vendors send their webhooks to.
type hookAddresses struct {
	base  string // empty until it is known
	hooks map[string]*config.Webhook
}

// addressesOf are the configuration's. In the sandbox the base follows from where the service listens in the end.
func addressesOf(cfg *config.Config) *hookAddresses {
	all := &hookAddresses{base: cfg.PublicURL, hooks: map[string]*config.Webhook{}}
	for _, a := range cfg.Accounts {
		all.hooks[a.Name] = a.Webhook
	}
	return all
}

// of is an account's own, with the configuration's key that it lacks.
func (h *hookAddresses) of(account *adapters.Account) service.Hook {
	hook := h.hooks[account.Name]
	switch {
	case hook == nil:
		return service.Hook{Lacks: "accounts[].webhook of this account, and public_url"}
	case h.base == "":
		return service.Hook{Lacks: "public_url"}
	default:
		return service.Hook{URL: h.url(account.Name, hook), Bearer: hook.Bearer.Reveal()}
	}
}

func (h *hookAddresses) url(account string, hook *config.Webhook) string {
	return h.base + webhook.Path + account + "/" + hook.PathToken.Reveal()
}

// inSandbox is our address for one kind of an emulator's webhooks.
func (h *hookAddresses) inSandbox(name, kind string) string {
	hook := h.hooks[name]
	if hook == nil {
		return "" // no emulator of that name would ask
	}
	address := h.url(name, hook)
	if kind != "" {
		address += "/" + kind
	}
	return address
}

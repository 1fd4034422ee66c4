package service

import (
	"net"
	"net/url"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// Hook is where an account's vendor is to send its webhooks.
type Hook struct {
	// URL is the account's own; empty where the configuration lacks something for it.
	URL string
	// Lacks is the key of the configuration without which there is no URL.
	Lacks string
	// Bearer is the token that the vendor is to send there; empty where it sends none.
	Bearer string
}

// createVendorWebhook completes the request with the account's own URL and bearer, and the answer with what the vendor leaves out.
func createVendorWebhook(f *forward, r *leadmuxv1.CreateVendorWebhookRequest) error {
	if r.VendorWebhook == nil {
		r.VendorWebhook = &leadmuxv1.VendorWebhook{}
	}
	asked, own := r.GetVendorWebhook(), f.s.cfg.Hook(f.account)
	asked.VendorWebhookId, asked.VendorEvent, asked.Own = "", "", false
	if asked.GetEvent() == leadmuxv1.VendorWebhookEvent_VENDOR_WEBHOOK_EVENT_UNSPECIFIED {
		asked.Event = leadmuxv1.VendorWebhookEvent_VENDOR_WEBHOOK_EVENT_LEAD_ACTIVITY
	}
	isOwn := asked.GetUrl() == "" || asked.GetUrl() == own.URL
	switch {
	case isOwn && own.URL == "":
		return rpcerr.Invalid("vendor_webhook.url", "account %s has no URL of its own to leave this out for: set %s in the configuration, or give a URL",
			f.account.Name, own.Lacks)
	case isOwn && asked.GetBearer() != "":
		return rpcerr.Invalid("vendor_webhook.bearer", "leave it out: the account's configured one goes with its own URL")
	case isOwn:
		asked.Url, asked.Bearer = own.URL, own.Bearer
	default:
		if err := hookURL("vendor_webhook.url", asked.GetUrl()); err != nil {
			return err
		}
	}
	f.finish = func() {
		response, ok := f.response.(*leadmuxv1.CreateVendorWebhookResponse)
		if !ok {
			return
		}
		if response.VendorWebhook == nil {
			response.VendorWebhook = &leadmuxv1.VendorWebhook{}
		}
		made := response.GetVendorWebhook()
		made.Url, made.Event, made.Team = asked.GetUrl(), asked.GetEvent(), asked.GetTeam()
		showHook(made, own)
	}
	return nil
}

// listVendorWebhooks marks those that are the account's own, and hides what may be secret in the others.
func listVendorWebhooks(f *forward, _ *leadmuxv1.ListVendorWebhooksRequest) error {
	own := f.s.cfg.Hook(f.account)
	f.finish = func() {
		response, _ := f.response.(*leadmuxv1.ListVendorWebhooksResponse)
		for _, hook := range response.GetVendorWebhooks() {
			showHook(hook, own)
		}
	}
	return nil
}

// showHook is a webhook as callers may see it: whoever knows the whole URL of a webhook and its bearer can speak in the vendor's name.
func showHook(hook *leadmuxv1.VendorWebhook, own Hook) {
	hook.Own = own.URL != "" && hook.GetUrl() == own.URL
	hook.Bearer = ""
	u, err := url.Parse(hook.GetUrl())
	if err != nil || u.Host == "" {
		hook.Url = ""
		return
	}
	hook.Url = u.Scheme + "://" + u.Host
}

// hookURL refuses a URL that a vendor could not or should not send to.
func hookURL(field, text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return rpcerr.Invalid(field, "must be a URL, such as https://crm.example.com/verse")
	case u.User != nil:
		return rpcerr.Invalid(field, "must not hold a user or password; vendor_webhook.bearer is for the token that the vendor sends")
	case u.Fragment != "":
		return rpcerr.Invalid(field, "must not hold a fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return rpcerr.Invalid(field, "must start with https://; plain http is for loopback only, because leads would cross the network in clear")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

package config

import (
	"net/url"
	"slices"
)

// maxPort is the highest there is.
const maxPort = 65535

// webhooksOut checks which endpoints subscriptions may have.
func (k *checker) webhooksOut() {
	w := k.c.WebhooksOut
	for i, port := range w.Ports {
		switch {
		case port < 1 || port > maxPort:
			k.bad(item("webhooks_out.ports", i), "must be a port from 1 to %d, not %d", maxPort, port)
		case slices.Contains(w.Ports[:i], port):
			k.bad(item("webhooks_out.ports", i), "%d is named twice", port)
		}
	}
	if w.Proxy == "" {
		return
	}
	u, err := url.Parse(w.Proxy)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil || (u.Path != "" && u.Path != "/") {
		k.bad("webhooks_out.proxy", "must be the address of a proxy such as http://proxy.example.com:3128, without user and path")
	}
}

// ProxyURL is Proxy as a URL; nil for none. The configuration was checked.
func (w WebhooksOut) ProxyURL() *url.URL {
	if w.Proxy == "" {
		return nil
	}
	u, err := url.Parse(w.Proxy)
	if err != nil {
		return nil
	}
	return u
}

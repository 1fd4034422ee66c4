package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadmux/leadmux/internal/config"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/outbound"
	"github.com/leadmux/leadmux/internal/service"
	"github.com/leadmux/leadmux/internal/subscription"
)

// subscribers are the service of subscriptions and what sends to them.
func subscribers(cfg *config.Config, services service.Config, store *boltmap.Store, registry *prometheus.Registry) (*service.SubscriptionService, *subscription.Hooks) {
	var ports []uint16
	for _, port := range cfg.WebhooksOut.Ports {
		ports = append(ports, uint16(port))
	}
	sender := outbound.NewSender(outbound.Config{
		AllowLoopback: cfg.WebhooksOut.AllowLoopback, Ports: ports, Proxy: cfg.WebhooksOut.ProxyURL(),
	})
	hooks := subscription.New(subscription.Config{
		Store: store, Sender: sender, Logger: services.Logger, Registry: registry, Body: service.EventBody(services.Secret),
	})
	return service.NewSubscriptions(services, hooks, sender.CheckURL), hooks
}

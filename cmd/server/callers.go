package main

import (
	"context"
	"log/slog"
	"strings"

	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/config"
)

// callers is who may call, kept up to date with the configuration.
type callers struct {
	keys *auth.Keys
	auth *auth.Authenticator
}

func newCallers(cfg *config.Config) *callers {
	keys := auth.NewKeys(authKeys(cfg))
	return &callers{keys: keys, auth: auth.New(auth.Config{Keys: keys, Anonymous: cfg.Sandbox, Reflection: true})}
}

// follow makes the keys of each freshly loaded configuration valid, until ctx ends.
func (c *callers) follow(ctx context.Context, running *config.Config, reload <-chan *config.Config, logger *slog.Logger) {
	for {
		select {
		case fresh := <-reload:
			c.keys.Replace(authKeys(fresh))
			logger.Info("configuration read again", slog.Int("api_keys", c.keys.Len()))
			if keys := config.RestartKeys(running, fresh); len(keys) > 0 {
				logger.Warn("changed keys that need a restart", slog.String("keys", strings.Join(keys, ", ")))
			}
		case <-ctx.Done():
			return
		}
	}
}

func authKeys(cfg *config.Config) []auth.Key {
	keys := make([]auth.Key, 0, len(cfg.APIKeys))
	for _, k := range cfg.APIKeys {
		keys = append(keys, auth.Key{
			Name: k.Name, SHA256: k.Sum(), Tenant: k.Tenant, Scopes: k.Scopes, Accounts: k.Accounts,
			RatePerSecond: k.RatePerSecond, Burst: k.Burst,
		})
	}
	return keys
}

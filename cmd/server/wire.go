package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/config"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/poll"
	"github.com/leadmux/leadmux/internal/retention"
	"github.com/leadmux/leadmux/internal/rules"
	"github.com/leadmux/leadmux/internal/sandbox"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/server"
	"github.com/leadmux/leadmux/internal/service"
	"github.com/leadmux/leadmux/internal/subscription"
	"github.com/leadmux/leadmux/internal/webhook"
)

// closeTimeout bounds how long attempts under way may take once the listeners are closed; what is cut off then is settled at
// the next start.
const closeTimeout = delivery.AttemptTimeout + 2*time.Second

// serve builds everything, runs it until ctx ends, and takes it down in the opposite order: the store last. With vendors.go it
// is the only place that names vendors and stores.
func serve(ctx context.Context, cfg *config.Config, logger *slog.Logger, reload <-chan *config.Config) (err error) {
	undo := &cleanup{}
	defer func() { err = errors.Join(err, undo.run()) }()

	admin := map[string]http.Handler{}
	var vendors *sandbox.Sandbox
	if cfg.Sandbox {
		if vendors, err = startSandbox(ctx, cfg, logger, admin, undo); err != nil {
			return err
		}
	}
	store, secret, err := openStore(cfg, logger, undo)
	if err != nil {
		return err
	}
	admin[backupPath] = backups(store, cfg.DataDir, func(err error) {
		logger.Error("backup failed", slog.String("error", err.Error()))
	})
	registry := prometheus.NewRegistry()
	registry.MustRegister(fileSizes(cfg.DataDir)...)
	metrics := delivery.NewMetrics(registry)
	accounts, err := buildAccounts(cfg, metrics, logger)
	if err != nil {
		return err
	}
	poller := poll.New(poll.Config{Accounts: accounts, Logger: logger, Registry: registry})
	dispatcher := delivery.New(delivery.Config{
		Store: store, Accounts: accounts, Logger: logger, Secret: secret, Follow: pollEvery(cfg), Followed: poller.Hint,
		Schedule: delivery.Schedule{Min: cfg.Delivery.RetryMin, Max: cfg.Delivery.RetryMax, GiveUpAfter: cfg.Delivery.GiveUpAfter},
	})
	registry.MustRegister(dispatcher)
	compiled, err := rules.New()
	if err != nil {
		return err
	}
	addresses := addressesOf(cfg)
	services := service.Config{
		Rules: compiled, Store: store, Accounts: accounts, Dispatcher: dispatcher, Secret: secret, Logger: logger,
		Region:     cfg.DefaultRegion,
		Duplicates: duplicatePolicy(cfg.Duplicates), DuplicatesOf: duplicatesOf(cfg),
		KeepRequestIDs: cfg.Retention.RequestIDs, Drift: metrics.Drift,
		OptOutScope: leadmuxv1.ContactChannel(leadmuxv1.ContactChannel_value["CONTACT_CHANNEL_"+strings.ToUpper(cfg.OptOut.Scope)]),
		OptOutWords: cfg.OptOut.Keywords, Hook: addresses.of, Poll: poller.Hint, Polled: poller.Last,
	}
	leads, accountService := service.New(services)
	more, err := forwarded(services)
	if err != nil {
		return err
	}
	subscriptions, sending := subscribers(cfg, services, store, registry)
	who := newCallers(cfg)
	hooks := webhook.New(webhook.Config{
		Endpoints: endpoints(cfg, accounts), Receive: leads.Receive, Logger: logger, Registry: registry,
	})
	srv, err := newServer(cfg, logger, registry, who, store, map[string]http.Handler{webhook.Path: hooks}, admin, server.Services{
		Leads: leads, Accounts: accountService, Operations: service.NewOperations(services), Events: service.NewEvents(leads, store),
		More: append(more,
			server.Service{Desc: &leadmuxv1.SuppressionService_ServiceDesc, Impl: service.NewSuppressions(leads)},
			server.Service{Desc: &leadmuxv1.SubscriptionService_ServiceDesc, Impl: subscriptions},
		),
	})
	if err != nil {
		return err
	}
	if vendors != nil {
		addresses.base = cmp.Or(addresses.base, "http://"+srv.HTTPAddr())
		if err := vendors.Connect(addresses.inSandbox); err != nil {
			return errors.Join(err, srv.Close())
		}
	}
	tasks, err := pollTasks(ctx, pollEvery(cfg), accounts, leads, dispatcher)
	if err != nil {
		return errors.Join(err, srv.Close())
	}
	if err := begin(ctx, dispatcher, poller, tasks, sending, undo); err != nil { // after the listeners, so that a busy port sends nothing
		return errors.Join(err, srv.Close())
	}
	undo.add(sweeping(ctx, retention.New(retention.Config{
		Store: store, Logger: logger, Registry: registry, Events: cfg.Retention.Events, Raw: cfg.Retention.Raw,
	})))
	go who.follow(ctx, cfg, reload, logger)
	logger.Info(ready(cfg, srv, len(accounts.All()))) //nolint:sloglint // the one line that people read is a sentence
	return srv.Run(ctx)
}

// begin starts all that speaks to others by itself: the delivery, the polls and the webhooks of ours.
func begin(ctx context.Context, dispatcher *delivery.Dispatcher, poller *poll.Poller, tasks []poll.Task, sending *subscription.Hooks, undo *cleanup) error {
	if err := dispatcher.Start(ctx); err != nil {
		return err
	}
	undo.add(func(ctx context.Context) error { dispatcher.Close(ctx); return nil })
	poller.Start(ctx, tasks)
	undo.add(func(context.Context) error { poller.Close(); return nil })
	if err := sending.Start(ctx); err != nil {
		return err
	}
	undo.add(func(ctx context.Context) error { sending.Close(ctx); return nil })
	return nil
}

// openStore opens the index with the service's one secret.
func openStore(cfg *config.Config, logger *slog.Logger, undo *cleanup) (*boltmap.Store, *seal.Secret, error) {
	master, err := config.SecretKey(cfg)
	if err != nil {
		return nil, nil, err
	}
	secret, err := seal.NewSecret(master)
	if err != nil {
		return nil, nil, err
	}
	store, err := boltmap.Open(boltmap.Config{Dir: cfg.DataDir, Secret: secret, Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	undo.add(func(context.Context) error { return store.Close() })
	return store, secret, nil
}

func newServer(cfg *config.Config, logger *slog.Logger, registry *prometheus.Registry, who *callers, store idmap.Store, extra, admin map[string]http.Handler, services server.Services) (*server.Server, error) {
	var tlsConfig *tls.Config
	if cfg.TLS != nil {
		var err error
		if tlsConfig, err = cfg.TLS.Config(); err != nil {
			return nil, err
		}
	}
	drainDelay := server.DefaultDrainDelay
	if cfg.Sandbox {
		drainDelay = 0 // no load balancer is in front
	}
	return server.New(server.Config{
		HTTPAddr: cfg.HTTPAddr, GRPCAddr: cfg.GRPCAddr, AdminAddr: cfg.AdminAddr, TLS: tlsConfig,
		Logger: logger, Registry: registry, Version: version, Extra: extra, AdminExtra: admin, DrainDelay: drainDelay,
		Withdrawn: auth.Withdrawn, Authenticate: who.auth.Authenticate, CheckKey: who.auth.CheckKey, Limit: auth.Quota{}.Check,
		Describe: func(ctx context.Context) (string, string) {
			p, _ := auth.From(ctx)
			return p.Name, p.Tenant
		},
		Ready: func(ctx context.Context) error {
			return store.View(ctx, func(idmap.Reader) error { return nil })
		},
	}, services)
}

func startSandbox(ctx context.Context, cfg *config.Config, logger *slog.Logger, admin map[string]http.Handler, undo *cleanup) (*sandbox.Sandbox, error) {
	vendors, err := sandbox.Start(ctx, sandbox.Config{Dir: filepath.Join(cfg.DataDir, "sandbox"), Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("start the sandbox vendors: %w", err)
	}
	undo.add(vendors.Close)
	admin[sandbox.ControlPath] = vendors.Handler()
	for _, vendor := range vendors.Vendors() {
		account := sandboxAccount(vendor)
		cfg.Accounts = append(cfg.Accounts, account)
		cfg.DefaultAccounts = append(cfg.DefaultAccounts, account.Name)
	}
	return vendors, nil
}

// ready is the last line of the start: what is ready and where.
func ready(cfg *config.Config, srv *server.Server, accounts int) string {
	scheme, with := "http", fmt.Sprintf("%d accounts", accounts)
	if cfg.TLS != nil {
		scheme = "https"
	}
	if cfg.Sandbox {
		with = "four sandbox vendors (control them at http://" + srv.AdminAddr() + sandbox.ControlPath + ")"
	}
	return fmt.Sprintf("leadmux is ready: REST at %s://%s, gRPC at %s, metrics at http://%s/metrics, with %s, data in %s",
		scheme, srv.HTTPAddr(), srv.GRPCAddr(), srv.AdminAddr(), with, cfg.DataDir)
}

// cleanup undoes the start, the last step first.
type cleanup struct {
	steps []func(context.Context) error
}

func (c *cleanup) add(step func(context.Context) error) { c.steps = append(c.steps, step) }

func (c *cleanup) run() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var errs []error
	for i := len(c.steps) - 1; i >= 0; i-- {
		errs = append(errs, c.steps[i](ctx))
	}
	return errors.Join(errs...)
}

// duplicatesOf are the duplicate policies of single tenants.
func duplicatesOf(cfg *config.Config) map[string]leadmuxv1.DuplicatePolicy {
	policies := map[string]leadmuxv1.DuplicatePolicy{}
	for tenant, name := range cfg.DuplicatesByTenant {
		policies[tenant] = duplicatePolicy(name)
	}
	return policies
}

func duplicatePolicy(name string) leadmuxv1.DuplicatePolicy {
	return leadmuxv1.DuplicatePolicy(leadmuxv1.DuplicatePolicy_value["DUPLICATE_POLICY_"+name])
}

package server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Defaults for Config's drain times.
const (
	// DefaultDrainDelay is how long load balancers get to notice before anything is refused.
	DefaultDrainDelay = 5 * time.Second
	// DefaultDrainTimeout is how long running calls get after that; used when Config.DrainTimeout is 0.
	DefaultDrainTimeout = 25 * time.Second
)

// Config is everything a Server needs from outside.
type Config struct {
	// HTTPAddr, GRPCAddr and AdminAddr are "host:port"; port 0 takes any free one.
	HTTPAddr, GRPCAddr, AdminAddr string
	// TLS is for the HTTP and gRPC listeners; nil serves plain text. The admin listener is always plain.
	TLS *tls.Config
	// Logger gets one line a request and every fault; nil discards.
	Logger *slog.Logger
	// Registry gets this package's metrics and those of the process, and is served under /metrics; nil makes one.
	Registry *prometheus.Registry
	// Authenticate says who calls fullMethod ("/package.Service/Method") with the Authorization value given ("" when absent)
	// and puts that into the context. It must refuse what it does not know; its errors are rpcerr errors. Needed.
	Authenticate func(ctx context.Context, fullMethod, authorization string) (context.Context, error)
	// CheckKey says whether an Authorization value is that of any valid key. REST asks it before a body is read, when the
	// method is not known yet; Authenticate is asked again with the method. Needed.
	CheckKey func(authorization string) error
	// Withdrawn calls end when the caller that Authenticate put into ctx loses its key: the caller's streams end then. stop ends
	// the watch, as that of context.AfterFunc does. nil lets streams outlive their key.
	Withdrawn func(ctx context.Context, end func()) (stop func() bool)
	// Describe names the caller that Authenticate put into ctx, for the log; nil names none.
	Describe func(ctx context.Context) (principal, tenant string)
	// Limit takes one request from the caller's quota, after Authenticate; nil has no quota.
	Limit func(ctx context.Context) error
	// Ready says whether the store answers; nil always does. It gets 2 s.
	Ready func(ctx context.Context) error
	// Extra are further handlers of the HTTP listener by path; a key that ends in "/" takes everything below it. They do
	// their own authentication.
	Extra map[string]http.Handler
	// AdminExtra are the same for the admin listener.
	AdminExtra map[string]http.Handler
	// DrainDelay is how long calls are still taken after the end of Run's context, with health saying NOT_SERVING; 0 is none.
	DrainDelay time.Duration
	// DrainTimeout is how long running calls then get to finish; 0 is DefaultDrainTimeout.
	DrainTimeout time.Duration
	// Version is what the build calls itself; shown by the metric leadmux_build_info.
	Version string
}

// complete fills defaults in and says in one sentence what is missing.
func (c *Config) complete(s Services) error {
	switch {
	case c.Authenticate == nil:
		return missing("Authenticate")
	case c.CheckKey == nil:
		return missing("CheckKey")
	case s.Leads == nil || s.Accounts == nil || s.Events == nil:
		return missing("an implementation of every service")
	}
	for path := range c.Extra {
		if !strings.HasPrefix(path, "/") || path == "/" || strings.HasPrefix(path, apiPrefix) {
			return missing("a path of its own for each of Extra")
		}
	}
	c.fill()
	return nil
}

// fill puts a default for everything that may be left out.
func (c *Config) fill() {
	if c.Logger == nil {
		c.Logger = quiet()
	}
	if c.Registry == nil {
		c.Registry = newRegistry()
	}
	if c.Describe == nil {
		c.Describe = func(context.Context) (string, string) { return "", "" }
	}
	if c.Withdrawn == nil {
		c.Withdrawn = func(context.Context, func()) func() bool { return func() bool { return false } }
	}
	if c.Limit == nil {
		c.Limit = func(context.Context) error { return nil }
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = DefaultDrainTimeout
	}
}

package vendorhttp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/failpoint"
)

// Limits of every request.
const (
	connectTimeout   = 3 * time.Second
	handshakeTimeout = 5 * time.Second
	// defaultTimeout bounds a request, the wait for its slot included, when its context has no deadline.
	defaultTimeout = 30 * time.Second
	// maxAnswer is the longest body read, in bytes.
	maxAnswer    = 2 << 20
	idlePerHost  = 64
	idleLifetime = 90 * time.Second
	maxHeader    = 64 << 10
	// maxRetryAfter is the longest wait that a vendor can ask for.
	maxRetryAfter = time.Hour
)

// Config is what a client is made of.
type Config struct {
	// Vendor and Account stand in errors and in what Observe is told.
	Vendor, Account string
	// BaseURL is an absolute http or https URL; routes are appended to its path.
	BaseURL string
	// Auth sets the credential headers; nil for none.
	Auth func(h http.Header)
	// Secret names further headers that Preview redacts; those Auth sets are redacted anyway.
	Secret []string
	// Routes are the vendor's own.
	Routes Routes
	// Override is the configuration's "routes": name → "METHOD /path".
	Override map[string]string
	// Line is the account's way out; nil for one without a limit.
	Line *Line
	// Decode reads the vendor's errors; nil for the table by status alone.
	Decode func(Answer) Decoded
	// Observe is told of every request, also of one that was not sent; may be nil. It must not block.
	Observe func(Attempt)
}

// Answer is what came back.
type Answer struct {
	// Route is the name of the route that was asked: one status can mean different things on different routes.
	Route  string
	Status int
	Header http.Header
	Body   []byte
}

// Decoded is what a vendor's decoder made of an answer that is no success. What it leaves empty comes from the table by
// status.
type Decoded struct {
	// Kind counts only with HasKind.
	Kind    adapters.Kind
	HasKind bool
	// Code is the vendor's own code.
	Code string
	// Message is safe for clients: a known sentence, never the vendor's raw text.
	Message string
	// Fields are the refused fields under our names.
	Fields []*leadmuxv1.FieldViolation
	// RetryAfter is what the vendor asked for.
	RetryAfter time.Duration
	// Ambiguous, when set, says whether the request may have had its effect.
	Ambiguous *bool
}

// Attempt is one request, for metrics and logs. It holds nothing personal.
type Attempt struct {
	Vendor, Account, Op string
	// Status is 0 when no answer came.
	Status int
	// Kind is "ok" or the name of the adapters.Kind.
	Kind string
	// Duration is from the first try to connect to the end of the answer; 0 when nothing was sent.
	Duration time.Duration
}

// Client is one account's HTTP client. Its methods may be called from several goroutines.
type Client struct {
	vendor, account string
	base            string
	auth            func(h http.Header)
	secret          []string
	routes          map[string]route
	line            *Line
	decode          func(Answer) Decoded
	observe         func(Attempt)
	http            *http.Client
}

// New makes a client. Errors say which configuration value is wrong and what is allowed.
func New(cfg Config) (*Client, error) {
	base, err := checkBase(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	routes, err := resolve(cfg.Routes, cfg.Override)
	if err != nil {
		return nil, err
	}
	c := &Client{
		vendor: cfg.Vendor, account: cfg.Account, base: base, auth: cfg.Auth, secret: cfg.Secret, routes: routes,
		line: cfg.Line, decode: cfg.Decode, observe: cfg.Observe, http: newHTTP(),
	}
	if c.auth == nil {
		c.auth = func(http.Header) {}
	}
	if c.line == nil {
		c.line = NewLine(LineConfig{})
	}
	if err := c.checkAuth(); err != nil {
		return nil, err
	}
	return c, nil
}

// checkAuth refuses credentials that no header can carry, which otherwise would fail every request.
func (c *Client) checkAuth() error {
	h := http.Header{}
	c.auth(h)
	for _, values := range h {
		for _, v := range values {
			if v == "" || strings.ContainsFunc(v, unicode.IsControl) {
				return errors.New("the credentials are empty or hold a character that no HTTP header can carry, such as a line end")
			}
		}
	}
	return nil
}

// checkBase returns the base URL without a trailing slash. Its errors do not show it, since it may hold a password.
func checkBase(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", errors.New("base_url must be an absolute http or https URL")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("base_url must hold no user, query or fragment")
	}
	return strings.TrimRight(text, "/"), nil
}

// newHTTP is a client that follows no redirect: one would carry credentials and a person to an address nobody configured.
func newHTTP() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            failpoint.Half((&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext),
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    handshakeTimeout,
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           0,
			MaxIdleConnsPerHost:    idlePerHost,
			IdleConnTimeout:        idleLifetime,
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close closes the idle connections. Requests under way are not touched.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// RouteOf is a route as it stands in the capabilities: "POST /zapier", how sure we are of it, and whether the configuration
// set it. Empty for a name the vendor does not have.
func (c *Client) RouteOf(name string) (text string, evidence leadmuxv1.Evidence, overridden bool) {
	r, ok := c.routes[name]
	if !ok {
		return "", leadmuxv1.Evidence_EVIDENCE_UNSPECIFIED, false
	}
	return fmt.Sprintf("%s %s", r.Method, r.Path), r.Evidence, r.overridden
}

// HasVar says whether a route has a placeholder, as it can with an override.
func (c *Client) HasVar(route, name string) bool {
	return slices.Contains(placeholders(c.routes[route].Path), name)
}

// Package outbound sends our webhooks: one attempt of one message to one endpoint, in the form of Standard Webhooks 1.0.0.
//
// Invariants: no connection is made to an address that is not public, whatever the URL says, whatever its name leads to at that moment and
// wherever the endpoint redirects to; the address is judged when the connection is made, and so on every attempt. A message is signed by
// every key it is given, over its ID, the time of the attempt and its body. Errors are sentences for whoever owns the endpoint: they hold
// no part of the URL and nothing of our own network. When to try again, and whether, is the caller's matter.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Limits of every attempt.
const (
	// timeout bounds an attempt from the look-up of the name to the end of the answer.
	timeout = 15 * time.Second
	// maxAnswer is how much of an answer is read, in bytes; it is thrown away.
	maxAnswer = 4 << 10
	// maxHeader is how many bytes of headers an answer may have.
	maxHeader = 16 << 10
	// maxRetryAfter is the longest wait that an endpoint can ask for.
	maxRetryAfter = 24 * time.Hour
	idlePerHost   = 8
	idleLifetime  = 30 * time.Second
)

// Config is what a Sender is made of. The zero value calls public addresses on port 443 only.
type Config struct {
	// AllowLoopback allows endpoints on this machine, with http too and on any port. For development and tests.
	AllowLoopback bool
	// Ports of public endpoints that are allowed beside 443. An endpoint elsewhere is refused: other ports make us a scanner of services
	// that never asked for webhooks.
	Ports []uint16
	// Proxy, when set, is an http or https proxy that every public endpoint is called through (CONNECT); no environment variable is
	// asked. It is meant to be a filtering one, a second wall: it looks the names up, so it, and not this package, then judges the
	// addresses behind them. What a URL shows by itself is refused here all the same.
	Proxy *url.URL
	// RootCAs verify endpoints; nil for those of the system.
	RootCAs *x509.CertPool
}

// Sender sends messages. Its methods may be called from several goroutines.
type Sender struct {
	guard  guard
	dialer *net.Dialer
	http   *http.Client
}

// NewSender makes a Sender.
func NewSender(cfg Config) *Sender {
	s := &Sender{guard: newGuard(cfg)}
	s.dialer = &net.Dialer{ControlContext: s.guard.control}
	s.http = &http.Client{
		Transport: &http.Transport{
			Proxy: s.guard.proxyFor(cfg.Proxy),
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if cfg.Proxy != nil && address == hostPort(cfg.Proxy) {
					return (&net.Dialer{}).DialContext(ctx, network, address) // the operator's own choice of address
				}
				return s.dialer.DialContext(ctx, network, address)
			},
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs},
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // what is read is bounded as it is on the wire
			MaxIdleConnsPerHost:    idlePerHost,
			IdleConnTimeout:        idleLifetime,
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// Close closes the idle connections. Attempts under way are not touched.
func (s *Sender) Close() { s.http.CloseIdleConnections() }

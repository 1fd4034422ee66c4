package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"

	"code.dny.dev/ssrf"

	"github.com/leadmux/leadmux/internal/mutant"
)

// ErrForbidden is the error of an endpoint at an address that we do not call. It does not say which address a name has: that is our
// network's affair.
var ErrForbidden = errors.New("the endpoint is at an address that is not public; give one that can be reached from the internet")

// httpsPort is where public endpoints are.
const httpsPort = 443

// guard judges addresses. What is public is what the registries of special-purpose addresses of IANA leave (RFC 6890 and its successors),
// which package ssrf is generated from: no loopback, private, shared (RFC 6598), link-local, unique-local, multicast, documentation,
// benchmark or reserved address; of IPv6 nothing outside 2000::/3, hence no IPv4 in it in any of its forms (mapped, compatible, NAT64),
// and neither 6to4 nor Teredo.
type guard struct {
	loopback bool
	ports    []uint16
	public   *ssrf.Guardian
}

func newGuard(cfg Config) guard {
	return guard{
		loopback: cfg.AllowLoopback,
		ports:    append([]uint16{httpsPort}, cfg.Ports...),
		public:   ssrf.New(ssrf.WithAnyPort()), // ports have an error of their own
	}
}

// address says whether a connection to it may be made.
func (g guard) address(to netip.AddrPort) error {
	if g.loopback && to.Addr().IsLoopback() {
		return nil
	}
	if g.public.SafeAddr(to.Addr()) != nil {
		return ErrForbidden
	}
	return g.port(to.Port())
}

// port says whether public endpoints may have it.
func (g guard) port(port uint16) error {
	if slices.Contains(g.ports, port) {
		return nil
	}
	return fmt.Errorf("the endpoint's port must be one of %v", g.ports)
}

// control stands between the socket and its connection: the name was looked up, and this is the address that will be called.
func (g guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrForbidden
	}
	if mutant.JudgeWebhookNameOnly {
		return nil
	}
	return g.address(to)
}

// proxyFor sends what is public through the proxy, if there is one.
func (g guard) proxyFor(proxy *url.URL) func(*http.Request) (*url.URL, error) {
	if proxy == nil {
		return nil
	}
	return func(r *http.Request) (*url.URL, error) {
		if g.local(r.URL.Hostname()) {
			return nil, nil // as http.Transport has it for no proxy
		}
		return proxy, nil
	}
}

// hostPort is the address of a proxy as http.Transport dials it.
func hostPort(proxy *url.URL) string {
	port := proxy.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[proxy.Scheme]
	}
	return net.JoinHostPort(proxy.Hostname(), port)
}

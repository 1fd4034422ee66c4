package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// hostForm is a host name: labels of letters, digits and "-".
var hostForm = regexp.MustCompile(`^(?i)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?$`)

var errAddress = errors.New("must be host:port, such as 127.0.0.1:8080 or [::1]:8080")

// address is a listener's.
type address struct {
	key, host string
	port      int
}

// parseAddress reads host:port. The host may be empty for all addresses of the machine, the port 0 for any that is free.
func parseAddress(key, text string) (address, error) {
	host, portText, err := net.SplitHostPort(text)
	if err != nil {
		return address{}, errAddress
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return address{}, errAddress
	}
	if _, err := netip.ParseAddr(host); host != "" && err != nil && !hostForm.MatchString(host) {
		return address{}, errAddress
	}
	return address{key: key, host: host, port: int(port)}, nil
}

// Loopback says whether only programs on this machine can reach host.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// everywhere says whether the address is every address of the machine.
func (a address) everywhere() bool {
	ip, err := netip.ParseAddr(a.host)
	return a.host == "" || (err == nil && ip.IsUnspecified())
}

// clashes says whether two listeners cannot both have their address.
func (a address) clashes(b address) bool {
	return a.port != 0 && a.port == b.port && (a.host == b.host || a.everywhere() || b.everywhere())
}

// listeners checks the three addresses.
func (k *checker) listeners() {
	var good []address
	for _, l := range []struct{ key, text string }{
		{"http_addr", k.c.HTTPAddr}, {"grpc_addr", k.c.GRPCAddr}, {"admin_addr", k.c.AdminAddr},
	} {
		a, err := parseAddress(l.key, l.text)
		if err != nil {
			k.bad(l.key, "%s, not %q", err, l.text)
			continue
		}
		k.exposure(a)
		for _, other := range good {
			if a.clashes(other) {
				k.bad(a.key, "%s is the same address as %s", l.text, other.key)
			}
		}
		good = append(good, a)
	}
}

// exposure refuses listeners that would show what they should not.
func (k *checker) exposure(a address) {
	switch {
	case Loopback(a.host):
	case k.c.Sandbox:
		k.bad(a.key, "the sandbox asks for no API key and listens on loopback only, such as 127.0.0.1:%d", a.port)
	case k.c.AllowPlaintext:
	case a.key == "admin_addr":
		k.bad(a.key, "is not loopback: profiles and metrics there ask for no key, and a profile shows what is in memory; "+
			"use 127.0.0.1:%d, or set allow_plaintext: true if the network keeps strangers out", a.port)
	case k.c.TLS == nil:
		k.bad(a.key, "is not loopback, so API keys and leads would cross the network in clear: give tls, or set "+
			"allow_plaintext: true if a proxy in front does it")
	}
}

// tls checks the files by loading them.
func (k *checker) tls() {
	t := k.c.TLS
	switch {
	case t == nil:
	case t.Cert == "":
		k.bad("tls.cert", "must name a PEM file")
	case t.Key == "":
		k.bad("tls.key", "must name a PEM file")
	default:
		if _, err := t.Config(); err != nil {
			k.bad("tls", "%s", err)
		}
	}
}

// Config is the server's side of TLS: version 1.2 or newer, and clients' certificates asked for where ClientCA is set.
func (t *TLS) Config() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("cannot use the certificate %s with the key %s: %w", t.Cert, t.Key, bare(err))
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if t.ClientCA == "" {
		return cfg, nil
	}
	pem, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("cannot read client_ca %s: %w", t.ClientCA, bare(err))
	}
	cfg.ClientCAs = x509.NewCertPool()
	if !cfg.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("client_ca %s holds no PEM certificate", t.ClientCA)
	}
	cfg.ClientAuth = tls.RequireAndVerifyClientCert
	return cfg, nil
}

// checkURL checks a vendor's base URL. Its text is not repeated, because it may hold a password.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("must be a URL, such as https://api.example.com/v1")
	case u.User != nil:
		return errors.New("must not hold a user or password; credentials have keys of their own")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("must end with its path: no query, no fragment")
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("must start with https://")
	case u.Scheme == "http" && !Loopback(u.Hostname()):
		return errors.New("must be https; plain http is for loopback only, because credentials and leads would cross the network in clear")
	}
	return nil
}

package outbound

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Limits of a URL.
const (
	maxURL   = 2048
	maxName  = 253
	maxLabel = 63
)

var (
	errForm = errors.New("the URL must be an absolute https one, such as https://hooks.example.com/leadmux")
	errName = errors.New("the URL's host must be a full name in ASCII letters, digits and hyphens, such as hooks.example.com; write an international name in its xn-- form")
	errIP   = errors.New("the URL's host looks like an address but is not in the usual form of one; write it in that form, or better a name")
)

// notPublic are names that never lead to a public address, by agreement: RFC 6761 (localhost), RFC 6762 (local), RFC 8375 (home.arpa), and
// internal, which ICANN keeps for private use. They are refused early, with a clear sentence; the rest is refused by its address.
var notPublic = []string{"localhost", "local", "home.arpa", "internal"}

// CheckURL says what is wrong with an endpoint's URL as far as it can be seen without looking its name up, in a sentence that says what to
// do and repeats nothing of the URL. Send checks again.
//
// The scheme is https and the port 443 or one of Config.Ports; on loopback, where that is allowed, also http and any port.
func (s *Sender) CheckURL(rawURL string) error {
	_, err := s.parse(rawURL)
	return err
}

func (s *Sender) parse(rawURL string) (*url.URL, error) {
	if len(rawURL) > maxURL {
		return nil, fmt.Errorf("the URL must have at most %d bytes", maxURL)
	}
	u, err := url.Parse(rawURL)
	switch {
	case err != nil || u.Opaque != "" || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return nil, errForm
	case u.User != nil:
		return nil, errors.New("the URL must hold no user name or password; requests are signed instead")
	case strings.Contains(rawURL, "#"):
		return nil, errors.New("the URL must hold no fragment (#…): it would not be sent")
	}
	if err := s.host(u); err != nil {
		return nil, err
	}
	return u, nil
}

// host judges host, port and scheme together: a local host may have any port and no TLS.
func (s *Sender) host(u *url.URL) error {
	port, err := portOf(u)
	if err != nil {
		return err
	}
	host := u.Hostname()
	if s.guard.local(host) {
		return nil
	}
	if u.Scheme != "https" {
		return errForm
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Zone() != "" {
			return errIP
		}
		return s.guard.address(netip.AddrPortFrom(ip, port))
	}
	if err := name(host); err != nil {
		return err
	}
	return s.guard.port(port) // the address is judged when it is called
}

func portOf(u *url.URL) (uint16, error) {
	text := u.Port()
	if text == "" {
		if strings.HasSuffix(u.Host, ":") {
			return 0, errForm
		}
		return map[string]uint16{"http": 80, "https": httpsPort}[u.Scheme], nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, errors.New("the URL's port must be a number from 1 to 65535")
	}
	return uint16(port), nil
}

// local says whether a host is this machine, by name or number, and may be called.
func (g guard) local(host string) bool {
	if !g.loopback {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || (err == nil && ip.Zone() == "" && ip.IsLoopback())
}

// name takes full names of the public internet only.
func name(host string) error {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	labels := strings.Split(host, ".")
	switch {
	case number(labels[len(labels)-1]):
		return errIP
	case len(host) > maxName || slices.ContainsFunc(labels, badLabel):
		return errName
	case slices.ContainsFunc(notPublic, func(top string) bool { return host == top || strings.HasSuffix(host, "."+top) }):
		return ErrForbidden
	case len(labels) == 1:
		return errName
	}
	return nil
}

// number says whether a host that ends in this label is an IPv4 address to some: to browsers and the C library 127.1, 0x7f.1, 0177.0.0.1 and
// 2130706433 are all loopback.
func number(label string) bool {
	_, err := strconv.ParseUint(label, 0, 64)
	digits := strings.Trim(label, "0123456789") == "" && label != ""
	return digits || strings.HasPrefix(label, "0x") || err == nil
}

func badLabel(label string) bool {
	return label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' ||
		strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != ""
}

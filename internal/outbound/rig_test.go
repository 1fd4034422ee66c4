package outbound

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// special are the addresses that no webhook may reach, taken by hand from the RFCs: the judge of package ssrf, which has its own list.
var special = []struct{ prefix, rfc string }{
	{"0.0.0.0/8", "RFC 791: this network"}, {"10.0.0.0/8", "RFC 1918: private"}, {"100.64.0.0/10", "RFC 6598: shared by carriers"},
	{"127.0.0.0/8", "RFC 1122: loopback"}, {"169.254.0.0/16", "RFC 3927: link-local"}, {"172.16.0.0/12", "RFC 1918: private"},
	{"192.0.0.0/24", "RFC 6890: IETF"}, {"192.0.2.0/24", "RFC 5737: documentation"}, {"192.88.99.0/24", "RFC 7526: 6to4 relay"},
	{"192.168.0.0/16", "RFC 1918: private"}, {"198.18.0.0/15", "RFC 2544: benchmark"}, {"198.51.100.0/24", "RFC 5737: documentation"},
	{"203.0.113.0/24", "RFC 5737: documentation"}, {"224.0.0.0/4", "RFC 1112: multicast"}, {"240.0.0.0/4", "RFC 1112: reserved, broadcast"},
	{"::/8", "RFC 4291: unspecified, loopback, IPv4-compatible and -mapped"}, {"64:ff9b::/96", "RFC 6052: NAT64"}, {"64:ff9b:1::/48", "RFC 8215: NAT64"},
	{"100::/64", "RFC 6666: discard"}, {"2001::/32", "RFC 4380: Teredo"}, {"2001:2::/48", "RFC 5180: benchmark"}, {"2001:20::/28", "RFC 7343: ORCHID"},
	{"2001:db8::/32", "RFC 3849: documentation"}, {"2002::/16", "RFC 3056: 6to4"}, {"3fff::/20", "RFC 9637: documentation"},
	{"5f00::/16", "RFC 9602: segment routing"}, {"fc00::/7", "RFC 4193: unique-local"}, {"fe80::/10", "RFC 4291: link-local"},
	{"fec0::/10", "RFC 3879: site-local"}, {"ff00::/8", "RFC 4291: multicast"},
}

// forbidden is the judgement of the table above.
func forbidden(a netip.Addr) bool {
	a = a.WithZone("")
	for _, s := range special {
		if netip.MustParsePrefix(s.prefix).Contains(a) {
			return true
		}
	}
	return false
}

// publicIP stands for any endpoint on the internet. No test calls it: the rig's hook stops each connection to it.
const publicIP = "93.184.215.14"

// errStopped is how the rig's hook ends a connection that was about to be made.
var errStopped = errors.New("stopped where it would have left")

// rig is a Sender whose names are looked up at a server of the test, and whose connections are noted, after the guard, when all that is
// left is to make them; those that would leave the machine are then stopped.
type rig struct {
	*Sender
	dns *dns

	mu  sync.Mutex
	saw []netip.AddrPort
}

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	r := &rig{Sender: NewSender(cfg), dns: newDNS(t)}
	t.Cleanup(r.Close)
	guarded := r.dialer.ControlContext
	r.dialer.Resolver = r.dns.resolver()
	r.dialer.ControlContext = func(ctx context.Context, network, address string, c syscall.RawConn) error {
		if err := guarded(ctx, network, address, c); err != nil {
			return err
		}
		to := netip.MustParseAddrPort(address)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.saw = append(r.saw, to)
		if cfg.AllowLoopback && to.Addr().IsLoopback() {
			return nil
		}
		return errStopped
	}
	return r
}

// connects takes what the hook saw since it was last asked.
func (r *rig) connects() []netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	saw := r.saw
	r.saw = nil
	return saw
}

// dns is a name server on loopback. Each name has a list of answers; the n-th look-up gets the n-th, and the last one ever after.
type dns struct {
	conn net.PacketConn

	mu    sync.Mutex
	names map[string][][]string
	asked map[dnsmessage.Question]int
	other []string // the answer to names that are not in the list
}

func newDNS(t testing.TB) *dns {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &dns{conn: conn, names: map[string][][]string{}, asked: map[dnsmessage.Question]int{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.serve()
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return d
}

// set gives a name its answers, each a list of addresses.
func (d *dns) set(name string, answers ...[]string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names[name+"."] = answers
}

// all gives every other name one answer.
func (d *dns) all(addresses ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.other = addresses
}

func (d *dns) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", d.conn.LocalAddr().String())
	}}
}

func (d *dns) serve() {
	buffer := make([]byte, 4<<10)
	for {
		n, from, err := d.conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		m = d.answer(m.ID, m.Questions[0])
		if packed, err := m.Pack(); err == nil {
			_, _ = d.conn.WriteTo(packed, from)
		}
	}
}

func (d *dns) answer(id uint16, q dnsmessage.Question) dnsmessage.Message {
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, Response: true, Authoritative: true, RecursionAvailable: true},
		Questions: []dnsmessage.Question{q},
	}
	addresses, known := d.next(q)
	if !known {
		m.RCode = dnsmessage.RCodeNameError
		return m
	}
	header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
	for _, text := range addresses {
		a := netip.MustParseAddr(text)
		switch {
		case q.Type == dnsmessage.TypeA && a.Is4():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a.As4()}})
		case q.Type == dnsmessage.TypeAAAA && a.Is6():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	return m
}

func (d *dns) next(q dnsmessage.Question) ([]string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	answers := d.names[strings.ToLower(q.Name.String())]
	if len(answers) == 0 {
		return d.other, d.other != nil
	}
	n := min(d.asked[q], len(answers)-1)
	d.asked[q]++
	return answers[n], true
}

// quiet is a log for servers whose clients are meant to fail.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

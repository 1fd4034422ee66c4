package outbound

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// targets are addresses that an attacker wants us to call, at least one of each kind that IPv4 has.
var targets = []string{
	"127.0.0.1", "127.8.9.10", "10.1.2.3", "172.16.5.6", "172.31.255.254", "192.168.0.1", "169.254.169.254", "100.64.0.1", "100.127.255.254", "0.0.0.0",
	"192.0.0.8", "192.0.2.1", "198.18.0.1", "198.19.255.254", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
}

// notations write an IPv4 address as a host in ways that one or another parser understands.
var notations = []func(b [4]byte) string{
	func(b [4]byte) string { return netip.AddrFrom4(b).String() },
	func(b [4]byte) string { return netip.AddrFrom4(b).String() + "." },
	func(b [4]byte) string { return fmt.Sprint(number4(b)) },
	func(b [4]byte) string { return fmt.Sprint(uint64(number4(b)) + 1<<32) },
	func(b [4]byte) string { return fmt.Sprintf("0x%x", number4(b)) },
	func(b [4]byte) string { return fmt.Sprintf("0X%08X", number4(b)) },
	func(b [4]byte) string { return fmt.Sprintf("0%o", number4(b)) },
	func(b [4]byte) string { return fmt.Sprintf("0%o.0%o.0%o.0%o", b[0], b[1], b[2], b[3]) },
	func(b [4]byte) string { return fmt.Sprintf("000%o.000%o.000%o.000%o", b[0], b[1], b[2], b[3]) },
	func(b [4]byte) string { return fmt.Sprintf("0x%x.0x%x.0x%x.0x%x", b[0], b[1], b[2], b[3]) },
	func(b [4]byte) string { return fmt.Sprintf("0x%x.%d.0%o.%d", b[0], b[1], b[2], b[3]) },
	func(b [4]byte) string { return fmt.Sprintf("%d.%d", b[0], number4(b)&0xffffff) },
	func(b [4]byte) string { return fmt.Sprintf("%d.%d.%d", b[0], b[1], number4(b)&0xffff) },
	func(b [4]byte) string { return fmt.Sprintf("%d.0x%x", b[0], number4(b)&0xffffff) },
	func(b [4]byte) string { return fmt.Sprintf("%03d.%03d.%03d.%03d", b[0], b[1], b[2], b[3]) },
	func(b [4]byte) string { return fmt.Sprintf("%d.%d.%d.%d.", int(b[0])+256, int(b[1])+256, b[2], b[3]) },
	func(b [4]byte) string { return wide(netip.AddrFrom4(b).String()) },
	func(b [4]byte) string { return strings.ReplaceAll(netip.AddrFrom4(b).String(), ".", "。") },
	func(b [4]byte) string { return strings.ReplaceAll(netip.AddrFrom4(b).String(), ".", "．") },
	func(b [4]byte) string { return strings.ReplaceAll(netip.AddrFrom4(b).String(), ".", "｡") },
	func(b [4]byte) string { return circled(netip.AddrFrom4(b).String()) },
	func(b [4]byte) string { return percent(netip.AddrFrom4(b).String()) },
	func(b [4]byte) string { return strings.ReplaceAll(netip.AddrFrom4(b).String(), ".", "%2e") },
	func(b [4]byte) string { return strings.ReplaceAll(netip.AddrFrom4(b).String(), ".", "\u200b.") },
	func(b [4]byte) string { return "user:word@" + netip.AddrFrom4(b).String() },
	func(b [4]byte) string { return "hooks.example.net@" + netip.AddrFrom4(b).String() },
	func(b [4]byte) string { return "hooks.example.net:443@" + netip.AddrFrom4(b).String() },
	func(b [4]byte) string { return "hooks.example.net%40" + netip.AddrFrom4(b).String() },
	func(b [4]byte) string { return `hooks.example.net\@` + netip.AddrFrom4(b).String() },
	func(b [4]byte) string { return netip.AddrFrom4(b).String() + `\.hooks.example.net` },
	func(b [4]byte) string { return netip.AddrFrom4(b).String() + "#@hooks.example.net" },
	func(b [4]byte) string { return "[::ffff:" + netip.AddrFrom4(b).String() + "]" },
	func(b [4]byte) string { return "[::ffff:" + pairs(b) + "]" },
	func(b [4]byte) string { return "[0:0:0:0:0:FFFF:" + pairs(b) + "]" },
	func(b [4]byte) string { return "[::ffff:0:" + netip.AddrFrom4(b).String() + "]" },
	func(b [4]byte) string { return "[::" + netip.AddrFrom4(b).String() + "]" },
	func(b [4]byte) string { return "[::" + pairs(b) + "]" },
	func(b [4]byte) string { return "[64:ff9b::" + netip.AddrFrom4(b).String() + "]" },
	func(b [4]byte) string { return "[64:ff9b:1::" + pairs(b) + "]" },
	func(b [4]byte) string { return "[64:ff9b:1:2:3:4:" + netip.AddrFrom4(b).String() + "]" },
	func(b [4]byte) string { return "[2002:" + pairs(b) + "::1]" },
	func(b [4]byte) string { return "[2002:808:808:1::" + pairs(b) + "]" },
	func(b [4]byte) string {
		return "[2001:0:808:808:0:ffff:" + pairs([4]byte{^b[0], ^b[1], ^b[2], ^b[3]}) + "]"
	},
	func(b [4]byte) string { return "[fe80::5efe:" + netip.AddrFrom4(b).String() + "]" },
	func(b [4]byte) string { return "[fe80::5efe:" + pairs(b) + "%25eth0]" },
	func(b [4]byte) string { return "[::ffff:" + netip.AddrFrom4(b).String() + "%251]" },
	func(b [4]byte) string { return "[" + netip.AddrFrom4(b).String() + "]" },
}

// others are forms that are written out: IPv6 by itself, names, and URLs that are bent elsewhere.
var others = []string{
	"https://[::]", "https://[::1]", "https://[0:0:0:0:0:0:0:1]", "https://[0000:0000:0000:0000:0000:0000:0000:0001]", "https://[::1%25lo]", "https://[::1%lo]",
	"https://[fe80::1]", "https://[fe80::1%25eth0]", "https://[FE80::1%25%65th0]", "https://[febf::1]", "https://[fec0::1]", "https://[fc00::1]", "https://[fd12:3456::1]",
	"https://[fd00:ec2::254]", "https://[ff02::1]", "https://[ff0e::1]", "https://[100::1]", "https://[2001:db8::1]", "https://[2001:2::1]", "https://[2001:20::1]",
	"https://[2001::1]", "https://[3fff::1]", "https://[5f00::1]", "https://[4000::1]", "https://[64:ff9b::]", "https://::1", "https://[::1", "https://[]", "https://[::1]]",
	"https://localhost", "https://LOCALHOST", "https://localhost.", "https://localhost:443", "https://a.localhost", "https://ip6-localhost", "https://loopback",
	"https://metadata", "https://metadata.google.internal", "https://metadata.google.internal.", "https://printer.local", "https://router.home.arpa", "https://intranet",
	"https://loc\u00adalhost", "https://ⓛocalhost", "https://ｌocalhost", "https://localhost%00.example.net", "https://localhost%2f.example.net", "https://xn--.local",
	"https://a..example.net", "https://.example.net", "https://example.net..", "https://-a.example.net", "https://a-.example.net", "https://a b.example.net", "https://a%20b.example.net",
	"https://*.example.net", "https://a,b.example.net", "https://a'b.example.net", "https://$(id).example.net", "https://" + strings.Repeat("a", 64) + ".example.net",
	"https://" + strings.Repeat("a.", 130) + "com", "https://bücher.example.net", "https://example。com", "https://1", "https://0", "https://0x", "https://a.0x1", "https://a.1", "https://a.08",
	"https://hooks.example.net:80", "https://hooks.example.net:22", "https://hooks.example.net:0", "https://hooks.example.net:65536", "https://hooks.example.net:99999999999999999999",
	"https://hooks.example.net:-1", "https://hooks.example.net:+443", "https://hooks.example.net:", "https://hooks.example.net:443:443", "https://hooks.example.net:https",
	"https://hooks.example.net:６６", "https://hooks.example.net:8443", "https://" + publicIP + ":25", "https://[2606:4700::1111]:6379",
	"http://hooks.example.net", "http://hooks.example.net:443", "http://127.0.0.1", "http://localhost", "http://" + publicIP, "//hooks.example.net", "hooks.example.net", "hooks.example.net:443",
	"https:hooks.example.net", "https:/hooks.example.net", "https:///hooks.example.net", "https://", "https://?a", "https://#", "https://:443", "https://@", "https://user@hooks.example.net",
	"https://user:word@hooks.example.net", "https://@hooks.example.net", "https://hooks.example.net#a", "https://hooks.example.net/#", "https://hooks.example.net/a#b",
	"ftp://hooks.example.net", "file:///etc/passwd", "file://localhost/etc/passwd", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1", "ws://127.0.0.1", "wss://hooks.example.net",
	"unix:///var/run/docker.sock", "http+unix://%2Fvar%2Frun%2Fdocker.sock", "data:text/plain,a", "javascript:alert(1)", "jar:https://127.0.0.1!/", "url:https://127.0.0.1", "\\\\127.0.0.1\\a",
	"", " ", "https", "https://hooks.example.net\r\nHost: 127.0.0.1", "https://hooks.example.net/\r\nX: y", "https://hooks.example.net\t.internal", " https://hooks.example.net", "https ://hooks.example.net",
	"https://hooks.example.net\x00", "https://hooks.example.net%zz", "https://hooks.example.net/" + strings.Repeat("a", 2048),
}

// forms are all of them: each URL must be refused where loopback is not allowed, and none may lead to a connection.
func forms() []string {
	urls := append([]string{}, others...)
	for _, target := range targets {
		for _, write := range notations {
			urls = append(urls, "https://"+write(netip.MustParseAddr(target).As4())+"/hook")
		}
	}
	return urls
}

func number4(b [4]byte) uint32 { return binary.BigEndian.Uint32(b[:]) }

// pairs is an IPv4 address as the last two groups of an IPv6 one.
func pairs(b [4]byte) string { return fmt.Sprintf("%x:%x", number4(b)>>16, number4(b)&0xffff) }

// wide writes digits in their full width, which IDNA maps back.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '０'
		}
		return r
	}, s)
}

// circled writes digits in circles, which IDNA maps back too.
func circled(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '0':
			return '⓪'
		case r >= '1' && r <= '9':
			return r - '1' + '①'
		}
		return r
	}, s)
}

func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}

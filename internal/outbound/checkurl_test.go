package outbound

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// TestTheErrorSaysWhatToDo, in words that belong to the fault.
func TestTheErrorSaysWhatToDo(t *testing.T) {
	s := NewSender(Config{})
	for form, want := range map[string]string{
		"http://hooks.example.com":                           "absolute https one",
		"hooks.example.com/a":                                "absolute https one",
		"https://a:b@hooks.example.com":                      "no user name or password",
		"https://hooks.example.com/#a":                       "no fragment",
		"https://hooks.example.com:8443":                     "must be one of [443]",
		"https://hooks.example.com:0":                        "from 1 to 65535",
		"https://2130706433":                                 "usual form",
		"https://0x7f.1":                                     "usual form",
		"https://bücher.example.com":                         "xn--",
		"https://intranet":                                   "full name",
		"https://10.0.0.1":                                   "reached from the internet",
		"https://metadata.google.internal":                   "reached from the internet",
		"https://example.com/" + strings.Repeat("a", maxURL): "at most 2048 bytes",
	} {
		if err := s.CheckURL(form); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want …%s…", form, err, want)
		}
	}
	if err := s.CheckURL("https://[::ffff:10.0.0.1]"); !errors.Is(err, ErrForbidden) {
		t.Errorf("%v is not ErrForbidden", err)
	}
}

func FuzzCheckURL(f *testing.F) {
	for i, form := range forms() {
		if i%10 == 0 {
			f.Add(form)
		}
	}
	f.Add("https://hooks.example.com/leadmux?a=b")
	f.Add("https://" + publicIP + ":443/")
	s := NewSender(Config{})
	f.Fuzz(func(t *testing.T, form string) {
		if s.CheckURL(form) != nil {
			return
		}
		u, err := url.Parse(form)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" || (u.Port() != "" && u.Port() != "443") {
			t.Fatalf("%q is found good (%v)", form, err)
		}
		host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
		ip, err := netip.ParseAddr(host)
		if err == nil && (forbidden(ip) || ip.Zone() != "") {
			t.Errorf("%q is found good", form)
		}
		last := host[strings.LastIndex(host, ".")+1:]
		if err != nil && (!strings.Contains(host, ".") || last == "localhost" || strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")) {
			t.Errorf("%q is found good", form)
		}
		for _, r := range host {
			if r <= ' ' || r > '~' || strings.ContainsRune(`%@\/#?"'<>`, r) {
				t.Errorf("%q is found good", form)
			}
		}
	})
}

package outbound

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func message(url string) Message {
	return Message{ID: "evt_1", URL: url, Body: []byte(`{}`), Keys: []Key{NewHMACKey()}}
}

// TestP15NoFormOfAURLLeadsToAnAddressThatIsNotPublic: what is wrong to see is refused to whoever writes it; and where it is not seen, because
// the check is left out here and names lead where the attacker wants them to, the guard at the connection stops it all the same.
func TestP15NoFormOfAURLLeadsToAnAddressThatIsNotPublic(t *testing.T) {
	r := newRig(t, Config{})
	urls := forms()
	if len(urls) < 300 {
		t.Fatalf("%d forms", len(urls))
	}
	for i, form := range urls {
		r.dns.all(targets[i%len(targets)])
		if err := r.CheckURL(form); err == nil {
			t.Errorf("%q is found good", form)
		} else if host := hostOf(form); len(host) > 6 && strings.Contains(err.Error(), host) {
			t.Errorf("the error repeats the URL: %v", err)
		}
		if o := r.Send(t.Context(), message(form)); o.Err == nil || o.Status != 0 || o.Delivered() {
			t.Errorf("%q: %+v", form, o)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, form, nil)
		if err != nil {
			continue
		}
		if response, err := r.http.Do(request); err == nil {
			t.Errorf("%q was answered: %s", form, response.Status)
		}
		for _, to := range r.connects() {
			if forbidden(to.Addr()) || to.Port() != 443 {
				t.Errorf("%q would have been sent to %s", form, to)
			}
		}
	}
	// The rig can see: what is public goes out.
	for _, form := range []string{
		"https://" + publicIP, "https://" + publicIP + ":443/hook?a=b", "https://[2606:4700::1111]", "https://hooks.example.com", "https://HOOKS.example.com.:443/a/b?c=%23",
		"https://a.b-c.xn--bcher-kva.example.com", "HTTPS://hooks.example.com", "https://under_score.example.com", "https://1a.example.com", "https://1.2.3.4.example.com",
	} {
		r.dns.all(publicIP)
		if err := r.CheckURL(form); err != nil {
			t.Errorf("%q: %v", form, err)
		}
		if o := r.Send(t.Context(), message(form)); !errors.Is(o.Err, errStopped) {
			t.Errorf("%q: %v", form, o.Err)
		}
		if got := r.connects(); len(got) != 1 || got[0].Port() != 443 {
			t.Errorf("%q would have been sent to %v", form, got)
		}
	}
	t.Logf("%d forms", len(urls))
}

func hostOf(form string) string {
	u, err := url.Parse(form)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// TestP15ANameIsJudgedByTheAddressItHasWhenItIsCalled: a name that was public when it was checked, and at the attempt before, is refused
// once it leads elsewhere; and no address of several is called that may not be.
func TestP15ANameIsJudgedByTheAddressItHasWhenItIsCalled(t *testing.T) {
	r := newRig(t, Config{})
	for i, s := range special {
		bad := netip.MustParsePrefix(s.prefix).Addr().Next().String()
		name := fmt.Sprintf("n%d.example.com", i)
		r.dns.set(name, []string{publicIP}, []string{bad}, []string{publicIP}, []string{publicIP, bad}, []string{bad, "2606:4700::1111"}, []string{bad})
		if err := r.CheckURL("https://" + name); err != nil {
			t.Fatal(err)
		}
		for attempt, calls := range []int{1, 0, 1, 1, 1, 0} {
			o := r.Send(t.Context(), message("https://"+name))
			saw := r.connects()
			if len(saw) != calls || o.Err == nil {
				t.Errorf("%s (%s), attempt %d: would have called %v (%v)", s.prefix, s.rfc, attempt, saw, o.Err)
			}
			if calls == 0 && !errors.Is(o.Err, ErrForbidden) {
				t.Errorf("%s, attempt %d: %v", s.prefix, attempt, o.Err)
			}
			for _, to := range saw {
				if forbidden(to.Addr()) {
					t.Errorf("%s (%s), attempt %d: would have called %s", s.prefix, s.rfc, attempt, to)
				}
			}
		}
	}
}

// TestP15NoRedirectIsFollowed: an endpoint cannot send us on, not even to where we might go.
func TestP15NoRedirectIsFollowed(t *testing.T) {
	var reached atomic.Int32
	beyond := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer beyond.Close()
	r := newRig(t, Config{AllowLoopback: true})
	for _, to := range []string{beyond.URL, "http://169.254.169.254/latest/meta-data", "https://hooks.example.com", "//10.0.0.1", "/again", "file:///etc/passwd"} {
		for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
			endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				if q.URL.Path != "/" {
					reached.Add(1)
				}
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			}))
			o := r.Send(t.Context(), message(endpoint.URL))
			endpoint.Close()
			if o.Status != status || o.Delivered() || o.Err == nil || strings.Contains(o.Err.Error(), to) {
				t.Errorf("%d to %s: %+v", status, to, o)
			}
			if saw := r.connects(); len(saw) != 1 {
				t.Errorf("%d to %s: called %v", status, to, saw)
			}
		}
	}
	if reached.Load() != 0 {
		t.Errorf("%d requests went on", reached.Load())
	}
}

// TestP15WhereLoopbackIsAllowedNothingElseIs: a service that is tried out calls its own machine, and no other that is not public.
func TestP15WhereLoopbackIsAllowedNothingElseIs(t *testing.T) {
	endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer endpoint.Close()
	r := newRig(t, Config{AllowLoopback: true})
	port := endpoint.URL[strings.LastIndex(endpoint.URL, ":"):]
	for _, form := range []string{endpoint.URL, "http://localhost" + port, "http://LocalHost" + port + "/hook", "http://[::ffff:127.0.0.1]" + port} {
		if o := r.Send(t.Context(), message(form)); !o.Delivered() || o.Err != nil {
			t.Errorf("%s: %+v", form, o)
		}
	}
	if got := r.connects(); len(got) == 0 {
		t.Error("the hook saw nothing")
	}
	r.dns.all("10.0.0.1", "fd00::1")
	for _, form := range forms() {
		if u, err := url.Parse(form); err == nil && r.guard.local(u.Hostname()) {
			continue
		}
		if err := r.CheckURL(form); err == nil {
			t.Errorf("%q is found good", form)
		}
		_ = r.Send(t.Context(), message(form))
	}
	if o := r.Send(t.Context(), message("https://hooks.example.com")); !errors.Is(o.Err, ErrForbidden) {
		t.Errorf("a name at a private address: %v", o.Err)
	}
	for _, to := range r.connects() {
		if forbidden(to.Addr()) && !to.Addr().IsLoopback() {
			t.Errorf("would have called %s", to)
		}
	}
}

// TestP15AnotherPortMustBeAllowed, and then it is one of a public address only.
func TestP15AnotherPortMustBeAllowed(t *testing.T) {
	r := newRig(t, Config{Ports: []uint16{8443}})
	r.dns.all(publicIP)
	for form, good := range map[string]bool{
		"https://hooks.example.com:8443": true, "https://hooks.example.com": true, "https://" + publicIP + ":8443": true,
		"https://hooks.example.com:8444": false, "http://hooks.example.com:8443": false, "https://127.0.0.1:8443": false,
	} {
		if err := r.CheckURL(form); (err == nil) != good {
			t.Errorf("%s: %v", form, err)
		}
		_ = r.Send(t.Context(), message(form))
		if saw := r.connects(); (len(saw) == 1) != good {
			t.Errorf("%s: %v", form, saw)
		}
	}
}

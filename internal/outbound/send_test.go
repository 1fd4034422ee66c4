package outbound

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// TestP14TheReferenceLibraryAcceptsWhatWeSend, whichever of two keys the endpoint has, and nothing that was altered.
func TestP14TheReferenceLibraryAcceptsWhatWeSend(t *testing.T) {
	old, next, pair, other := NewHMACKey(), NewHMACKey(), NewEd25519Key(), NewHMACKey()
	type got struct {
		header http.Header
		body   []byte
	}
	came := make(chan got, 1)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil || q.Method != http.MethodPost {
			t.Errorf("%s: %v", q.Method, err)
		}
		came <- got{q.Header, body}
	}))
	defer endpoint.Close()
	body := `{"type":"lead.created","data":{"name":"Ådne <&>"}}`
	o := NewSender(Config{AllowLoopback: true}).Send(t.Context(), Message{ID: "evt_2x", URL: endpoint.URL, Body: []byte(body), Keys: []Key{old, next, pair}})
	g := <-came
	if !o.Delivered() || o.Err != nil || o.Status != 200 || o.Duration <= 0 || string(g.body) != body {
		t.Fatalf("%+v, body %s", o, g.body)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Webhook-Id": "evt_2x", "Accept-Encoding": "", "Referer": "", "Cookie": ""} {
		if g.header.Get(name) != want {
			t.Errorf("%s: %q", name, g.header.Get(name))
		}
	}
	for i, key := range []Key{old, next, other} {
		hook, err := standardwebhooks.NewWebhook(key.Secret())
		if err != nil {
			t.Fatal(err)
		}
		if err := hook.Verify(g.body, g.header); (err == nil) != (i < 2) {
			t.Errorf("key %d: %v", i, err)
		}
		if hook.Verify(append([]byte(" "), g.body...), g.header) == nil {
			t.Errorf("key %d: an altered body is accepted", i)
		}
	}
	if !verifies(t, pair.PublicKey(), g.header, g.body) || verifies(t, NewEd25519Key().PublicKey(), g.header, g.body) {
		t.Error("the ed25519 signature does not verify under its public key, or does under another")
	}
}

// verifies is what an endpoint with a public key does; the reference library has no v1a yet.
func verifies(t *testing.T, public string, h http.Header, body []byte) bool {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(public, "whpk_"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range strings.Split(h.Get("Webhook-Signature"), " ") {
		text, ok := strings.CutPrefix(entry, "v1a,")
		signature, err := base64.StdEncoding.DecodeString(text)
		if ok && err == nil && ed25519.Verify(raw, []byte(h.Get("Webhook-Id")+"."+h.Get("Webhook-Timestamp")+"."+string(body)), signature) {
			return true
		}
	}
	return false
}

// TestTheAnswerSaysWhatBecameOfIt: only 2xx is delivered, and an endpoint may ask to be left alone.
func TestTheAnswerSaysWhatBecameOfIt(t *testing.T) {
	s := NewSender(Config{AllowLoopback: true})
	for _, c := range []struct {
		status                     int
		after                      string
		delivered, gone, throttled bool
		wait                       time.Duration
	}{
		{status: 200, delivered: true}, {status: 204, delivered: true}, {status: 299, delivered: true},
		{status: 302}, {status: 400}, {status: 401}, {status: 404}, {status: 500},
		{status: 410, gone: true}, {status: 502, throttled: true}, {status: 504, throttled: true},
		{status: 429, throttled: true, after: "120", wait: 2 * time.Minute}, {status: 503, after: "9999999", wait: 24 * time.Hour}, {status: 503, after: "soon"},
	} {
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if c.after != "" {
				w.Header().Set("Retry-After", c.after)
			}
			w.WriteHeader(c.status)
		}))
		o := s.Send(t.Context(), message(endpoint.URL))
		endpoint.Close()
		if o.Status != c.status || o.Delivered() != c.delivered || o.Gone() != c.gone || o.Throttled() != c.throttled || o.RetryAfter != c.wait {
			t.Errorf("%d: %+v", c.status, o)
		}
		if (o.Err == nil) != c.delivered || (o.Err != nil && !strings.Contains(o.Err.Error(), strconv.Itoa(c.status))) {
			t.Errorf("%d: %v", c.status, o.Err)
		}
	}
}

// TestAMessageThatCannotBeSignedIsNotSent.
func TestAMessageThatCannotBeSignedIsNotSent(t *testing.T) {
	var reached atomic.Int32
	endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer endpoint.Close()
	s := NewSender(Config{AllowLoopback: true})
	for _, m := range []Message{
		{ID: "", Keys: []Key{NewHMACKey()}}, {ID: "a.b", Keys: []Key{NewHMACKey()}}, {ID: "a\r\nX: y", Keys: []Key{NewHMACKey()}},
		{ID: strings.Repeat("a", 129), Keys: []Key{NewHMACKey()}}, {ID: "a"}, {ID: "a", Keys: []Key{{}}}, {ID: "a", Keys: []Key{NewHMACKey(), {}}},
	} {
		m.URL = endpoint.URL
		if o := s.Send(t.Context(), m); o.Err == nil || o.Status != 0 {
			t.Errorf("%q: %+v", m.ID, o)
		}
	}
	if reached.Load() != 0 {
		t.Errorf("%d were sent", reached.Load())
	}
}

// TestOnlyTheStartOfAnAnswerIsRead: one without an end holds nobody up.
func TestOnlyTheStartOfAnAnswerIsRead(t *testing.T) {
	wrote := make(chan int, 1)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n, chunk := 0, make([]byte, 1<<10)
		for {
			more, err := w.Write(chunk)
			n += more
			if err != nil {
				wrote <- n
				return
			}
		}
	}))
	defer endpoint.Close()
	o := NewSender(Config{AllowLoopback: true}).Send(t.Context(), message(endpoint.URL))
	if !o.Delivered() {
		t.Errorf("%+v", o)
	}
	if n := <-wrote; n > 32<<20 {
		t.Errorf("%d bytes left the endpoint", n)
	}
}

// TestAnEndpointThatDoesNotAnswerHas15Seconds, in virtual time.
func TestAnEndpointThatDoesNotAnswerHas15Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSender(Config{AllowLoopback: true})
		defer s.Close()
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		s.http.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) { return near, nil }
		go func() { _, _ = io.Copy(io.Discard, far) }()
		o := s.Send(t.Context(), message("http://127.0.0.1/hook"))
		if o.Err == nil || o.Duration != 15*time.Second || !strings.Contains(o.Err.Error(), "15s") {
			t.Errorf("%+v", o)
		}
	})
}

// TestTheEndpointProvesWhoItIs: over TLS 1.2 or later, with a certificate that is good for its name. The reason given is the owner's, in our words.
func TestTheEndpointProvesWhoItIs(t *testing.T) {
	for name, c := range map[string]struct {
		server *tls.Config
		known  bool
		host   string
		want   string // in the error; "" delivered
	}{
		"a good one":           {known: true, host: "127.0.0.1"},
		"TLS 1.2":              {known: true, host: "127.0.0.1", server: &tls.Config{MaxVersion: tls.VersionTLS12}},
		"TLS 1.1":              {known: true, host: "127.0.0.1", server: &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}, want: "TLS 1.2"},
		"an unknown authority": {host: "127.0.0.1", want: "no authority"},
		"another name":         {known: true, host: "localhost", want: "another name"},
	} {
		t.Run(name, func(t *testing.T) {
			endpoint := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			endpoint.Config.ErrorLog = quiet()
			endpoint.TLS = c.server
			endpoint.StartTLS()
			defer endpoint.Close()
			pool := x509.NewCertPool()
			if c.known {
				pool.AddCert(endpoint.Certificate())
			}
			s := NewSender(Config{AllowLoopback: true, RootCAs: pool})
			defer s.Close()
			secret := "/a-path-that-is-a-secret"
			o := s.Send(t.Context(), message(strings.Replace(endpoint.URL, "127.0.0.1", c.host, 1)+secret))
			if o.Delivered() != (c.want == "") || (c.want != "" && !strings.Contains(o.Err.Error(), c.want)) {
				t.Errorf("%+v", o)
			}
			if o.Err != nil && strings.Contains(o.Err.Error(), secret) {
				t.Errorf("the error shows the URL: %v", o.Err)
			}
		})
	}
}

// TestWhyNoAnswerCameIsSaid, without what the outside need not know of our network.
func TestWhyNoAnswerCameIsSaid(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	hangsUp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	defer hangsUp.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	r := newRig(t, Config{AllowLoopback: true})
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for form, want := range map[string]string{
		"http://" + closed: "refused the connection",
		hangsUp.URL:        "broke off",
		"https" + strings.TrimPrefix(plain.URL, "http"): "does not speak TLS",
		"https://nobody.example.com/a-path":             "name does not exist",
	} {
		o := r.Send(t.Context(), message(form))
		if o.Err == nil || !strings.Contains(o.Err.Error(), want) || o.Status != 0 {
			t.Errorf("%s: %v, want …%s…", form, o.Err, want)
		}
		if o.Err != nil && (strings.Contains(o.Err.Error(), "127.0.0.1") || strings.Contains(o.Err.Error(), "a-path")) {
			t.Errorf("%v", o.Err)
		}
	}
	if o := r.Send(canceled, message(hangsUp.URL)); o.Err == nil || !strings.Contains(o.Err.Error(), "our side") {
		t.Errorf("%v", o.Err)
	}
}

// TestP15AProxyIsTheOnlyWayOut, where one is set: it gets the name, not the address, and what a URL shows by itself never comes to it.
func TestP15AProxyIsTheOnlyWayOut(t *testing.T) {
	endpoint := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer endpoint.Close()
	asked := make(chan string, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		asked <- fmt.Sprint(q.Method, " ", q.Host)
		tunnel(t, w, endpoint.Listener.Addr().String())
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(endpoint.Certificate())
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // not asked
	r := newRig(t, Config{Proxy: at, RootCAs: pool})
	for _, form := range []string{"https://10.0.0.1", "https://127.0.0.1", "https://localhost", proxy.URL, "http://hooks.example.com", "https://hooks.example.com:8443"} {
		if o := r.Send(t.Context(), message(form)); o.Err == nil {
			t.Errorf("%s: %+v", form, o)
		}
	}
	o := r.Send(t.Context(), message("https://example.com/hook")) // a name of httptest's certificate
	if !o.Delivered() || len(asked) != 1 || <-asked != "CONNECT example.com:443" || len(r.connects()) != 0 {
		t.Errorf("%+v, %d requests to the proxy", o, len(asked))
	}
}

// tunnel is what a proxy does with CONNECT.
func tunnel(t *testing.T, w http.ResponseWriter, to string) {
	t.Helper()
	far, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Error(err)
		return
	}
	near, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	}()
	go func() {
		_, _ = io.Copy(near, far)
		_ = near.Close()
	}()
}

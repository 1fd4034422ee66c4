package e2e_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// authority is a certificate authority of the test, with the folder of what it made.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.key = newKey(t)
	a.cert = a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "an authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, a.key)
	a.write(t, "ca.pem", "CERTIFICATE", a.cert.Raw)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign completes a certificate for key; the first one signs itself.
func (a *authority) sign(t *testing.T, c *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent := a.cert
	if parent == nil {
		parent = c
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (a *authority) write(t *testing.T, name, kind string, raw []byte) string {
	t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// server are the files of a server at 127.0.0.1, with a client's side that trusts it.
func (a *authority) server(t *testing.T) *harness.TLS {
	t.Helper()
	key := newKey(t)
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := a.sign(t, &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, key)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &harness.TLS{
		Cert: a.write(t, "server.pem", "CERTIFICATE", cert.Raw), Key: a.write(t, "server.key", "EC PRIVATE KEY", raw),
		Client: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
	}
}

// client is a caller's certificate.
func (a *authority) client(t *testing.T) tls.Certificate {
	t.Helper()
	key := newKey(t)
	cert := a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "a caller"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

// asks is what a stranger to the running service gets for GET /healthz and for a health check over gRPC, with its own idea of TLS.
func asks(t *testing.T, server *harness.Server, config *tls.Config) (web string, code codes.Code) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	url, wire := "http://"+server.HTTP+"/healthz", insecure.NewCredentials()
	if config != nil {
		url, wire = server.URL("/healthz"), credentials.NewTLS(config)
	}
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := (&http.Client{Transport: transport}).Do(request); err != nil {
		web = err.Error()
	} else {
		text := make([]byte, 100)
		n, _ := response.Body.Read(text)
		_ = response.Body.Close()
		web = response.Status + " " + string(text[:n])
	}
	conn, err := grpc.NewClient("passthrough:///"+server.GRPC, grpc.WithTransportCredentials(wire))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
	return web, status.Code(err)
}

// healthcheck runs the command of that name as a container would, with the addresses in its environment.
func healthcheck(t *testing.T, server *harness.Server) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := server.Command(ctx, "healthcheck")
	cmd.Env = append(cmd.Env, "LEADMUX_HTTP_ADDR="+server.HTTP, "LEADMUX_ADMIN_ADDR="+server.Admin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("healthcheck: %v\n%s", err, out)
	}
	return string(out)
}

// wants fails unless HTTP says a part and gRPC a code.
func wants(t *testing.T, who string, server *harness.Server, config *tls.Config, web string, code codes.Code) {
	t.Helper()
	if gotWeb, gotCode := asks(t, server, config); !strings.Contains(gotWeb, web) || gotCode != code {
		t.Errorf("%s: %q and %s, want …%s… and %s", who, gotWeb, gotCode, web, code)
	}
}

// TestTLS runs the service with a certificate: both transports work over it, nothing works without, nor below TLS 1.2.
func TestTLS(t *testing.T) {
	t.Parallel()
	files := newAuthority(t).server(t)
	env := suite.Start(t, harness.Options{TLS: files})
	for i, via := range harness.Vias() {
		lead := env.Server.Client(via).Create(t, createPerson(i))
		if states := harness.States(lead); states != harness.AllActive {
			t.Errorf("%s: %s", via, states)
		}
	}
	old := files.Client.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	exact := files.Client.Clone()
	exact.MaxVersion = tls.VersionTLS12
	stranger := &tls.Config{MinVersion: tls.VersionTLS12}
	wants(t, "TLS", env.Server, files.Client, "200 OK", codes.OK)
	wants(t, "TLS 1.2", env.Server, exact, "200 OK", codes.OK)
	wants(t, "plain text", env.Server, nil, "400 Bad Request Client sent an HTTP request to an HTTPS server", codes.Unavailable)
	wants(t, "TLS 1.1", env.Server, old, "protocol version not supported", codes.Unavailable)
	wants(t, "who does not know the authority", env.Server, stranger, "unknown authority", codes.Unavailable)
	if out := healthcheck(t, env.Server); out != env.Server.HTTP+" serves\n" {
		t.Errorf("healthcheck says %q", out)
	}
	if !strings.Contains(env.Server.Output(), "REST at https://"+env.Server.HTTP) {
		t.Error("the start does not say that REST is at https")
	}
}

// TestClientCertificates runs the service with client_ca: nobody without a certificate of that authority gets a word out of it, be it of its
// health, and the API key is needed as ever.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	files := ours.server(t)
	files.ClientCA = filepath.Join(ours.dir, "ca.pem")
	nobody := files.Client.Clone()
	files.Client.Certificates = []tls.Certificate{ours.client(t)}
	foreign := nobody.Clone()
	foreign.Certificates = []tls.Certificate{newAuthority(t).client(t)}
	env := suite.Start(t, harness.Options{TLS: files})
	for i, via := range harness.Vias() {
		client := env.Server.Client(via)
		if states := harness.States(client.Create(t, createPerson(i))); states != harness.AllActive {
			t.Errorf("%s: %s", via, states)
		}
		if answer := client.As(harness.KeyNone).Try(t, "LeadService.CreateLead", createPerson(i)); answer.Code != codes.Unauthenticated {
			t.Errorf("%s without an API key: %s", via, answer.Code)
		}
	}
	wants(t, "a certificate", env.Server, files.Client, "200 OK", codes.OK)
	noAnswer := `Get "https://` // and why; the alert that says it may be overtaken by the end of the connection
	wants(t, "none", env.Server, nobody, noAnswer, codes.Unavailable)
	wants(t, "one of another authority", env.Server, foreign, noAnswer, codes.Unavailable)
	wants(t, "plain text", env.Server, nil, "400 Bad Request Client sent an HTTP request to an HTTPS server", codes.Unavailable)
	if out := healthcheck(t, env.Server); out != env.Server.Admin+" serves\n" {
		t.Errorf("healthcheck says %q", out)
	}
}

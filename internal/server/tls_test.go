package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// selfSigned makes a certificate for 127.0.0.1 that signs itself, and a pool that trusts it.
func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "leadmux test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestTLS: both listeners speak TLS and HTTP/2 only over it, and the service sees the client's certificate either way.
func TestTLS(t *testing.T) {
	cert, pool := selfSigned(t)
	f := start(t, func(c *Config, _ *settings) {
		c.TLS = &tls.Config{
			Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, ClientCAs: pool,
			ClientAuth: tls.VerifyClientCertIfGiven,
		}
	})
	names := make(chan string, 1)
	f.leads.get = func(ctx context.Context, _ *leadmuxv1.GetLeadRequest) (*leadmuxv1.GetLeadResponse, error) {
		p, _ := peer.FromContext(ctx)
		name := ""
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok && len(info.State.VerifiedChains) > 0 {
			name = info.State.VerifiedChains[0][0].Subject.CommonName
		}
		names <- name
		return &leadmuxv1.GetLeadResponse{}, nil
	}
	client := &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	conn := dial(t, f.GRPCAddr(), credentials.NewTLS(client))
	if _, err := leadmuxv1.NewLeadServiceClient(conn).GetLead(withKey(), &leadmuxv1.GetLeadRequest{LeadId: leadID}); err != nil {
		t.Fatal(err)
	}
	if got := <-names; got != "leadmux test" {
		t.Errorf("gRPC: the client's certificate is %q", got)
	}
	transport := &http.Transport{TLSClientConfig: client, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodGet, "https://"+f.HTTPAddr()+"/v1/leads/"+leadID, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", goodKey)
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ProtoMajor != 2 {
		t.Errorf("REST: %s over %s, want 200 over HTTP/2", res.Status, res.Proto)
	}
	if got := <-names; got != "leadmux test" {
		t.Errorf("REST: the client's certificate is %q", got)
	}
	if res := f.raw(t, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); res.StatusCode != http.StatusBadRequest {
		t.Errorf("plain text to the TLS port: %d", res.StatusCode)
	}
	if got := f.get(t, f.AdminAddr(), "/healthz"); got != http.StatusOK {
		t.Errorf("the admin port in plain text: %d", got)
	}
}

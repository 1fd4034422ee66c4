package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// healthTimeout bounds a health check: a container's is usually 3 s.
const healthTimeout = 2500 * time.Millisecond

// healthcheckCmd asks the service on this machine whether it serves. Containers run it.
type healthcheckCmd struct {
	HTTPAddr  string `name:"http-addr" env:"LEADMUX_HTTP_ADDR" default:"127.0.0.1:8080" help:"Address the service listens on." placeholder:"HOST:PORT"`
	AdminAddr string `name:"admin-addr" env:"LEADMUX_ADMIN_ADDR" default:"127.0.0.1:9091" help:"Its admin address, asked where the other takes callers with a certificate only." placeholder:"HOST:PORT"`
}

// Run prints one line, and fails unless the service serves.
func (c *healthcheckCmd) Run(t terminal) error {
	addr, err := dialable("http-addr", c.HTTPAddr)
	if err != nil {
		return err
	}
	admin, err := dialable("admin-addr", c.AdminAddr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	status, err := healthz(ctx, "http://"+addr)
	if err == nil && status == http.StatusBadRequest { // what a TLS listener answers to plain HTTP
		status, err = healthz(ctx, "https://"+addr)
	}
	if errors.Is(err, errCertificate) { // a check has none, and must not hold one; the admin port knows the same
		addr = admin
		status, err = healthz(ctx, "http://"+addr)
	}
	if err != nil {
		return fmt.Errorf("nothing serves at %s: %w", addr, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s does not serve: /healthz answered %d", addr, status)
	}
	_, err = fmt.Fprintf(t.out, "%s serves\n", addr)
	return err
}

// dialable is where to reach a listener's address from this machine.
func dialable(flag, addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("--%s must be host:port; %w", flag, errUsage)
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port), nil
}

// errCertificate is the error of a listener that takes callers with a certificate only.
var errCertificate = errors.New("it asks for a certificate")

// healthz is the status of GET /healthz. The certificate is not checked: it is made out to the public name, which is not the one
// asked here, and nothing is sent that could be stolen.
func healthz(ctx context.Context, base string) (int, error) {
	asked := false
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, //nolint:gosec // see above
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				asked = true
				return &tls.Certificate{}, nil
			},
		},
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil && asked {
		return 0, errCertificate
	}
	if err != nil {
		return 0, plainCause(err)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 4096))
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	return resp.StatusCode, err
}

// plainCause is why a request failed, without the request, which our sentence names.
func plainCause(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*os.SyscallError](err); ok {
		err = e.Err
	}
	return err
}

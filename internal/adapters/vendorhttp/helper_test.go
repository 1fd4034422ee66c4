package vendorhttp

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/leadmux/leadmux/internal/adapters"
)

// person is a value that must show in no error.
const person = "grace@example.com"

// serve starts a vendor.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// client is a client of a vendor at base, changed as the test likes.
func client(t *testing.T, base string, change ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{Vendor: "acme", Account: "west", BaseURL: base, Routes: sampleRoutes()}
	for _, c := range change {
		c(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// listener answers every connection with raw bytes.
func listener(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func create() Call {
	return Call{Op: "CreateLead", Route: "CreateLead", Body: map[string]string{"email": person}}
}

// failed is err as an *adapters.Error.
func failed(t *testing.T, err error) *adapters.Error {
	t.Helper()
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok {
		t.Fatalf("got %v, want *adapters.Error", err)
	}
	return e
}

package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// TestDefaults holds the numbers to what is promised; the tests below show that each has its effect.
func TestDefaults(t *testing.T) {
	want := settings{
		maxStreams: 250, maxMessage: 1048576,
		largeMessages: map[string]int{"/leadmux.v1.LeadService/BatchCreateLeads": 8388608},
		maxHeaders:    16384, connectTimeout: 5 * time.Second,
		pingMin: 20 * time.Second, pingAfter: 60 * time.Second, pingTimeout: 20 * time.Second,
		maxIdle: 15 * time.Minute, maxAge: 30 * time.Minute, maxAgeGrace: 5 * time.Minute,
		readHeaders: 5 * time.Second, read: 15 * time.Second, idle: 60 * time.Second, writeChunk: 30 * time.Second,
		callDefault: 10 * time.Second, callMax: 30 * time.Second, waitOverhead: 5 * time.Second,
		readyTimeout: 2 * time.Second, cutOff: 2 * time.Second,
	}
	if got := defaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("the settings are %+v", got)
	}
	if DefaultDrainDelay != 5*time.Second || DefaultDrainTimeout != 25*time.Second {
		t.Error("the drain times are not those promised")
	}
}

func TestTooLarge(t *testing.T) {
	f := start(t)
	f.leads.create = func(context.Context, *leadmuxv1.CreateLeadRequest) (*leadmuxv1.CreateLeadResponse, error) {
		t.Error("a request over the limit reached the service")
		return &leadmuxv1.CreateLeadResponse{}, nil
	}
	big := strings.Repeat("x", 2<<20)
	_, err := f.client().CreateLead(withKey(), &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Comment: big}})
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("gRPC: %v", err)
	}
	eventually(t, "logged with the reason that grpc-go does not tell", func() bool {
		lines := f.log.lines(t, "request")
		return len(lines) == 1 && lines[0]["reason"] == "REQUEST_TOO_LARGE" && lines[0]["principal"] == "crm"
	})
	if a := f.restError(t, "POST", "/v1/leads", `{"lead":{"comment":"`+big+`"}}`); a.http != 413 || a.reason != "REQUEST_TOO_LARGE" || a.meta["limit_bytes"] != "1048576" {
		t.Errorf("REST, declared: %+v", a)
	}
	for _, path := range []string{"/nowhere", "/docs"} {
		if a := f.restError(t, "POST", path, big); a.http != 413 {
			t.Errorf("%s: %+v", path, a)
		}
	}
	answer := f.raw(t, "POST /v1/leads HTTP/1.1\r\nHost: x\r\nAuthorization: "+goodKey+"\r\nTransfer-Encoding: chunked\r\n\r\n"+
		fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(big), big))
	if answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("REST, chunked: %d", answer.StatusCode)
	}
}

// notProto sends bytes that are no protobuf.
type notProto struct{}

func (notProto) Name() string { return "proto" }
func (notProto) Marshal(any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer("\xff\xff\xff")}, nil
}
func (notProto) Unmarshal(mem.BufferSlice, any) error { return nil }

func TestNotProtobuf(t *testing.T) {
	f := start(t)
	send := func(ctx context.Context) answer {
		err := f.conn.Invoke(ctx, getLead, "", new(string), grpc.ForceCodecV2(notProto{}))
		return fromStatus(status.Convert(err))
	}
	if a := send(withKey()); a.code != "InvalidArgument" || a.reason != "MALFORMED_REQUEST" {
		t.Errorf("%+v", a)
	}
	if a := send(context.Background()); a.reason != "UNAUTHENTICATED" {
		t.Errorf("without key: %+v", a)
	}
}

func TestInProcessHasTheNetworkLimit(t *testing.T) {
	conn := inProcess{nil, func(string) int { return 100 }}
	err := conn.Invoke(context.Background(), "/x/Y", &leadmuxv1.GetLeadRequest{LeadId: strings.Repeat("x", 200)}, nil)
	if a := fromStatus(status.Convert(err)); a.reason != "REQUEST_TOO_LARGE" {
		t.Errorf("%+v", a)
	}
}

// TestP18BodyIsNotReadWithoutKey announces a body and never sends it: only a server that does not read it can answer.
func TestP18BodyIsNotReadWithoutKey(t *testing.T) {
	f := start(t)
	for name, c := range map[string]struct {
		headers string
		want    int
	}{
		"no key":          {"Content-Length: 1000\r\n", 401},
		"wrong key":       {"Content-Length: 1000\r\nAuthorization: Bearer bad\r\n", 401},
		"two keys":        {"Content-Length: 1000\r\nAuthorization: " + goodKey + "\r\nAuthorization: " + goodKey + "\r\n", 401},
		"chunked, no key": {"Transfer-Encoding: chunked\r\n", 401},
		"key, 2 MiB":      {"Content-Length: 2097152\r\nAuthorization: " + goodKey + "\r\n", 413},
		"key, no path":    {"Content-Length: 1000\r\nAuthorization: " + goodKey + "\r\nX-Try: 404\r\n", 404},
	} {
		path := "/v1/leads"
		if c.want == 404 {
			path = "/v1/nowhere"
		}
		if res := f.raw(t, "POST "+path+" HTTP/1.1\r\nHost: x\r\n"+c.headers+"\r\n"); res.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", name, res.StatusCode, c.want)
		} else if c.want == 401 && res.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: no WWW-Authenticate", name)
		}
	}
}

// raw sends bytes over a connection of its own and reads one answer.
func (f *fixture) raw(t *testing.T, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", f.HTTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	go func() { _, _ = io.WriteString(conn, request) }()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res
}

// TestP18SlowAndLargeHeaders: slow ones cost their connection, large ones 431.
func TestP18SlowAndLargeHeaders(t *testing.T) {
	f := start(t, func(_ *Config, s *settings) {
		s.readHeaders, s.connectTimeout = 50*time.Millisecond, 50*time.Millisecond
	})
	for name, address := range map[string]string{"HTTP": f.HTTPAddr(), "admin": f.AdminAddr(), "gRPC": f.GRPCAddr()} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "GET /v1/leads HTT")
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		var timeout net.Error
		if _, err := io.Copy(io.Discard, conn); errors.As(err, &timeout) && timeout.Timeout() {
			t.Errorf("%s: a connection that never finishes its headers stays open", name)
		}
	}
	if res := f.raw(t, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: "+strings.Repeat("x", 32<<10)+"\r\n\r\n"); res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("32 KiB of headers: %d, want 431", res.StatusCode)
	}
}

// TestLongCallSurvivesReadTimeout: the time for reading a request must not end a call that takes longer.
func TestLongCallSurvivesReadTimeout(t *testing.T) {
	f := start(t, func(_ *Config, s *settings) { s.read = 50 * time.Millisecond })
	f.leads.create = func(ctx context.Context, _ *leadmuxv1.CreateLeadRequest) (*leadmuxv1.CreateLeadResponse, error) {
		select {
		case <-time.After(300 * time.Millisecond):
			return &leadmuxv1.CreateLeadResponse{}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if code, data, _ := f.rest(t, "POST", "/v1/leads", `{"lead":{}}`); code != 200 {
		t.Errorf("%d %s", code, data)
	}
}

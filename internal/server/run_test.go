package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

func (f *fixture) get(t *testing.T, address, path string) int {
	t.Helper()
	res, err := f.http.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func (f *fixture) grpcHealth(t *testing.T, service string) healthv1.HealthCheckResponse_ServingStatus {
	t.Helper()
	res, err := healthv1.NewHealthClient(f.conn).Check(context.Background(), &healthv1.HealthCheckRequest{Service: service})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetStatus()
}

// TestP16Drain: health says no at once, calls are still taken during the delay, running ones finish after it, new ones are
// refused, streams end, and nothing is left running.
func TestP16Drain(t *testing.T) {
	before := goleak.IgnoreCurrent()
	f := start(t, func(c *Config, _ *settings) { c.DrainDelay = 300 * time.Millisecond })
	entered, release := make(chan struct{}, 2), make(chan struct{})
	f.leads.create = func(context.Context, *leadmuxv1.CreateLeadRequest) (*leadmuxv1.CreateLeadResponse, error) {
		entered <- struct{}{}
		<-release
		return &leadmuxv1.CreateLeadResponse{Lead: &leadmuxv1.Lead{LeadId: leadID}}, nil
	}
	if f.grpcHealth(t, "") != healthv1.HealthCheckResponse_SERVING || f.grpcHealth(t, "leadmux.v1.LeadService") != healthv1.HealthCheckResponse_SERVING {
		t.Error("health is not SERVING")
	}
	watch, err := healthv1.NewHealthClient(f.conn).Watch(context.Background(), &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	idle, err := reflectionv1.NewServerReflectionClient(f.conn).ServerReflectionInfo(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	finished := make(chan error, 2)
	go func() {
		_, err := f.client().CreateLead(withKey(), &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{}})
		finished <- err
	}()
	go func() {
		if code, _, _ := f.rest(t, "POST", "/v1/leads", `{"lead":{}}`); code != http.StatusOK {
			finished <- errors.New(http.StatusText(code))
			return
		}
		finished <- nil
	}()
	<-entered
	<-entered
	f.stop()
	eventually(t, "health flips", func() bool { return f.get(t, f.HTTPAddr(), "/healthz") == http.StatusServiceUnavailable })
	if f.grpcHealth(t, "") != healthv1.HealthCheckResponse_NOT_SERVING {
		t.Error("gRPC health did not flip")
	}
	if got := f.get(t, f.AdminAddr(), "/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("/readyz of the admin port says %d", got)
	}
	if _, err := f.client().GetLead(withKey(), &leadmuxv1.GetLeadRequest{LeadId: leadID}); err != nil {
		t.Errorf("a call during the delay: %v", err)
	}
	for {
		if _, err := watch.Recv(); err != nil {
			if a := fromStatus(status.Convert(err)); a.code != "Unavailable" || a.reason != "SHUTTING_DOWN" {
				t.Errorf("the watcher got %v", err)
			}
			break
		}
	}
	if _, err := idle.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("a silent stream got %v", err)
	}
	eventually(t, "new calls are refused", func() bool {
		_, err := f.client().GetLead(withKey(), &leadmuxv1.GetLeadRequest{LeadId: leadID})
		return status.Code(err) == codes.Unavailable
	})
	if _, err := net.Dial("tcp", f.HTTPAddr()); err == nil {
		t.Error("the HTTP port is still open")
	}
	select {
	case err := <-f.ended:
		t.Fatalf("Run returned (%v) while calls were running", err)
	default:
	}
	close(release)
	for range 2 {
		if err := <-finished; err != nil {
			t.Errorf("a call that was running: %v", err)
		}
	}
	if err := f.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
	_ = f.conn.Close()
	f.http.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

// TestP16DrainCutsOff: a call that does not end in time ends with its context, and Run says so.
func TestP16DrainCutsOff(t *testing.T) {
	f := start(t, func(c *Config, _ *settings) { c.DrainTimeout = 50 * time.Millisecond })
	entered, left := make(chan struct{}, 2), make(chan struct{}, 2)
	f.leads.get = func(ctx context.Context, _ *leadmuxv1.GetLeadRequest) (*leadmuxv1.GetLeadResponse, error) {
		entered <- struct{}{}
		<-ctx.Done()
		left <- struct{}{}
		return nil, ctx.Err()
	}
	go func() { _, _ = f.client().GetLead(withKey(), &leadmuxv1.GetLeadRequest{LeadId: leadID}) }()
	go func() {
		req, _ := http.NewRequest(http.MethodGet, "http://"+f.HTTPAddr()+"/v1/leads/"+leadID, nil)
		req.Header.Set("Authorization", goodKey)
		if res, err := f.http.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-entered
	<-entered
	f.stop()
	if err := f.wait(t); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("Run says %v", err)
	}
	<-left
	<-left
}

// TestRunWaitsForCallsWhoseCallerLeft: over REST the handler outlives the request, and the store must outlive the handler.
func TestRunWaitsForCallsWhoseCallerLeft(t *testing.T) {
	f := start(t)
	entered, release := make(chan struct{}), make(chan struct{})
	f.leads.get = func(context.Context, *leadmuxv1.GetLeadRequest) (*leadmuxv1.GetLeadResponse, error) {
		close(entered)
		<-release
		return &leadmuxv1.GetLeadResponse{}, nil
	}
	ctx, leave := context.WithCancel(context.Background())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.HTTPAddr()+"/v1/leads/"+leadID, nil)
		req.Header.Set("Authorization", goodKey)
		if res, err := f.http.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-entered
	leave()
	<-gone
	f.stop()
	select {
	case <-f.ended:
		t.Fatal("Run returned while a handler was running")
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	if err := f.wait(t); err != nil {
		t.Error(err)
	}
}

func TestHealthFollowsTheStore(t *testing.T) {
	broken := make(chan error, 1)
	broken <- nil
	f := start(t, func(c *Config, _ *settings) {
		c.Ready = func(context.Context) error {
			err := <-broken
			broken <- err
			return err
		}
	})
	if got := f.get(t, f.HTTPAddr(), "/healthz"); got != http.StatusOK {
		t.Errorf("/healthz says %d", got)
	}
	<-broken
	broken <- errors.New("disk full")
	if got := f.get(t, f.HTTPAddr(), "/healthz"); got != http.StatusServiceUnavailable {
		t.Errorf("with a broken store /healthz says %d", got)
	}
	if f.grpcHealth(t, "") != healthv1.HealthCheckResponse_NOT_SERVING {
		t.Error("with a broken store gRPC health is SERVING")
	}
}

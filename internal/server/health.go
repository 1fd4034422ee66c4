package server

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	grpchealth "google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
)

// health answers "may calls come here?" the same way over gRPC and HTTP: yes from the moment all listeners serve until the
// drain begins, while the store answers. Watchers over gRPC hear of start and drain only; a store fault shows in Check.
type health struct {
	*grpchealth.Server
	ready   func(context.Context) error
	timeout time.Duration
	up      atomic.Bool
}

func newHealth(ready func(context.Context) error, timeout time.Duration) *health {
	h := &health{Server: grpchealth.NewServer(), ready: ready, timeout: timeout}
	h.SetServingStatus("", healthv1.HealthCheckResponse_NOT_SERVING)
	return h
}

func (h *health) serving(services []string) {
	h.up.Store(true)
	h.SetServingStatus("", healthv1.HealthCheckResponse_SERVING)
	for _, name := range services {
		h.SetServingStatus(name, healthv1.HealthCheckResponse_SERVING)
	}
}

func (h *health) draining() {
	h.up.Store(false)
	h.Shutdown()
}

// Check is the gRPC health check of one service, or of all with an empty name.
func (h *health) Check(ctx context.Context, req *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	res, err := h.Server.Check(ctx, req)
	if err == nil && res.GetStatus() == healthv1.HealthCheckResponse_SERVING && h.storeFails(ctx) {
		res = &healthv1.HealthCheckResponse{Status: healthv1.HealthCheckResponse_NOT_SERVING}
	}
	return res, err
}

func (h *health) storeFails(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	return h.ready(ctx) != nil
}

// ServeHTTP is /healthz and /readyz. The body is for people; probes read the status.
func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, text := http.StatusOK, `{"status":"SERVING"}`
	switch {
	case !h.up.Load():
		status, text = http.StatusServiceUnavailable, `{"status":"NOT_SERVING","why":"starting or draining"}`
	case h.storeFails(r.Context()):
		status, text = http.StatusServiceUnavailable, `{"status":"NOT_SERVING","why":"the store does not answer"}`
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

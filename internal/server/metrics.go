package server

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics of requests. Every label has a bounded set of values: methods are those registered, or "unknown".
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
}

func newMetrics(registry *prometheus.Registry, version string) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "leadmux_requests_total", Help: "Requests answered, by gRPC code (HTTP status where no RPC was involved).",
		}, []string{"method", "code", "transport"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "leadmux_request_duration_seconds", Help: "Time from a request's arrival to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "transport"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "leadmux_requests_in_flight", Help: "Calls being answered now.",
		}, []string{"transport"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "leadmux_build_info", Help: "Always 1; the label is the build.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	for _, c := range []prometheus.Collector{m.requests, m.duration, m.inFlight, build} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		var already prometheus.AlreadyRegisteredError
		if err := registry.Register(c); err != nil && !errors.As(err, &already) {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) done(method, code, transport string, took time.Duration) {
	m.requests.WithLabelValues(method, code, transport).Inc()
	m.duration.WithLabelValues(method, transport).Observe(took.Seconds())
}

package delivery

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts requests to vendors.
type Metrics struct {
	attempts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	drift    *prometheus.CounterVec
}

// NewMetrics registers the figures of vendor requests.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "leadmux_vendor_attempts_total",
			Help: "Requests sent to vendors, by result: ok, or the kind of failure. status is 0 when no answer came.",
		}, []string{"vendor", "account", "operation", "result", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "leadmux_vendor_attempt_duration_seconds", Help: "Time from request to answer.",
			Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"vendor", "account", "operation"}),
	}
	m.drift = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "leadmux_vendor_drift_total", Help: "Values from vendors that mean nothing to us; kept as they are.",
	}, []string{"vendor", "what"})
	registry.MustRegister(m.attempts, m.duration, m.drift)
	return m
}

// Drift counts a vendor's value that means nothing to us.
func (m *Metrics) Drift(vendor, what string) { m.drift.WithLabelValues(vendor, what).Inc() }

// Attempt counts one request to a vendor.
func (m *Metrics) Attempt(vendor, account, operation, result string, status int, took time.Duration) {
	m.attempts.WithLabelValues(vendor, account, operation, result, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(vendor, account, operation).Observe(took.Seconds())
}

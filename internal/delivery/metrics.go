package delivery

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
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

// scrapeTimeout bounds the reading of the index for one scrape.
const scrapeTimeout = 5 * time.Second

// Descriptions of the figures that Collect reads at each scrape.
var (
	depthDesc   = prometheus.NewDesc("leadmux_queue_depth", "Operations that wait for an attempt.", []string{"account"}, nil)
	ageDesc     = prometheus.NewDesc("leadmux_queue_oldest_age_seconds", "Age of the oldest operation that waits.", []string{"account"}, nil)
	breakerDesc = prometheus.NewDesc("leadmux_account_breaker_open", "1 while the account's breaker is open or half open.", []string{"account"}, nil)
	stoppedDesc = prometheus.NewDesc("leadmux_account_stopped", "1 while the account is stopped until it is tested.", []string{"account"}, nil)
)

// Describe implements prometheus.Collector.
func (d *Dispatcher) Describe(out chan<- *prometheus.Desc) {
	out <- depthDesc
	out <- ageDesc
	out <- breakerDesc
	out <- stoppedDesc
}

// Collect implements prometheus.Collector: the queues and lines as they are now.
func (d *Dispatcher) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	for _, account := range d.accounts.All() {
		health := account.Line.Health()
		open := health.GetBreaker() == leadmuxv1.BreakerState_BREAKER_STATE_OPEN || health.GetBreaker() == leadmuxv1.BreakerState_BREAKER_STATE_HALF_OPEN
		gauge := func(desc *prometheus.Desc, value float64) {
			out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, account.Name)
		}
		gauge(breakerDesc, number(open))
		gauge(stoppedDesc, number(health.GetStopped()))
		waiting, err := d.Queue(ctx, account)
		if err != nil {
			continue // the store's own health shows it
		}
		gauge(depthDesc, float64(waiting.Depth))
		age := 0.0
		if !waiting.Oldest.IsZero() {
			age = d.now().Sub(waiting.Oldest).Seconds()
		}
		gauge(ageDesc, age)
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

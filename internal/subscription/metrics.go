package subscription

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/outbound"
)

const label = "subscription"

// metrics are the figures of webhooks, by subscription.
type metrics struct {
	h          *Hooks
	attempts   *prometheus.CounterVec
	deliveries *prometheus.CounterVec
	pending    *prometheus.Desc
	oldest     *prometheus.Desc
}

func newMetrics(registry prometheus.Registerer, h *Hooks) *metrics {
	m := &metrics{
		h: h,
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "leadmux_webhooks_attempts_total", Help: "Attempts to deliver an event, by result: delivered or failed.",
		}, []string{label, "result"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "leadmux_webhooks_deliveries_total", Help: "Deliveries that were settled, by state: delivered, failed (given up) or skipped.",
		}, []string{label, "state"}),
		pending: prometheus.NewDesc("leadmux_webhooks_pending", "Deliveries in line, of ACTIVE subscriptions.", []string{label}, nil),
		oldest: prometheus.NewDesc("leadmux_webhooks_oldest_pending_seconds",
			"How long the oldest of them has been in line; 0 when none is.", []string{label}, nil),
	}
	registry.MustRegister(m.attempts, m.deliveries, m)
	return m
}

func (m *metrics) attempt(id string, outcome outbound.Outcome) {
	result := "failed"
	if outcome.Delivered() {
		result = "delivered"
	}
	m.attempts.WithLabelValues(id, result).Inc()
}

func (m *metrics) settled(id string, state leadmuxv1.WebhookDeliveryState) {
	name := strings.ToLower(strings.TrimPrefix(state.String(), "WEBHOOK_DELIVERY_STATE_"))
	m.deliveries.WithLabelValues(id, name).Inc()
}

// forget ends the figures of a subscription that was dropped.
func (m *metrics) forget(id string) {
	m.attempts.DeletePartialMatch(prometheus.Labels{label: id})
	m.deliveries.DeletePartialMatch(prometheus.Labels{label: id})
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.pending
	ch <- m.oldest
}

// Collect implements prometheus.Collector: it asks the index.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	m.h.mu.Lock()
	targets := slices.Collect(maps.Keys(m.h.endpoints))
	m.h.mu.Unlock()
	now := m.h.cfg.Now()
	err := m.h.cfg.Store.View(m.h.running, func(r idmap.Reader) error {
		for _, t := range targets {
			line, err := r.OutgoingLine(t.tenant, t.id)
			if err != nil {
				return err
			}
			age := 0.0
			if line.Pending > 0 {
				age = now.Sub(line.Oldest).Seconds()
			}
			ch <- prometheus.MustNewConstMetric(m.pending, prometheus.GaugeValue, float64(line.Pending), t.id)
			ch <- prometheus.MustNewConstMetric(m.oldest, prometheus.GaugeValue, age, t.id)
		}
		return nil
	})
	if err != nil && m.h.running.Err() == nil {
		ch <- prometheus.NewInvalidMetric(m.pending, err)
	}
}

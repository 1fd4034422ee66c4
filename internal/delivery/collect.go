package delivery

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// scrapeTimeout bounds the reading of the index for one scrape.
const scrapeTimeout = 5 * time.Second

// Descriptions of the figures that Collect reads at each scrape.
var (
	depthDesc = prometheus.NewDesc("leadmux_queue_depth", "Operations that wait for an attempt.",
		[]string{"account", "priority"}, nil)
	ageDesc = prometheus.NewDesc("leadmux_queue_oldest_age_seconds", "Age of the oldest operation that waits.",
		[]string{"account", "priority"}, nil)
	breakerDesc = prometheus.NewDesc("leadmux_account_breaker_open", "1 while the account's breaker is open or half open.", []string{"account"}, nil)
	doubtDesc   = prometheus.NewDesc("leadmux_operations_in_doubt",
		"Operations that may have reached the vendor and wait for a person to look.", []string{"account"}, nil)
	orphanDesc = prometheus.NewDesc("leadmux_account_unconfigured_operations",
		"Operations that wait or are in doubt at an account that is no longer configured.", []string{"account"}, nil)
	stoppedDesc = prometheus.NewDesc("leadmux_account_stopped", "1 while the account is stopped until it is tested.", []string{"account"}, nil)
)

// Describe implements prometheus.Collector.
func (d *Dispatcher) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{depthDesc, ageDesc, breakerDesc, stoppedDesc, doubtDesc, orphanDesc} {
		out <- desc
	}
}

// Collect implements prometheus.Collector: the queues and lines as they are now.
func (d *Dispatcher) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	for _, account := range d.accounts.All() {
		gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, append([]string{account.Name}, labels...)...)
		}
		line := account.Line.Health()
		open := line.GetBreaker() == leadmuxv1.BreakerState_BREAKER_STATE_OPEN || line.GetBreaker() == leadmuxv1.BreakerState_BREAKER_STATE_HALF_OPEN
		gauge(breakerDesc, number(open))
		gauge(stoppedDesc, number(line.GetStopped()))
		health, err := d.Health(ctx, account)
		if err != nil {
			continue // the store's own health shows it
		}
		gauge(doubtDesc, float64(health.GetInDoubt()))
		for _, part := range perPriority(health) {
			name := priorityLabel(part.GetPriority())
			gauge(depthDesc, float64(part.GetQueued()), name)
			age := 0.0
			if oldest := part.GetOldestQueuedTime(); oldest != nil {
				age = d.now().Sub(oldest.AsTime()).Seconds()
			}
			gauge(ageDesc, age, name)
		}
	}
	d.collectOrphans(ctx, out)
}

// collectOrphans tells of accounts that are no longer configured: nothing else would ever look at their operations.
func (d *Dispatcher) collectOrphans(ctx context.Context, out chan<- prometheus.Metric) {
	orphans, err := d.orphans(ctx)
	if err != nil {
		return
	}
	for _, orphan := range orphans {
		out <- prometheus.MustNewConstMetric(doubtDesc, prometheus.GaugeValue, float64(orphan.InDoubt), orphan.Account)
		out <- prometheus.MustNewConstMetric(orphanDesc, prometheus.GaugeValue, float64(orphan.Queued+orphan.InDoubt), orphan.Account)
	}
}

// perPriority is what waits at every priority, those of which none waits among them: a figure that vanishes cannot be watched.
func perPriority(health *leadmuxv1.AccountHealth) []*leadmuxv1.QueuedOperations {
	var parts []*leadmuxv1.QueuedOperations
	for _, priority := range idmap.Priorities() {
		part := &leadmuxv1.QueuedOperations{Priority: priority}
		for _, waiting := range health.GetQueues() {
			if waiting.GetPriority() == priority {
				part = waiting
			}
		}
		parts = append(parts, part)
	}
	return parts
}

// priorityLabel is a priority as it stands in metric labels.
func priorityLabel(p leadmuxv1.Priority) string {
	return strings.ToLower(strings.TrimPrefix(p.String(), "PRIORITY_"))
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

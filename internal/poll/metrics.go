package poll

import "github.com/prometheus/client_golang/prometheus"

var lagDesc = prometheus.NewDesc("leadmux_poll_lag_seconds",
	"Time since an account was last read whole; what happened there since is not known here.", []string{"account"}, nil)

// Describe implements prometheus.Collector.
func (p *Poller) Describe(out chan<- *prometheus.Desc) { out <- lagDesc }

// Collect implements prometheus.Collector. An account that was never read lags since the start.
func (p *Poller) Collect(out chan<- prometheus.Metric) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for account, last := range p.feeds {
		if last.IsZero() {
			last = p.begun
		}
		out <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, p.cfg.Now().Sub(last).Seconds(), account)
	}
}

package delivery_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
)

func TestMetricsShowQueuesAndLines(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, fails(adapters.KindOnHold))
		r := newRig(t, at("east", newVendor(keyed, took)), at("south", newVendor(keyed, fails(adapters.KindIntakeClosed))), at("west", v))
		r.create(somebody())
		synctest.Wait()
		pass(30 * time.Second)
		r.create(somebody())
		pass(60 * time.Second)
		figures(t, r, `
# HELP leadmux_account_breaker_open 1 while the account's breaker is open or half open.
# TYPE leadmux_account_breaker_open gauge
leadmux_account_breaker_open{account="east"} 0
leadmux_account_breaker_open{account="south"} 0
leadmux_account_breaker_open{account="west"} 0
# HELP leadmux_account_stopped 1 while the account is stopped until it is tested.
# TYPE leadmux_account_stopped gauge
leadmux_account_stopped{account="east"} 0
leadmux_account_stopped{account="south"} 0
leadmux_account_stopped{account="west"} 1
# HELP leadmux_operations_in_doubt Operations that may have reached the vendor and wait for a person to look.
# TYPE leadmux_operations_in_doubt gauge
leadmux_operations_in_doubt{account="east"} 0
leadmux_operations_in_doubt{account="south"} 0
leadmux_operations_in_doubt{account="west"} 0
# HELP leadmux_queue_depth Operations that wait for an attempt.
# TYPE leadmux_queue_depth gauge
leadmux_queue_depth{account="east",priority="bulk"} 0
leadmux_queue_depth{account="east",priority="interactive"} 0
leadmux_queue_depth{account="east",priority="opt_out"} 0
leadmux_queue_depth{account="south",priority="bulk"} 0
leadmux_queue_depth{account="south",priority="interactive"} 2
leadmux_queue_depth{account="south",priority="opt_out"} 0
leadmux_queue_depth{account="west",priority="bulk"} 0
leadmux_queue_depth{account="west",priority="interactive"} 2
leadmux_queue_depth{account="west",priority="opt_out"} 0
# HELP leadmux_queue_oldest_age_seconds Age of the oldest operation that waits.
# TYPE leadmux_queue_oldest_age_seconds gauge
leadmux_queue_oldest_age_seconds{account="east",priority="bulk"} 0
leadmux_queue_oldest_age_seconds{account="east",priority="interactive"} 0
leadmux_queue_oldest_age_seconds{account="east",priority="opt_out"} 0
leadmux_queue_oldest_age_seconds{account="south",priority="bulk"} 0
leadmux_queue_oldest_age_seconds{account="south",priority="interactive"} 90
leadmux_queue_oldest_age_seconds{account="south",priority="opt_out"} 0
leadmux_queue_oldest_age_seconds{account="west",priority="bulk"} 0
leadmux_queue_oldest_age_seconds{account="west",priority="interactive"} 90
leadmux_queue_oldest_age_seconds{account="west",priority="opt_out"} 0
`)
		health, err := r.d.Health(t.Context(), r.accounts[2])
		if err != nil || health.GetQueued() != 2 || len(health.GetQueues()) != 1 || health.GetQueues()[0].GetQueued() != 2 {
			t.Errorf("the account is %v, %v", health, err)
		}
		v.answer = took
		r.resume()
		synctest.Wait()
		if health, err := r.d.Health(t.Context(), r.accounts[2]); err != nil || health.GetQueued() != 0 || health.GetOldestQueuedTime() != nil || health.GetStopTime() != nil {
			t.Errorf("the account is %v, %v", health, err)
		}
	})
}

func figures(t *testing.T, r *rig, want string, names ...string) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(r.d)
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

func TestMetricsLeaveOutAQueueThatCannotBeRead(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, took)))
		synctest.Wait()
		r.store.set(func(w *watched) { w.failViews = 1 })
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(r.d)
		got, err := testutil.GatherAndCount(registry)
		if err != nil || got != 2 {
			t.Errorf("%d figures, %v", got, err)
		}
	})
}

func TestMetricsCountRequests(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	m := delivery.NewMetrics(registry)
	m.Attempt("verse", "west", "CreateLead", "ok", 201, 300*time.Millisecond)
	m.Attempt("verse", "west", "CreateLead", "ok", 201, 300*time.Millisecond)
	m.Attempt("verse", "west", "CreateLead", "timeout", 0, 30*time.Second)
	const want = `
# HELP leadmux_vendor_attempts_total Requests sent to vendors, by result: ok, or the kind of failure. status is 0 when no answer came.
# TYPE leadmux_vendor_attempts_total counter
leadmux_vendor_attempts_total{account="west",operation="CreateLead",result="ok",status="201",vendor="verse"} 2
leadmux_vendor_attempts_total{account="west",operation="CreateLead",result="timeout",status="0",vendor="verse"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "leadmux_vendor_attempts_total"); err != nil {
		t.Error(err)
	}
	if got, err := testutil.GatherAndCount(registry, "leadmux_vendor_attempt_duration_seconds"); err != nil || got != 1 {
		t.Errorf("%d histograms, %v", got, err)
	}
}

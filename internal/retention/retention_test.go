package retention_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/retention"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/typeid"
)

const (
	tenant = "acme"
	keep   = 90 * 24 * time.Hour

	subscription = "sub_1"
)

// rig is a sweeper over a real index, with a clock of its own.
type rig struct {
	*retention.Sweeper
	t        *testing.T
	store    *boltmap.Store
	dir      string
	now      time.Time
	lead     string
	registry *prometheus.Registry
	log      bytes.Buffer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	secret, err := seal.NewSecret(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: t.TempDir(), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), lead: typeid.New(typeid.Lead), registry: prometheus.NewRegistry()}
	if r.store, err = boltmap.Open(boltmap.Config{Dir: r.dir, Secret: secret}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.store.Close(); err != nil {
			t.Error(err)
		}
	})
	r.Sweeper = retention.New(retention.Config{
		Store: r.store, Logger: slog.New(slog.NewTextHandler(&r.log, nil)), Registry: r.registry, Events: keep, Raw: keep / 3, Now: func() time.Time { return r.now },
	})
	r.update(func(tx idmap.Tx) error {
		return errors.Join(tx.PutLead(tenant, &leadmuxv1.Lead{LeadId: r.lead}),
			tx.PutSubscription(tenant, idmap.Subscription{Public: &leadmuxv1.Subscription{SubscriptionId: subscription}}),
			tx.PutProgress(tenant, subscription, idmap.Progress{Place: fmt.Sprintf("%016x", 0)}))
	})
	return r
}

func (r *rig) update(fn func(tx idmap.Tx) error) {
	r.t.Helper()
	if err := r.store.Update(context.Background(), fn); err != nil {
		r.t.Fatal(err)
	}
}

// churn does the work of a while: so many changes of the lead, each with an event, an operation that is done, a request key, and a delivery.
func (r *rig) churn(n int) {
	r.t.Helper()
	r.update(func(tx idmap.Tx) error {
		for i := range n {
			op := &leadmuxv1.Operation{
				OperationId: typeid.New(typeid.Operation), LeadId: r.lead, Account: "west", Method: "UpdateLead",
				State: leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED, CreateTime: timestamppb.New(r.now), UpdateTime: timestamppb.New(r.now),
			}
			event := &leadmuxv1.Event{EventId: typeid.New(typeid.Event), Type: "lead.updated", LeadId: r.lead, ReceiveTime: timestamppb.New(r.now)}
			claim := idmap.Request{Fingerprint: make([]byte, 32), LeadID: r.lead, ExpireTime: r.now.Add(keep / 3)}
			raw := idmap.Delivery{EventID: event.GetEventId(), Account: "west", ReceiveTime: r.now, Raw: make([]byte, 500)}
			out := &leadmuxv1.WebhookDelivery{
				DeliveryId: typeid.New(typeid.Delivery), SubscriptionId: subscription, EventId: event.GetEventId(), CreateTime: timestamppb.New(r.now),
				State: leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_DELIVERED,
			}
			err := errors.Join(tx.PutOutgoing(tenant, out), tx.PutDelivery(tenant, r.lead, raw), tx.PutOperation(tenant, op), tx.AppendEvent(tenant, event),
				tx.PutRequest(tenant, "UpdateLead", fmt.Sprintf("%d-%d", r.now.Unix(), i), claim, r.now))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *rig) sweep() {
	r.t.Helper()
	if err := r.Sweep(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) report() idmap.Report {
	r.t.Helper()
	report, err := r.store.Verify(context.Background())
	if err != nil || len(report.Problems) > 0 {
		r.t.Fatalf("%v %v", report.Problems, err)
	}
	return report
}

func TestWhatIsOldGoes(t *testing.T) {
	r := newRig(t)
	r.churn(500)
	r.now = r.now.Add(keep / 2)
	r.churn(10) // each request key that comes takes four along that have expired
	r.sweep()
	if got := r.report(); got.Events != 510 || got.Operations != 510 || got.Requests != 10 || got.Outgoing != 510 {
		t.Errorf("half way: %+v", got)
	}
	r.now = r.now.Add(keep/2 + time.Second)
	r.sweep()
	if got := r.report(); got.Events != 10 || got.Operations != 10 || got.Requests != 0 || got.Leads != 1 || got.Outgoing != 10 {
		t.Errorf("at the end: %+v", got)
	}
	err := testutil.GatherAndCompare(r.registry, strings.NewReader(fmt.Sprintf(`
# HELP leadmux_retention_last_sweep_timestamp_seconds When the last complete sweep ended, as Unix time; 0 before the first.
# TYPE leadmux_retention_last_sweep_timestamp_seconds gauge
leadmux_retention_last_sweep_timestamp_seconds %d
# HELP leadmux_retention_removed_total Records removed because they were kept long enough, by what they are.
# TYPE leadmux_retention_removed_total counter
leadmux_retention_removed_total{what="deliveries"} 510
leadmux_retention_removed_total{what="events"} 500
leadmux_retention_removed_total{what="operations"} 500
leadmux_retention_removed_total{what="request_ids"} 470
leadmux_retention_removed_total{what="webhook_deliveries"} 500
`, r.now.Unix())))
	if err != nil {
		t.Error(err)
	}
}

// TestTheFileStopsGrowing works on for years, with as much in each month: once what is old goes as fast as new comes, the file is
// as large as it gets.
func TestTheFileStopsGrowing(t *testing.T) {
	r := newRig(t)
	var sizes []int64
	for range 24 {
		r.churn(400)
		r.now = r.now.Add(keep / 3)
		r.sweep()
		info, err := os.Stat(filepath.Join(r.dir, boltmap.IndexFile))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	if settled, last := sizes[8], sizes[len(sizes)-1]; last > settled {
		t.Errorf("the file grew from %d to %d bytes: %v", settled, last, sizes)
	}
	if got := r.report(); got.Events > 4*400 || got.Operations > 4*400 {
		t.Errorf("%+v", got)
	}
}

// TestASweepGivesWay lets writers come in between: none waits for a whole sweep.
func TestASweepGivesWay(t *testing.T) {
	r := newRig(t)
	r.churn(3000)
	r.now = r.now.Add(2 * keep)
	done := make(chan error, 1)
	go func() { done <- r.Sweep(context.Background()) }()
	between := 0
	for running := true; running; {
		r.update(func(tx idmap.Tx) error { return tx.PutLead(tenant, &leadmuxv1.Lead{LeadId: r.lead}) })
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			running = false
		default:
			between++
		}
	}
	if between < 10 {
		t.Errorf("only %d changes came through during the sweep", between)
	}
}

// TestRunSweepsAgain lets it run for a day of virtual time.
func TestRunSweepsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{}
		s := retention.New(retention.Config{Store: store, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Events: keep})
		ctx, stop := context.WithTimeout(t.Context(), 24*time.Hour)
		defer stop()
		s.Run(ctx)
		if store.views < 16 || store.views > 48 {
			t.Errorf("%d sweeps in a day", store.views)
		}
	})
}

// counting is a store that cannot be read.
type counting struct {
	idmap.Store
	views int
}

func (c *counting) View(context.Context, func(idmap.Reader) error) error {
	c.views++
	return errors.New("cannot be read")
}

package e2e_test

import (
	"flag"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

// rateFor is how long TestP8 measures; `make rate` asks for two minutes.
var rateFor = flag.Duration("rate.for", 20*time.Second, "how long TestP8 measures the rate at UJET")

// restartEvery is how many requests TestP8 lets pass between two kills of the service.
const restartEvery = 9

// TestP8UJETSeesOneRequestASecondOverRestarts keeps UJET busy with a batch and with single leads between, and kills the service
// again and again, right after a request: by the vendor's clock no two requests come within a second, few seconds go by without
// one, and each lead is there once. It runs beside no other test, so that what is measured is the service.
func TestP8UJETSeesOneRequestASecondOverRestarts(t *testing.T) {
	env := suite.Start(t, harness.Options{UJETPerSecond: 1})
	vendor := env.Vendors.Get(harness.UJET)
	client := env.Server.Client(harness.GRPC)
	n := int(rateFor.Seconds()) // more than can be sent within the time
	give := func(i int) *leadmuxv1.CreateLeadRequest {
		return &leadmuxv1.CreateLeadRequest{Accounts: []string{harness.UJET}, Lead: harness.Person(i), Wait: harness.Wait(0)}
	}
	batch := &leadmuxv1.BatchCreateLeadsRequest{Wait: harness.Wait(0)}
	for i := range n {
		batch.Requests = append(batch.Requests, give(i))
	}
	client.Must(t, "LeadService.BatchCreateLeads", batch, new(leadmuxv1.BatchCreateLeadsResponse))
	sent := int(0.9*rateFor.Seconds()) + 1
	for arrivals := 1; arrivals < sent; arrivals++ {
		harness.Eventually(t, 10*time.Second, "UJET is asked again", func() (int, bool) {
			got := len(vendor.Requests(t))
			return got, got >= arrivals
		})
		switch arrivals % restartEvery {
		case restartEvery - 1:
			env.Server.Restart(t) // kill -9
			client = env.Server.Client(harness.REST)
		case restartEvery / 2:
			client.Create(t, give(n+arrivals)) // in front of the batch
		}
	}
	requests := harness.Eventually(t, 10*time.Second, "UJET is asked once more", func() ([]time.Time, bool) {
		var at []time.Time
		for _, r := range vendor.Requests(t) {
			at = append(at, r.Time)
		}
		return at, len(at) >= sent
	})

	gap, err := ujet.SmallestGap(vendor.Requests(t))
	if err != nil || gap < time.Second {
		t.Errorf("two requests came within %s: %v", gap, err)
	}
	took := requests[sent-1].Sub(requests[0])
	if rate := float64(sent-1) / took.Seconds(); rate < 0.9 {
		t.Errorf("%d requests in %s are %.2f a second", sent, took, rate)
	}
	t.Logf("%d requests in %s with %d restarts, at least %s apart", sent, took, sent/restartEvery, gap)
	for _, lead := range client.List(t) {
		if e := harness.At(lead, harness.UJET); e.GetState() == leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE {
			atVendorOnce(t, vendor, lead)
		}
	}
}

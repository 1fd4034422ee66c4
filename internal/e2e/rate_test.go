package e2e_test

import (
	"sync"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

// TestP8UJETSeesOneRequestASecond gives UJET five leads at once, kills the service right after a request and gives it one more: by the vendor's
// clock no two requests come within a second. It runs beside no other test, so that what is measured is the service.
func TestP8UJETSeesOneRequestASecond(t *testing.T) {
	env := suite.Start(t, harness.Options{UJETPerSecond: 1})
	vendor := env.Vendors.Get(harness.UJET)
	client := env.Server.Client(harness.GRPC)
	var calls sync.WaitGroup
	for i := range 5 {
		calls.Go(func() {
			client.Create(t, &leadmuxv1.CreateLeadRequest{Accounts: []string{harness.UJET}, Lead: harness.Person(i), Wait: harness.Wait(0)})
		})
	}
	calls.Wait()
	arrived := func(n int) {
		t.Helper()
		harness.Eventually(t, 10*time.Second, "UJET is asked again", func() (int, bool) {
			got := len(vendor.Requests(t))
			return got, got >= n
		})
	}
	arrived(5)
	env.Server.Restart(t)
	client = env.Server.Client(harness.REST)
	last := client.Create(t, &leadmuxv1.CreateLeadRequest{Accounts: []string{harness.UJET}, Lead: harness.Person(5), Wait: harness.Wait(0)})
	client.Reaches(t, last.GetLeadId(), "ujet=ACTIVE", settled)

	requests := vendor.Requests(t)
	gap, err := ujet.SmallestGap(requests)
	if err != nil || gap < time.Second {
		t.Errorf("two requests came within %s: %v", gap, err)
	}
	for _, r := range requests {
		if r.Status != 200 && r.Status != 0 {
			t.Errorf("request %d was answered %d", r.Seq, r.Status)
		}
	}
	for _, lead := range client.List(t) {
		client.Reaches(t, lead.GetLeadId(), "ujet=ACTIVE", settled)
		atVendorOnce(t, vendor, lead)
	}
}

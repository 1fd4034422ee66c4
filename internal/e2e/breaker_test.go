package e2e_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// TestBreaker lets a vendor fail until its account's breaker opens: then nothing is sent to it, leads wait, the other vendors
// are not disturbed, and a good TestAccount lets everything out at once.
func TestBreaker(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{RetryMin: 10 * time.Millisecond, RetryMax: 30 * time.Millisecond})
	vendor, client := env.Vendors.Get(harness.Verse), env.Server.Client(harness.GRPC)
	vendor.Plan(t, kit.Fault{Status: 503, Count: -1})
	first := client.Create(t, createPerson(0))
	health := func() *leadmuxv1.AccountHealth {
		out := &leadmuxv1.GetAccountResponse{}
		client.Must(t, "AccountService.GetAccount", &leadmuxv1.GetAccountRequest{Account: harness.Verse}, out)
		return out.GetAccount().GetHealth()
	}
	harness.Eventually(t, settled, "the breaker opens", func() (string, bool) {
		now := health()
		return now.String(), now.GetBreaker() == leadmuxv1.BreakerState_BREAKER_STATE_OPEN
	})
	metrics, err := env.Server.HTTPDo(context.Background(), http.MethodGet, "http://"+env.Server.Admin+"/metrics", nil, "")
	if err != nil || !bytes.Contains(metrics.Body, []byte(`leadmux_account_breaker_open{account="verse"} 1`)) {
		t.Errorf("the metrics do not show the open breaker: %v", err)
	}

	asked := len(vendor.Requests(t))
	second := client.Create(t, createPerson(1))
	if e := harness.At(second, harness.Verse); e.GetState() != leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUEUED {
		t.Errorf("behind the breaker a new lead is %s", harness.States(second))
	}
	if now := health(); now.GetQueued() != 2 || len(vendor.Requests(t)) != asked {
		t.Errorf("%d wait, and %d requests went to a vendor behind an open breaker", now.GetQueued(), len(vendor.Requests(t))-asked)
	}

	vendor.Clear()
	if tested := client.Test(t, harness.Verse); !tested.GetOk() || tested.GetAccount().GetHealth().GetBreaker() != leadmuxv1.BreakerState_BREAKER_STATE_CLOSED {
		t.Errorf("the test of the account says %v", tested)
	}
	for _, lead := range []*leadmuxv1.Lead{first, second} {
		atVendorOnce(t, vendor, client.Reaches(t, lead.GetLeadId(), harness.AllActive, settled))
	}
	env.Server.Terminate(t)
	for _, line := range []string{"the vendor fails: nothing is sent", "the vendor answers again"} {
		if n := strings.Count(env.Server.Output(), line); n != 1 {
			t.Errorf("the log says %d times: %s", n, line)
		}
	}
}

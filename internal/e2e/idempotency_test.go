package e2e_test

import (
	"sync"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// TestP4SameKeyAtOnce sends one request a hundred times at once over both transports, and again after a restart: one lead here,
// one at every vendor, which is asked once.
func TestP4SameKeyAtOnce(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	request := &leadmuxv1.CreateLeadRequest{Lead: harness.Person(0), RequestId: "at-once"}
	id := oneLead(t, env, request)
	client := env.Server.Client(harness.GRPC)
	lead := client.Reaches(t, id, harness.AllActive, settled)

	env.Server.Restart(t)
	if again := oneLead(t, env, request); again != id {
		t.Errorf("after the restart the lead is %s, not %s", again, id)
	}
	if all := env.Server.Client(harness.REST).List(t); len(all) != 1 {
		t.Errorf("%d leads here", len(all))
	}
	for _, vendor := range allFour {
		v := env.Vendors.Get(vendor)
		atVendorOnce(t, v, lead)
		if asked := v.Asked(t, lead.GetEmail()); asked != 1 {
			t.Errorf("%s was asked %d times", vendor, asked)
		}
	}
	for _, via := range harness.Vias() {
		answer := env.Server.Client(via).Try(t, "LeadService.CreateLead", &leadmuxv1.CreateLeadRequest{Lead: harness.Person(1), RequestId: "at-once"})
		if answer.Reason() != "REQUEST_ID_REUSED" {
			t.Errorf("another request with the same key over %s: %s", via, answer.Body)
		}
	}
}

// oneLead sends the request a hundred times at once and returns the one ID of all answers.
func oneLead(t *testing.T, env *harness.Env, request *leadmuxv1.CreateLeadRequest) string {
	t.Helper()
	const at = 100
	ids := make(chan string, at)
	var calls sync.WaitGroup
	for i := range at {
		client := env.Server.Client(harness.Vias()[i%2])
		calls.Go(func() { ids <- client.Create(t, request).GetLeadId() })
	}
	calls.Wait()
	close(ids)
	seen := map[string]int{}
	var last string
	for id := range ids {
		seen[id]++
		last = id
	}
	if len(seen) != 1 {
		t.Errorf("the answers name %d leads: %v", len(seen), seen)
	}
	return last
}

// TestSamePersonAtOnce sends a hundred requests for one person, each with a key of its own: one is accepted, all others are
// told which lead has the person.
func TestSamePersonAtOnce(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	const at = 100
	type result struct{ reason, named string }
	results := make(chan result, at)
	var calls sync.WaitGroup
	for i := range at {
		client := env.Server.Client(harness.Vias()[i%2])
		calls.Go(func() {
			answer := client.Try(t, "LeadService.CreateLead", &leadmuxv1.CreateLeadRequest{
				Lead: &leadmuxv1.Lead{Email: "one@example.com", FirstName: "One"}, Wait: harness.Wait(0),
			})
			r := result{reason: answer.Reason()}
			for _, d := range answer.Refusal().Details {
				if d.Reason != "" {
					r.named = d.Metadata["lead_id"]
				}
			}
			results <- r
		})
	}
	calls.Wait()
	close(results)
	accepted := 0
	named := map[string]bool{}
	for r := range results {
		switch r.reason {
		case "":
			accepted++
		case "LEAD_EXISTS":
			named[r.named] = true
		default:
			t.Errorf("refused with %s", r.reason)
		}
	}
	leads := env.Server.Client(harness.GRPC).List(t)
	if accepted != 1 || len(leads) != 1 || len(named) != 1 || !named[leads[0].GetLeadId()] {
		t.Errorf("%d accepted, %d leads here, refusals name %v", accepted, len(leads), named)
	}
}

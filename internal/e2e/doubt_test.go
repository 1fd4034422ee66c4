package e2e_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// TestGivingUp lets vendors fail for longer than the delivery tries: what cannot have arrived is rejected, what may have stays
// visibly in doubt.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{
		RetryMin: 400 * time.Millisecond, RetryMax: 400 * time.Millisecond, GiveUpAfter: 700 * time.Millisecond, // fewer failures than open the breaker
	})
	env.Vendors.Get(harness.Verse).Down()
	env.Vendors.Get(harness.UJET).Plan(t, kit.Fault{Status: 429, Count: -1})
	env.Vendors.Get(harness.Conversica).Plan(t, kit.Fault{Drop: true, After: true, Count: -1})
	client := env.Server.Client(harness.REST)
	lead := client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(0), Wait: harness.Wait(0)})
	lead = client.Reaches(t, lead.GetLeadId(),
		"conversica=IN_DOUBT VENDOR_UNAVAILABLE, convertalk=ACTIVE, ujet=REJECTED GAVE_UP, verse=REJECTED GAVE_UP", settled)
	if retry := harness.At(lead, harness.Verse).GetError().GetRetryTime(); retry != nil {
		t.Errorf("what was given up has a next attempt at %s", retry.AsTime())
	}
}

// TestRefusalAfterUnknownOutcome lets vendors take a lead without an answer and then refuse it: only a refusal of values, which
// would have met the first attempt as well, is believed.
func TestRefusalAfterUnknownOutcome(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	for vendor, status := range map[string]int{harness.Verse: 401, harness.UJET: 404, harness.Conversica: 401, harness.Convertalk: 400} {
		env.Vendors.Get(vendor).Plan(t, kit.Fault{Drop: true, After: true}, kit.Fault{Status: status, Body: `{"message":"no"}`, Count: -1})
	}
	client := env.Server.Client(harness.GRPC)
	lead := client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(0), Wait: harness.Wait(0)})
	client.Reaches(t, lead.GetLeadId(), "conversica=IN_DOUBT VENDOR_CREDENTIALS_REFUSED, convertalk=REJECTED VENDOR_REFUSED, "+
		"ujet=IN_DOUBT VENDOR_ROUTE_UNKNOWN, verse=IN_DOUBT VENDOR_CREDENTIALS_REFUSED", settled)
}

// TestWrongCredentials starts the service with a wrong secret for every vendor: each is asked once, and no lead is lost to the
// others' account. With the right secrets all goes on.
func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	env := suite.Prepare(t, harness.Options{})
	env.BreakCredentials(t)
	env.Server.Start(t)
	client := env.Server.Client(harness.GRPC)
	const refused = "REJECTED VENDOR_CREDENTIALS_REFUSED"
	first := client.Create(t, createPerson(0))
	client.Reaches(t, first.GetLeadId(), "conversica="+refused+", convertalk="+refused+", ujet="+refused+", verse="+refused, settled)
	second := client.Create(t, createPerson(1))
	const waiting = "QUEUED ACCOUNT_STOPPED"
	client.Reaches(t, second.GetLeadId(), "conversica="+waiting+", convertalk="+waiting+", ujet="+waiting+", verse="+waiting, settled)
	for _, vendor := range allFour {
		if asked := len(env.Vendors.Get(vendor).Requests(t)); asked != 1 {
			t.Errorf("%s was asked %d times with a wrong secret", vendor, asked)
		}
	}

	env.Server.Kill9(t)
	env.FixCredentials(t)
	env.Server.Start(t)
	client = env.Server.Client(harness.REST)
	for _, vendor := range allFour { // the stop outlasts the restart: nobody but a person knows that the secret is right now
		if answer := client.Try(t, "AccountService.TestAccount", &leadmuxv1.TestAccountRequest{Account: vendor}); answer.Code != codes.OK {
			t.Errorf("TestAccount of %s: %s", vendor, answer.Body)
		}
	}
	for _, vendor := range allFour {
		atVendorOnce(t, env.Vendors.Get(vendor), client.Reaches(t, second.GetLeadId(), harness.AllActive, settled))
	}
}

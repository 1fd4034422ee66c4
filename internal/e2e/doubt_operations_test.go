package e2e_test

import (
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// TestOperationsGivenUp lets vendors fail at the end of a conversation for longer than the delivery tries. The conversation goes on
// here, with the reason; the same call can be made again once the vendor is well.
func TestOperationsGivenUp(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{
		RetryMin: 400 * time.Millisecond, RetryMax: 400 * time.Millisecond, GiveUpAfter: 700 * time.Millisecond,
	})
	client := env.Server.Client(harness.REST)
	lead := client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(0), VendorOptions: atOne(harness.UJET, 0).GetVendorOptions()})
	env.Vendors.Get(harness.Verse).Down()
	env.Vendors.Get(harness.UJET).Plan(t, kit.Fault{Status: 429, Count: -1})
	env.Vendors.Get(harness.Conversica).Plan(t, kit.Fault{Drop: true, After: true, Count: -1}) // it may have been done
	end := &leadmuxv1.EndConversationRequest{LeadId: lead.GetLeadId(), Wait: harness.Wait(0)}
	client.Change(t, "LeadService.EndConversation", end)
	lead = harness.Eventually(t, settled, "every end is over", func() (*leadmuxv1.Lead, bool) {
		now := client.Get(t, lead.GetLeadId())
		e := harness.At(now, harness.Conversica)
		return now, harness.States(now) == "conversica=ACTIVE VENDOR_UNAVAILABLE, convertalk=QUALIFIED, ujet=ACTIVE GAVE_UP, verse=ACTIVE GAVE_UP" &&
			e.GetError().GetRetryTime() == nil
	})
	for _, e := range lead.GetEngagements() {
		if retry := e.GetError().GetRetryTime(); retry != nil || (e.GetOutcome() != nil) != (e.GetAccount() == harness.Convertalk) {
			t.Errorf("what was given up is %v", e)
		}
	}

	env.Vendors.Get(harness.Verse).Up(t)
	env.Vendors.Get(harness.UJET).Clear()
	env.Vendors.Get(harness.Conversica).Clear()
	client.Change(t, "LeadService.EndConversation", end)
	lead = client.Reaches(t, lead.GetLeadId(), "conversica=QUALIFIED, convertalk=QUALIFIED, ujet=QUALIFIED, verse=QUALIFIED", settled)
	for _, vendor := range allFour {
		if untold := notTold(t, env.Vendors.Get(vendor), endConversation, lead); untold != "" {
			t.Error(untold)
		}
	}
}

// TestRefusalAfterUnknownEnd lets vendors end a conversation without an answer and then refuse the account: the refusal tells
// nothing of the first attempt, so the conversation is not taken for ended, and not for refused either. Asked again, it is ended.
func TestRefusalAfterUnknownEnd(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	client := env.Server.Client(harness.GRPC)
	lead := client.Create(t, createPerson(0))
	accounts := []string{harness.Conversica, harness.Convertalk, harness.Verse}
	for _, vendor := range accounts {
		env.Vendors.Get(vendor).Plan(t, kit.Fault{Drop: true, After: true}, kit.Fault{Status: 401, Body: `{"message":"no"}`, Count: -1})
	}
	end := &leadmuxv1.EndConversationRequest{LeadId: lead.GetLeadId(), Accounts: accounts, Wait: harness.Wait(0)}
	client.Change(t, "LeadService.EndConversation", end)
	const refused = "ACTIVE VENDOR_CREDENTIALS_REFUSED"
	client.Reaches(t, lead.GetLeadId(), "conversica="+refused+", convertalk="+refused+", ujet=ACTIVE, verse="+refused, settled)
	for _, vendor := range accounts {
		env.Vendors.Get(vendor).Clear()
		if tested := client.Test(t, vendor); !tested.GetOk() {
			t.Fatalf("the test of the account says %v", tested)
		}
	}
	client.Change(t, "LeadService.EndConversation", end)
	client.Reaches(t, lead.GetLeadId(), "conversica=QUALIFIED, convertalk=QUALIFIED, ujet=ACTIVE, verse=QUALIFIED", settled)
}

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// answersLate is how long vendors hold their answers back here, while further calls are made.
const answersLate = 900

// allAnswerLate holds back the next answer of every vendor; the vendor has done it by then.
func allAnswerLate(t *testing.T, env *harness.Env) {
	t.Helper()
	for _, vendor := range allFour {
		env.Vendors.Get(vendor).Plan(t, kit.Fault{AnswerDelayMS: answersLate})
	}
}

// about are the requests at a vendor that name the lead, in the order they arrived.
func about(t *testing.T, v *harness.Vendor, lead *leadmuxv1.Lead) []kit.Request {
	t.Helper()
	return slices.DeleteFunc(v.Requests(t), func(r kit.Request) bool { return !mentions(r.Body, lead) })
}

func overBoth(t *testing.T, run func(t *testing.T, env *harness.Env, via harness.Via)) {
	t.Helper()
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			run(t, suite.Start(t, harness.Options{}), via)
		})
	}
}

// TestUpdateDuringAnAttempt changes a lead twice while every vendor is still being given it: one update follows at each, with
// both changes.
func TestUpdateDuringAnAttempt(t *testing.T) {
	overBoth(t, func(t *testing.T, env *harness.Env, via harness.Via) {
		client := env.Server.Client(via)
		allAnswerLate(t, env)
		lead := client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(0), Wait: harness.Wait(0)})
		for _, change := range []*leadmuxv1.Lead{{FirstName: newName}, {LastName: "King"}} {
			change.LeadId = lead.GetLeadId()
			changed := client.Change(t, "LeadService.UpdateLead", &leadmuxv1.UpdateLeadRequest{Lead: change, Wait: harness.Wait(0)})
			if states := harness.States(changed); strings.Contains(states, "ACTIVE") {
				t.Fatalf("the attempts were over too soon: %s", states)
			}
		}
		lead = client.Reaches(t, lead.GetLeadId(), harness.AllActive, settled)
		for _, vendor := range notVerse {
			v := env.Vendors.Get(vendor)
			harness.Eventually(t, settled, vendor+" has both changes", func() (string, bool) {
				name := v.Records(t, lead.GetEmail())[0].Name
				return name, name == newName+" King" && len(about(t, v, lead)) > 1
			})
			if made := about(t, v, lead); len(made) != 2 {
				t.Errorf("%s was sent %v", vendor, asRoutes(made))
			}
			atVendorOnce(t, v, lead)
		}
		if !warned(harness.At(lead, harness.Verse), "UPDATE_NOT_SENT") {
			t.Errorf("nothing says that Verse was not told: %v", harness.At(lead, harness.Verse).GetWarnings())
		}
		if now := client.Get(t, lead.GetLeadId()); now.GetFirstName() != newName || now.GetLastName() != "King" {
			t.Errorf("the lead is %s %s here", now.GetFirstName(), now.GetLastName())
		}
	})
}

// TestEndDuringUpdate ends the conversations while every vendor is still being told of a change: the end comes after it. What is
// asked for behind the end finds nothing to work on.
func TestEndDuringUpdate(t *testing.T) {
	overBoth(t, func(t *testing.T, env *harness.Env, via harness.Via) {
		client := env.Server.Client(via)
		lead := client.Create(t, &leadmuxv1.CreateLeadRequest{
			Lead: harness.Person(0), VendorOptions: atOne(harness.UJET, 0).GetVendorOptions(),
		})
		allAnswerLate(t, env)
		client.Change(t, "LeadService.UpdateLead", &leadmuxv1.UpdateLeadRequest{Lead: &leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: newName}, Wait: harness.Wait(0)})
		ended := client.Change(t, "LeadService.EndConversation", &leadmuxv1.EndConversationRequest{LeadId: lead.GetLeadId(), Reason: "bought", Wait: harness.Wait(0)})
		if states := harness.States(ended); states != harness.AllActive {
			t.Fatalf("before the vendors answered the lead was %s", states)
		}
		const over = "conversica=QUALIFIED, convertalk=QUALIFIED, ujet=QUALIFIED, verse=QUALIFIED"
		behind := client.Try(t, "LeadService.StopConversation", &leadmuxv1.StopConversationRequest{LeadId: lead.GetLeadId(), Wait: harness.Wait(0)})
		if behind.Reason() != "" {
			t.Errorf("a stop behind the end is answered %s", behind.Body)
		}
		lead = client.Reaches(t, lead.GetLeadId(), over, settled)
		for _, vendor := range allFour {
			v := env.Vendors.Get(vendor)
			want := told{name: keepsName, says: endConversation.told[vendor].says}
			if _, has := updateLead.told[vendor]; has {
				want.name = newWhole
			}
			op := operation{rpc: "EndConversation", told: map[string]told{vendor: want}}
			if untold := notTold(t, v, op, lead); untold != "" {
				t.Error(untold)
			}
			if made := asRoutes(about(t, v, lead)); slices.Contains(made, "POST /zapier/stop-conversation") {
				t.Errorf("%s was sent %v", vendor, made)
			}
			if e := harness.At(lead, vendor); e.GetOutcome().GetReason() != "bought" || e.GetError() != nil {
				t.Errorf("the engagement is %v", e)
			}
		}
	})
}

// TestEngageAfterEnd engages a lead again while its end is under way, which is refused, and after it, over and over: every
// conversation is kept, in order.
func TestEngageAfterEnd(t *testing.T) {
	overBoth(t, func(t *testing.T, env *harness.Env, via harness.Via) {
		client := env.Server.Client(via)
		lead := client.Create(t, createPerson(0))
		engage := &leadmuxv1.EngageLeadRequest{LeadId: lead.GetLeadId(), Accounts: allFour}
		ids := []string{harness.At(lead, harness.Verse).GetVendorLeadId()}
		for round := range 3 {
			allAnswerLate(t, env)
			client.Change(t, "LeadService.EndConversation", &leadmuxv1.EndConversationRequest{
				LeadId: lead.GetLeadId(), Reason: fmt.Sprintf("round %d", round), Wait: harness.Wait(0),
			})
			if early := client.Try(t, "LeadService.EngageLead", engage); early.Reason() != "ENGAGEMENT_OPEN" {
				t.Fatalf("before the end the engagement is answered %s", early.Body)
			}
			client.Reaches(t, lead.GetLeadId(), strings.ReplaceAll(harness.AllActive, "ACTIVE", "QUALIFIED"), settled)
			engaged := client.Change(t, "LeadService.EngageLead", engage)
			if states := harness.States(engaged); states != harness.AllActive {
				t.Fatalf("after round %d the lead is %s", round, states)
			}
			ids = append(ids, harness.At(engaged, harness.Verse).GetVendorLeadId())
			for _, e := range engaged.GetEngagements() {
				if closed := e.GetClosed(); len(closed) != round+1 || closed[round].GetOutcome().GetReason() != fmt.Sprintf("round %d", round) {
					t.Errorf("round %d left %v at %s", round, closed, e.GetAccount())
				}
			}
		}
		e := harness.At(client.Get(t, lead.GetLeadId()), harness.Verse)
		for i, closed := range e.GetClosed() {
			if closed.GetVendorLeadId() != ids[i] {
				t.Errorf("the closed conversations at Verse are %v, not %v", e.GetClosed(), ids)
			}
		}
		slices.Sort(ids)
		if len(slices.Compact(ids)) != 4 || len(env.Vendors.Get(harness.Verse).Records(t, lead.GetEmail())) != 4 {
			t.Errorf("the conversations at Verse were %v", ids)
		}
	})
}

// TestSameEtag lets many callers change what they all have read: one does, over whichever transport, and all others are told to
// read again. What they wanted reaches nobody.
func TestSameEtag(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	lead := env.Server.Client(harness.GRPC).Create(t, createPerson(0))
	const at = 20
	answers := make([]harness.Answer, at)
	var calls sync.WaitGroup
	for i := range at {
		calls.Go(func() {
			answers[i] = env.Server.Client(harness.Vias()[i%2]).Try(t, "LeadService.UpdateLead", &leadmuxv1.UpdateLeadRequest{
				Lead: &leadmuxv1.Lead{LeadId: lead.GetLeadId(), Etag: lead.GetEtag(), FirstName: fmt.Sprintf("Caller%d", i)},
			})
		})
	}
	calls.Wait()
	winner := ""
	for i, answer := range answers {
		switch {
		case answer.Reason() == "ETAG_MISMATCH" && (answer.Status == 0 || answer.Status == 412):
		case answer.Reason() == "" && winner == "":
			winner = fmt.Sprintf("Caller%d", i)
		default:
			t.Errorf("caller %d, after %q, is answered %s", i, winner, answer.Body)
		}
	}
	lead = env.Server.Client(harness.REST).Reaches(t, lead.GetLeadId(), harness.AllActive, settled)
	if lead.GetFirstName() != winner {
		t.Errorf("the lead is %s here, and %q won", lead.GetFirstName(), winner)
	}
	for _, vendor := range notVerse {
		v := env.Vendors.Get(vendor)
		if records := v.Records(t, lead.GetEmail()); records[0].Name != winner+" "+lead.GetLastName() || len(about(t, v, lead)) != 2 {
			t.Errorf("%s has %+v after %v", vendor, records, asRoutes(about(t, v, lead)))
		}
	}
}

// TestOpposedOrders lets several callers end and stop one lead at once: at every account one of the two happens, and once.
func TestOpposedOrders(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	lead := env.Server.Client(harness.GRPC).Create(t, createPerson(0))
	var calls sync.WaitGroup
	for i := range 10 {
		op := []operation{endConversation, stopConversation}[i/2%2]
		for _, vendor := range allFour {
			calls.Go(func() { env.Server.Client(harness.Vias()[i%2]).Try(t, "LeadService."+op.rpc, op.request(lead, vendor)) })
		}
	}
	calls.Wait()
	client := env.Server.Client(harness.REST)
	lead = harness.Eventually(t, settled, "every conversation is over", func() (*leadmuxv1.Lead, bool) {
		now := client.Get(t, lead.GetLeadId())
		return now, strings.Count(harness.States(now), "QUALIFIED") == len(allFour)
	})
	for _, vendor := range allFour {
		op := endConversation
		if is(harness.At(lead, vendor), "UNQUALIFIED", "") {
			op = stopConversation
		}
		if untold := notTold(t, env.Vendors.Get(vendor), op, lead); untold != "" {
			t.Error(untold)
		}
		if made := about(t, env.Vendors.Get(vendor), lead); len(made) > 2 {
			t.Errorf("%s was sent %v", vendor, asRoutes(made))
		}
	}
}

package e2e_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/service"
)

// The persons of the test below, by what was under way when they opted out.
const (
	awaitsUpdate = iota // known to the vendors, with a change that waits
	awaitsCreate        // never given to any vendor, and waits to be
	lostCreate          // given, and each vendor's answer was lost
	lostOptOut          // told of before, and each vendor's answer was lost
	optedOutPersons
)

// TestP10VendorsThatAreDownFor48HoursAreToldOfEveryOptOut has people opt out of all four vendors while those are down, over a
// restart of the service in the middle. When they are up again each is told of each person that it has, and of nobody else; its
// ledger says that it did as it was told, and that nothing else about them has come.
func TestP10VendorsThatAreDownFor48HoursAreToldOfEveryOptOut(t *testing.T) {
	inYears(t, func(y *years) {
		ids := make([]string, optedOutPersons)
		for _, n := range []int{awaitsUpdate, lostOptOut} {
			ids[n] = y.createInCampaign(n)
		}
		y.pass(time.Minute)
		y.loseNext(func() { ids[lostCreate] = y.createInCampaign(lostCreate) })
		y.loseNext(func() { y.optOut(ids[lostOptOut]) })
		y.down()
		ids[awaitsCreate] = y.createInCampaign(awaitsCreate)
		change := updateLead.request(y.lead(ids[awaitsUpdate]), "").(*leadmuxv1.UpdateLeadRequest)
		change.Wait = harness.Wait(0)
		if _, err := y.UpdateLead(y.ctx, change); err != nil {
			t.Fatal(err)
		}
		y.pass(10 * time.Second) // what can be tried is tried
		for _, n := range []int{awaitsUpdate, awaitsCreate, lostCreate} {
			y.optOut(ids[n])
		}
		before := y.created()
		y.pass(24 * time.Hour)
		y.restart()
		y.pass(24 * time.Hour)
		for n, id := range ids {
			y.wantsNotices(id, noticeWhile(n, "REQUESTED"))
		}
		y.up()
		y.pass(time.Hour)
		for n, id := range ids {
			y.wantsNotices(id, noticeWhile(n, "ACKNOWLEDGED"))
			y.honoured(n, y.lead(id))
		}
		if after := y.created(); after != before {
			t.Errorf("after the opt-outs the vendors created more: %v, before them %v", after, before)
		}
	})
}

// noticeWhile is the notice to each vendor; of whom it never had it is not told.
func noticeWhile(person int, told string) string {
	if person == awaitsCreate {
		return "UNSUPPORTED"
	}
	return told
}

// createInCampaign gives an invented person to all vendors, at UJET to a campaign too.
func (y *years) createInCampaign(n int) string {
	y.t.Helper()
	request := atOne(harness.UJET, n)
	request.Accounts, request.Wait = allFour, harness.Wait(0)
	answer, err := y.CreateLead(y.ctx, request)
	if err != nil {
		y.t.Fatal(err)
	}
	return answer.GetLead().GetLeadId()
}

// loseNext does something of which every vendor takes one request and loses its answer; what they are asked after it fails.
func (y *years) loseNext(do func()) {
	for _, vendor := range allFour {
		y.vendors.Get(vendor).Plan(y.t, kit.Fault{Drop: true, After: true}, kit.Fault{Status: 503, Count: -1})
	}
	do()
	synctest.Wait()
	for _, vendor := range allFour {
		y.vendors.Get(vendor).Clear()
	}
}

func (y *years) optOut(id string) {
	y.t.Helper()
	if _, err := y.OptOutLead(y.ctx, &leadmuxv1.OptOutLeadRequest{LeadId: id, Wait: harness.Wait(0)}); err != nil {
		y.t.Fatal(err)
	}
}

// wantsNotices checks that a lead is OPTED_OUT everywhere, and how far the telling of each vendor is.
func (y *years) wantsNotices(id, state string) {
	y.t.Helper()
	lead := y.lead(id)
	for _, vendor := range allFour {
		e := harness.At(lead, vendor)
		if e.GetState() != leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT {
			y.t.Errorf("%s is %s at %s", id, harness.State(e), vendor)
			continue
		}
		s, err := service.NewSuppressions(y.LeadService).GetSuppression(y.ctx, &leadmuxv1.GetSuppressionRequest{SuppressionId: e.GetSuppressionId()})
		if err != nil {
			y.t.Fatal(err)
		}
		if got := noticed(s.GetSuppression().GetNotices()); !strings.Contains(got, vendor+" "+state) {
			y.t.Errorf("the notices of %s are %s, and %s was to be %s", id, got, vendor, state)
		}
	}
}

// honoured holds the vendors' ledgers against an opt-out.
func (y *years) honoured(n int, lead *leadmuxv1.Lead) {
	y.t.Helper()
	for _, vendor := range allFour {
		v := y.vendors.Get(vendor)
		if n == awaitsCreate {
			if asked := v.Asked(y.t, lead.GetEmail()); asked != 0 {
				y.t.Errorf("%s was asked %d times about a person that it never had", vendor, asked)
			}
			continue
		}
		op := optOutLead
		if n == awaitsUpdate && vendor == harness.Conversica { // where to opt out sends the lead as it is
			op.told = map[string]told{vendor: {name: newWhole, says: optOutLead.told[vendor].says}}
		}
		if untold := notTold(y.t, v, op, lead); untold != "" {
			y.t.Errorf("person %d: %s", n, untold)
		}
	}
	if listed := y.vendors.Get(harness.UJET).OnDoNotCallList(y.t, lead.GetPhone()); listed != (n != awaitsCreate) {
		y.t.Errorf("person %d is on the do-not-call list: %v", n, listed)
	}
}

// created is how many things each vendor has created for the persons so far.
func (y *years) created() (counts [optedOutPersons][4]int) {
	for n := range counts {
		for i, vendor := range allFour {
			counts[n][i] = y.vendors.Get(vendor).Created(y.t, harness.Person(n).GetEmail())
		}
	}
	return counts
}

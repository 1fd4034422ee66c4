package service_test

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
)

func TestEngageGivesTheLeadToFurtherAccounts(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "plain").GetLeadId()
		got, err := r.EngageLead(r.full, &leadmuxv1.EngageLeadRequest{
			LeadId: id, Accounts: []string{"bot", "all"},
			VendorOptions: &leadmuxv1.VendorOptions{Convertalk: &leadmuxv1.ConvertalkOptions{AgentId: "7"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "accounts", accountsOf(got.GetLead()), []string{"all", "bot", "plain"})
		if stateAt(got.GetLead(), "all") != "ACTIVE" || stateAt(got.GetLead(), "bot") != "ACTIVE" || r.plain.seen() != 1 {
			t.Errorf("%v", got)
		}
		if call := r.bot.last(); call.rpc != "CreateLead" || call.in.Options.GetConvertalk().GetAgentId() != "7" || call.in.Lead.GetFirstName() != "Ada" {
			t.Errorf("the vendor had %v", call)
		}
		if r.lookup("bot", "v-"+id) != id {
			t.Error("the new vendor ID leads nowhere")
		}
		r.sound()
	})
}

func TestEngageOpensAgainWhatIsOver(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.all.on = map[string]answer{"CreateLead": as("first", "second", "third"), "EndConversation": took}
		r.all.on["EndConversation"] = r.all.on["CreateLead"]
		id := r.give(ada1(), "all").GetLeadId()
		if _, err := r.end(id); err != nil {
			t.Fatal(err)
		}
		ended := r.read(id).GetEngagements()[0]
		<-time.After(time.Hour)
		again, err := r.engage(id, "all")
		if err != nil {
			t.Fatal(err)
		}
		e := again.GetEngagements()[0]
		if len(again.GetEngagements()) != 1 || stateAt(again, "all") != "ACTIVE" || e.GetVendorLeadId() != "second" || e.GetOutcome() != nil || len(e.GetClosed()) != 1 {
			t.Fatalf("%v", again)
		}
		closed := e.GetClosed()[0]
		if closed.GetVendorLeadId() != "first" || stateName(closed.GetState()) != "QUALIFIED" || closed.GetOutcome().GetReason() != "sold" ||
			!closed.GetCreateTime().AsTime().Equal(ended.GetCreateTime().AsTime()) || !closed.GetCloseTime().AsTime().Equal(ended.GetUpdateTime().AsTime()) {
			t.Errorf("closed %v", closed)
		}
		if call := r.all.last(); len(call.in.Engagement.GetClosed()) != 1 || call.in.Engagement.GetVendorLeadId() != "" {
			t.Errorf("the vendor had %v", call.in.Engagement)
		}
		for _, vendorID := range []string{"first", "second"} {
			if r.lookup("all", vendorID) != id {
				t.Errorf("%s leads nowhere", vendorID)
			}
		}
		r.standing(id, "all", leadmuxv1.EngagementState_ENGAGEMENT_STATE_REJECTED)
		third, err := r.engage(id, "all")
		if err != nil || len(third.GetEngagements()[0].GetClosed()) != 2 || third.GetEngagements()[0].GetVendorLeadId() != "third" {
			t.Errorf("%v, %v", third, err)
		}
		r.sound()
	})
}

func TestEngageNeedsAnEngagementThatIsOver(t *testing.T) {
	refusals := map[string]string{
		"QUEUED": "ENGAGEMENT_OPEN", "SENDING": "ENGAGEMENT_OPEN", "ACTIVE": "ENGAGEMENT_OPEN", "IN_DOUBT": "ENGAGEMENT_OPEN",
		"OPTED_OUT": "LEAD_OPTED_OUT", "REJECTED": "", "SUPPRESSED": "", "QUALIFIED": "", "UNQUALIFIED": "", "ENDED": "",
	}
	for value := range leadmuxv1.EngagementState_name {
		state := leadmuxv1.EngagementState(value)
		reason, known := refusals[stateName(state)]
		if !known {
			continue // UNSPECIFIED
		}
		t.Run(stateName(state), func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				id := r.give(ada1(), "all").GetLeadId()
				r.standing(id, "all", state)
				if reason == "" {
					if got, err := r.engage(id, "all", "bot"); err != nil || stateAt(got, "all") != "ACTIVE" || stateAt(got, "bot") != "ACTIVE" {
						t.Errorf("%v, %v", got, err)
					}
					return
				}
				r.nothingNew(func() {
					_, err := r.engage(id, "bot", "all") // all or nothing
					code := codes.AlreadyExists
					if reason == "LEAD_OPTED_OUT" {
						code = codes.FailedPrecondition
					}
					refused(t, err, code, reason)
				})
			})
		})
	}
}

func TestEngageRefuses(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "plain").GetLeadId()
		r.nothingNew(func() {
			_, err := r.engage(id, "all", "theirs")
			refused(t, err, codes.InvalidArgument, "ACCOUNT_NOT_FOUND", "accounts[1]")
			_, err = r.EngageLead(caller(t, "full", "bot"), &leadmuxv1.EngageLeadRequest{LeadId: id, Accounts: []string{"all"}})
			refused(t, err, codes.PermissionDenied, "ACCOUNT_NOT_ALLOWED", "accounts[0]")
			_, err = r.engage("lead_00000000000000000000000000", "all")
			refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
			_, err = r.engage(id, "dumb")
			if got := refused(t, err, codes.Unimplemented, "CAPABILITY_NOT_SUPPORTED"); got.metadata["accounts"] != "all, bot, desk, plain" {
				t.Errorf("metadata %v", got.metadata)
			}
			_, err = r.EngageLead(r.full, &leadmuxv1.EngageLeadRequest{LeadId: id, Accounts: []string{"all"},
				VendorOptions: &leadmuxv1.VendorOptions{Verse: &leadmuxv1.VerseOptions{}}})
			refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "vendor_options.verse")
		})
	})
}

func TestARepeatedEngageIsMadeOnce(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "plain").GetLeadId()
		request := &leadmuxv1.EngageLeadRequest{LeadId: id, Accounts: []string{"all"}, RequestId: "req-1"}
		for range 3 {
			if got, err := r.EngageLead(r.full, request); err != nil || stateAt(got.GetLead(), "all") != "ACTIVE" {
				t.Errorf("%v, %v", got, err)
			}
		}
		if r.all.seen() != 1 {
			t.Errorf("%d sent", r.all.seen())
		}
		// CreateLead and EngageLead are one operation to the vendor, and two RPCs to the caller.
		created, err := r.CreateLead(r.full, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Phone: "4155550143"}, Accounts: []string{"all"}, RequestId: "req-1"})
		if err != nil || created.GetLead().GetLeadId() == id {
			t.Errorf("%v, %v", created, err)
		}
		request.Accounts = []string{"bot"}
		_, err = r.EngageLead(r.full, request)
		refused(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED", "request_id")
	})
}

func TestValidateOnlyShowsAnEngage(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "plain", "all").GetLeadId()
		if _, err := r.end(id, "all"); err != nil {
			t.Fatal(err)
		}
		request := &leadmuxv1.EngageLeadRequest{LeadId: id, Accounts: []string{"bot", "all"}, ValidateOnly: true, RequestId: "req-1"}
		r.nothingNew(func() {
			got, err := r.EngageLead(r.full, request)
			if err != nil || len(got.GetVendorRequests()) != 2 || stateAt(got.GetLead(), "bot") != "QUEUED" || stateAt(got.GetLead(), "all") != "QUEUED" {
				t.Errorf("%v, %v", got, err)
			}
			if len(delivery.Engagement(got.GetLead(), "all").GetClosed()) != 1 {
				t.Errorf("%v", got)
			}
		})
		r.updated(&leadmuxv1.Lead{LeadId: id}, "first_name") // which the vendor's preview wants
		r.nothingNew(func() {
			got, err := r.EngageLead(r.full, request)
			if err != nil || len(got.GetVendorRequests()) != 0 || stateAt(got.GetLead(), "bot") != "REJECTED" {
				t.Errorf("%v, %v", got, err)
			}
		})
	})
}

// A vendor's refusal ends the new engagement, never the history.
func TestARefusedEngageKeepsTheHistory(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "all").GetLeadId()
		if _, err := r.end(id); err != nil {
			t.Fatal(err)
		}
		r.all.answer = fails(adapters.KindInvalid)
		got, err := r.engage(id, "all")
		if err != nil || stateAt(got, "all") != "REJECTED" || got.GetEngagements()[0].GetClosed()[0].GetVendorLeadId() != "v-"+id {
			t.Errorf("%v, %v", got, err)
		}
		synctest.Wait()
		if r.lookup("all", "v-"+id) != id {
			t.Error("the old vendor ID leads nowhere")
		}
	})
}

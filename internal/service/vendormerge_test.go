package service_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
)

// States as the vendor's words mean them.
const (
	runs    = leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE
	over    = leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED
	nothing = leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNSPECIFIED
)

// shown makes the vendor show one record, and reads it.
func (r *rig) shown(record adapters.VendorLead) *leadmuxv1.Lead {
	r.t.Helper()
	r.bot.page = func(page int) ([]adapters.VendorLead, error) {
		if page > 1 {
			return nil, nil
		}
		return []adapters.VendorLead{record}, nil
	}
	got, err := r.list(50, "")
	if err != nil || len(got.GetLeads()) != 1 {
		r.t.Fatalf("%v, %v", got, err)
	}
	return got.GetLeads()[0]
}

// of is a record of a lead that we gave to the vendor.
func of(id, status string, state leadmuxv1.EngagementState, at time.Time) adapters.VendorLead {
	return adapters.VendorLead{
		VendorLeadID: "v-" + id, LeadID: id, VendorStatus: status, State: state, UpdateTime: at, Lead: &leadmuxv1.Lead{FirstName: "Otherwise"},
	}
}

func TestWhatTheVendorChangedIsTakenOverByItsTime(t *testing.T) {
	type heard struct {
		status  string
		state   leadmuxv1.EngagementState
		minutes int // by the vendor's clock, since the lead was given to it; 0: it does not say
	}
	for name, c := range map[string]struct {
		first, then   heard
		state, status string
	}{
		"it was closed":                    {heard{"OPEN", runs, 1}, heard{"CLOSED", over, 2}, "ENDED", "CLOSED"},
		"it was closed, as we knew before": {heard{"OPEN", runs, 3}, heard{"CLOSED", over, 2}, "ACTIVE", "OPEN"},
		"it was closed at the same time":   {heard{"OPEN", runs, 2}, heard{"CLOSED", over, 2}, "ACTIVE", "OPEN"},
		"it was opened again":              {heard{"CLOSED", over, 1}, heard{"OPEN", runs, 2}, "ACTIVE", "OPEN"},
		"it was opened before the end":     {heard{"CLOSED", over, 2}, heard{"OPEN", runs, 1}, "ENDED", "CLOSED"},
		"it was opened, nobody knows when": {heard{"CLOSED", over, 2}, heard{"OPEN", runs, 0}, "ENDED", "OPEN"},
		"it was closed, nobody knows when": {heard{"OPEN", runs, 0}, heard{"CLOSED", over, 0}, "ENDED", "CLOSED"},
		"before the lead was given to it":  {heard{"OPEN", runs, 1}, heard{"CLOSED", over, -5}, "ACTIVE", "OPEN"},
		"a word that we do not know":       {heard{"OPEN", runs, 1}, heard{"SIESTA", nothing, 2}, "ACTIVE", "SIESTA"},
		"another word for the same":        {heard{"OPEN", runs, 1}, heard{"REVIEW", runs, 2}, "ACTIVE", "REVIEW"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				start := time.Now()
				id := r.give(ada1(), "bot").GetLeadId()
				at := func(h heard) time.Time {
					if h.minutes == 0 {
						return time.Time{}
					}
					return start.Add(time.Duration(h.minutes) * time.Minute)
				}
				<-time.After(time.Hour)
				r.shown(of(id, c.first.status, c.first.state, at(c.first)))
				got := r.shown(of(id, c.then.status, c.then.state, at(c.then)))
				if stateAt(got, "bot") != c.state || got.GetEngagements()[0].GetVendorStatus() != c.status || got.GetFirstName() != "Ada" {
					t.Errorf("%v", got)
				}
				same(t, r.read(id), got)
				want := 0
				if c.status == "SIESTA" {
					want = 1
				}
				if len(r.drift) != want || want == 1 && r.drift[0] != "convertalk status" {
					t.Errorf("drift %v", r.drift)
				}
				r.nothingNew(func() {
					if c.then.minutes != 0 {
						r.shown(of(id, c.then.status, c.then.state, at(c.then)))
					}
				})
			})
		})
	}
}

func TestAnEndOfOursIsNotTakenBack(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "bot").GetLeadId()
		if _, err := r.end(id); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		for _, record := range []adapters.VendorLead{of(id, "CLOSED", over, time.Now()), of(id, "OPEN", runs, time.Now().Add(time.Minute))} {
			got := r.shown(record)
			if stateAt(got, "bot") != "QUALIFIED" || got.GetEngagements()[0].GetVendorStatus() != record.VendorStatus {
				t.Errorf("%v", got)
			}
		}
	})
}

// A listing that is late still shows the end of the engagement before, and a page that was read before the new one began too.
func TestALateListingDoesNotEndWhatBeganAnew(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "bot").GetLeadId()
		<-time.After(time.Minute)
		if _, err := r.end(id); err != nil {
			t.Fatal(err)
		}
		closed := of(id, "CLOSED", over, time.Now())
		<-time.After(time.Minute)
		if _, err := r.engage(id, "bot"); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		if got := r.shown(closed); stateAt(got, "bot") != "ACTIVE" {
			t.Errorf("%v", got)
		}
		if got := r.shown(of(id, "CLOSED", over, time.Now())); stateAt(got, "bot") != "ENDED" {
			t.Errorf("%v", got)
		}
		r.bot.page = func(page int) ([]adapters.VendorLead, error) {
			records := []adapters.VendorLead{of(id, "CLOSED", over, time.Time{})}[:max(0, 2-page)]
			if page == 1 { // while the page is on its way
				<-time.After(time.Second)
				if _, err := r.engage(id, "bot"); err != nil {
					t.Error(err)
				}
			}
			return records, nil
		}
		got, err := r.list(50, "")
		if err != nil || stateAt(got.GetLeads()[0], "bot") != "ACTIVE" {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// While an operation of ours is open, what the vendor shows may be its doing.
func TestAListingDuringAnOperation(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "bot").GetLeadId()
		r.bot.on = map[string]answer{"EndConversation": late(10*time.Second, took)}
		if _, err := r.EndConversation(r.full, &leadmuxv1.EndConversationRequest{LeadId: id, Wait: seconds(1)}); err != nil {
			t.Fatal(err)
		}
		closed := of(id, "CLOSED", over, time.Now())
		if got := r.shown(closed); stateAt(got, "bot") != "ACTIVE" || got.GetEngagements()[0].GetVendorStatus() == "CLOSED" {
			t.Errorf("%v", got)
		}
		<-time.After(time.Minute)
		synctest.Wait()
		if lead := r.read(id); stateAt(lead, "bot") != "QUALIFIED" {
			t.Errorf("%v", lead)
		}
		if got := r.shown(closed); got.GetEngagements()[0].GetVendorStatus() != "CLOSED" || stateAt(got, "bot") != "QUALIFIED" {
			t.Errorf("%v", got)
		}
	})
}

func TestOnlyWhatIsNotKnownIsFilledIn(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		start := time.Now()
		r.bot.answer = as("x")
		record := visitor("x")
		record.Lead = &leadmuxv1.Lead{FirstName: "Vi", Address: &leadmuxv1.Address{City: "Ulm"}, SourceCreateTime: &timestamppb.Timestamp{Seconds: 5}}
		id := r.shown(record).GetLeadId()
		record.UpdateTime = start.Add(time.Minute)
		record.Lead = &leadmuxv1.Lead{
			FirstName: "Violet", Email: "vi@example.com", Address: &leadmuxv1.Address{City: "Bonn", Street: "Main St"},
			SourceCreateTime: &timestamppb.Timestamp{Seconds: 9, Nanos: 7}, Tags: []string{"new"},
		}
		got := r.shown(record)
		want := &leadmuxv1.Lead{
			FirstName: "Vi", Email: "vi@example.com", Address: &leadmuxv1.Address{City: "Ulm"},
			SourceCreateTime: &timestamppb.Timestamp{Seconds: 5}, Tags: []string{"new"},
		}
		want.LeadId, want.Engagements, want.Etag, want.CreateTime, want.UpdateTime = id, got.GetEngagements(), got.GetEtag(), got.GetCreateTime(), got.GetUpdateTime()
		same(t, got, want)
		if kinds := r.events("full"); kinds[len(kinds)-1] != "lead.updated" {
			t.Errorf("events %v", kinds)
		}
		// Once a caller has changed the lead, the vendor has our word of it, and may go on showing its own.
		r.updated(&leadmuxv1.Lead{LeadId: id, Phone: "4155550142"}, "phone", "email")
		record.UpdateTime = start.Add(time.Hour)
		<-time.After(2 * time.Hour)
		if got := r.shown(record); got.GetEmail() != "" || got.GetEngagements()[0].GetVendorUpdateTime().AsTime() != record.UpdateTime.UTC() {
			t.Errorf("%v", got)
		}
	})
}

func TestARecordOfAClosedEngagementChangesNothing(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.bot.on = map[string]answer{"CreateLead": as("first", "second")}
		id := r.give(ada1(), "bot").GetLeadId()
		r.standing(id, "bot", over)
		if _, err := r.engage(id, "bot"); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		r.nothingNew(func() {
			record := of(id, "CLOSED", over, time.Now())
			record.VendorLeadID = "first"
			if got := r.shown(record); got.GetLeadId() != id || stateAt(got, "bot") != "ACTIVE" {
				t.Errorf("%v", got)
			}
		})
	})
}

// A visitor who is gone already is taken in as that, and a word that means nothing makes no state.
func TestVisitorsInOtherStates(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		gone := visitor("gone")
		gone.State, gone.VendorStatus = over, "CLOSED"
		if got := r.shown(gone); stateAt(got, "bot") != "ENDED" || delivery.Engagement(got, "bot").GetVendorStatus() != "CLOSED" {
			t.Errorf("%v", got)
		}
		odd := visitor("odd")
		odd.State, odd.VendorStatus = nothing, "SIESTA"
		if got := r.shown(odd); stateAt(got, "bot") != "ACTIVE" || !slices.Equal(r.drift, []string{"convertalk status"}) {
			t.Errorf("%v, drift %v", got, r.drift)
		}
		r.sound()
	})
}

package service_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// says is an event of a vendor's.
func says(key, vendorLeadID string, at time.Time, change ...func(*adapters.VendorEvent)) adapters.VendorEvent {
	e := adapters.VendorEvent{Key: key, VendorLeadID: vendorLeadID, Event: &leadmuxv1.Event{Type: "vendor.other", VendorTime: timestamppb.New(at)}}
	for _, c := range change {
		c(&e)
	}
	return e
}

func state(to leadmuxv1.EngagementState) func(*adapters.VendorEvent) {
	return func(e *adapters.VendorEvent) {
		e.State, e.VendorStatus, e.Event.Type = to, "their word", "lead.engagement_changed"
		if to == leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED {
			e.Outcome = &leadmuxv1.Outcome{Result: &leadmuxv1.Outcome_Qualified{Qualified: true}}
		}
	}
}

func wrote(text string) func(*adapters.VendorEvent) {
	return func(e *adapters.VendorEvent) {
		e.Event.Type = "lead.message"
		e.Event.Detail = &leadmuxv1.Event_Message{Message: &leadmuxv1.ConversationMessage{
			Direction: leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND, Channel: leadmuxv1.MessageChannel_MESSAGE_CHANNEL_SMS, Text: text,
		}}
	}
}

// receive is a delivery of events to account west.
func (r *rig) receive(events ...adapters.VendorEvent) {
	r.t.Helper()
	account, _ := r.set.Get("default", "west")
	if err := r.Receive(context.Background(), account, "", []byte("raw of "+events[0].Key), events); err != nil {
		r.t.Fatal(err)
	}
	synctest.Wait()
}

// log are the types of the events of tenant default, with what is special about them.
func (r *rig) log() []string {
	r.t.Helper()
	var all []string
	err := r.store.View(context.Background(), func(index idmap.Reader) error {
		events, err := index.Events("default", "", 1000)
		for _, e := range events {
			text := e.GetType()
			if c := e.GetEngagementChanged(); c != nil {
				text += " " + strings.TrimPrefix(c.GetAfter().String(), "ENGAGEMENT_STATE_")
			}
			for word, is := range map[string]bool{" late": e.GetLate(), " unattributed": e.GetUnattributed()} {
				if is {
					text += word
				}
			}
			all = append(all, text)
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func (r *rig) lead(id string) *leadmuxv1.Lead {
	r.t.Helper()
	got, err := r.GetLead(r.ctx, &leadmuxv1.GetLeadRequest{LeadId: id})
	if err != nil {
		r.t.Fatal(err)
	}
	return got.GetLead()
}

const qualified = leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED

func TestP11WhatAVendorTellsChangesTheLeadOnce(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		id := lead.GetEngagements()[0].GetVendorLeadId()
		deliveries := []adapters.VendorEvent{
			says("a", id, time.Now().Add(1*time.Second), wrote("Hello")),
			says("b", id, time.Now().Add(2*time.Second), wrote("Yes")),
			says("c", id, time.Now().Add(3*time.Second), state(qualified)),
		}
		pass(5 * time.Second)
		before := len(r.log())
		random := rand.New(rand.NewPCG(1, 2))
		for range 5 {
			random.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
			for _, d := range deliveries {
				r.receive(d)
			}
		}
		got := r.log()[before:]
		slices.Sort(got)
		equal(t, "events", got, []string{"lead.engagement_changed QUALIFIED", "lead.message", "lead.message"})
		e := r.lead(lead.GetLeadId()).GetEngagements()[0]
		if e.GetState() != qualified || !e.GetOutcome().GetQualified() || e.GetVendorStatus() != "their word" {
			t.Errorf("%v", e)
		}
	})
}

func TestTheSameShortAnswerADayLaterIsANewEvent(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.create(&leadmuxv1.Lead{Phone: "4155550142"}).GetEngagements()[0].GetVendorLeadId()
		before := len(r.log())
		r.receive(says("yes", id, time.Now(), wrote("Yes")))
		pass(23 * time.Hour)
		r.receive(says("yes", id, time.Now(), wrote("Yes")))
		if n := len(r.log()) - before; n != 1 {
			t.Errorf("%d events within a day", n)
		}
		pass(2 * time.Hour)
		r.receive(says("yes", id, time.Now(), wrote("Yes")))
		if n := len(r.log()) - before; n != 2 {
			t.Errorf("%d events after more than a day", n)
		}
	})
}

func TestP11ALateEventIsKeptAndChangesNothing(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		id := lead.GetEngagements()[0].GetVendorLeadId()
		pass(time.Hour)
		r.receive(says("new", id, time.Now(), state(qualified)))
		before := len(r.log())
		r.receive(says("old", id, time.Now().Add(-time.Minute), state(leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNQUALIFIED)))
		r.receive(says("against", id, time.Now().Add(time.Second), state(leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNQUALIFIED)))
		equal(t, "events", r.log()[before:], []string{"lead.engagement_changed UNQUALIFIED late", "lead.engagement_changed UNQUALIFIED late"})
		if e := r.lead(lead.GetLeadId()).GetEngagements()[0]; e.GetState() != qualified || !e.GetOutcome().GetQualified() {
			t.Errorf("%v", e)
		}
	})
}

func TestATimeInTheFutureIsCappedAndSaidSo(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		id := lead.GetEngagements()[0].GetVendorLeadId()
		r.receive(says("ahead", id, time.Now().Add(24*time.Hour), state(leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED)))
		e := r.lead(lead.GetLeadId()).GetEngagements()[0]
		if !e.GetVendorUpdateTime().AsTime().Equal(time.Now()) {
			t.Errorf("taken as %v", e.GetVendorUpdateTime().AsTime())
		}
		err := r.store.View(context.Background(), func(index idmap.Reader) error {
			events, err := index.Events("default", "", 1000)
			last := events[len(events)-1]
			if !last.GetVendorTimeCapped() || !last.GetVendorTime().AsTime().Equal(time.Now()) {
				t.Errorf("%v", last)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAnEventThatCarriesOurIDTellsTheVendors(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.verse.answer = func(context.Context, adapters.LeadInput) (adapters.LeadResult, error) {
			return adapters.LeadResult{State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE}, nil // no ID
		}
		lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		r.receive(says("a", "verse-77", time.Now(), func(e *adapters.VendorEvent) { e.LeadID, e.Born = lead.GetLeadId(), true }))
		if e := r.lead(lead.GetLeadId()).GetEngagements()[0]; e.GetVendorLeadId() != "verse-77" {
			t.Errorf("%v", e)
		}
		found, err := r.LookupLead(r.ctx, &leadmuxv1.LookupLeadRequest{Account: "west", VendorLeadId: "verse-77"})
		if err != nil || found.GetLead().GetLeadId() != lead.GetLeadId() {
			t.Errorf("%v, %v", found, err)
		}
		if n := r.leads("default"); n != 1 {
			t.Errorf("%d leads", n)
		}
	})
}

func TestAVendorsWordSettlesACreationInDoubt(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.verse.answer = func(context.Context, adapters.LeadInput) (adapters.LeadResult, error) {
			return adapters.LeadResult{}, &adapters.Error{Kind: adapters.KindTimeout, Ambiguous: true}
		}
		lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		if got := stateAt(lead, "west"); got != "QUEUED" {
			t.Fatalf("it is %s", got)
		}
		sent := r.verse.seen()
		r.receive(says("a", "verse-78", time.Now(), state(qualified), func(e *adapters.VendorEvent) { e.LeadID = lead.GetLeadId() }))
		if e := r.lead(lead.GetLeadId()).GetEngagements()[0]; e.GetState() != qualified || e.GetVendorLeadId() != "verse-78" || e.GetError() != nil {
			t.Errorf("%v", e)
		}
		pass(24 * time.Hour)
		synctest.Wait()
		if n := r.verse.seen(); n != sent {
			t.Errorf("it was sent again %d times", n-sent)
		}
	})
}

func TestALeadThatAVendorMadeBecomesOurs(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.receive(says("a", "verse-79", time.Now(), func(e *adapters.VendorEvent) {
			e.Born, e.Lead, e.VendorStatus = true, &leadmuxv1.Lead{FirstName: "Ida", Phone: "+14155550177"}, "Lead Created"
		}))
		found, err := r.LookupLead(r.ctx, &leadmuxv1.LookupLeadRequest{Phone: "4155550177"})
		if err != nil {
			t.Fatal(err)
		}
		if e := found.GetLead().GetEngagements()[0]; stateAt(found.GetLead(), "west") != "ACTIVE" || e.GetVendorLeadId() != "verse-79" {
			t.Errorf("%v", found.GetLead())
		}
		r.receive(says("b", "verse-79", time.Now(), wrote("Hello")))
		if n := r.leads("default"); n != 1 {
			t.Errorf("%d leads", n)
		}
	})
}

func TestP13AStrangersEventWaitsInTheInbox(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.receive(says("a", "verse-80", time.Now(), wrote("Who are you?")))
		equal(t, "events", r.log(), []string{"lead.message unattributed"})
		err := r.store.View(context.Background(), func(index idmap.Reader) error {
			waiting, err := index.Waiting("default", "", 10)
			if err != nil || len(waiting) != 1 || string(waiting[0].Raw) != "raw of a" {
				t.Errorf("%v, %v", waiting, err)
			}
			events, err := index.Events("default", "", 10)
			if events[0].GetDetail() != nil || events[0].GetDeliveryId() != waiting[0].EventID {
				t.Errorf("%v", events[0])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestP10AStopWordIsAnOptOutEverywhere(t *testing.T) {
	for text, is := range map[string]bool{"STOP": true, " stop. ": true, "Stop it, please": false, "stopall": true, "stopped": false, "": false, "!": false} {
		t.Run(text, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
				id := lead.GetEngagements()[0].GetVendorLeadId()
				r.receive(says("a", id, time.Now(), wrote(text)))
				if got := stateAt(r.lead(lead.GetLeadId()), "west"); (got == "OPTED_OUT") != is {
					t.Errorf("after %q it is %s", text, got)
				}
				again, err := r.CreateLead(r.ctx, &leadmuxv1.CreateLeadRequest{
					Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: []string{"east"}, DuplicatePolicy: allow,
				})
				if err != nil || (stateAt(again.GetLead(), "east") == "SUPPRESSED") != is {
					t.Errorf("a new lead of the person: %v, %v", again, err)
				}
			})
		})
	}
}

// TestP10AnOptOutThatAVendorReportsBackIsNotToldAnew to all the others: each of them would report it back again.
func TestP10AnOptOutThatAVendorReportsBackIsNotToldAnew(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		id := lead.GetEngagements()[0].GetVendorLeadId()
		r.receive(says("a", id, time.Now(), wrote("STOP")))
		told := len(r.log())
		for _, echo := range []adapters.OptOut{{SMS: true, Evidence: "smsOptOut"}, {Evidence: "stopped"}} {
			r.receive(says(echo.Evidence, id, time.Now(), func(e *adapters.VendorEvent) { e.OptOut = &echo }))
		}
		equal(t, "events", r.log()[told:], []string{"vendor.other", "vendor.other"})
	})
}

func TestP24AnErasedLeadIsNotBroughtBack(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		id := lead.GetEngagements()[0].GetVendorLeadId()
		if _, err := r.EraseLead(r.ctx, &leadmuxv1.EraseLeadRequest{LeadId: lead.GetLeadId()}); err != nil {
			t.Fatal(err)
		}
		before := len(r.log())
		r.receive(says("a", id, time.Now(), wrote("Hello"), func(e *adapters.VendorEvent) { e.Born, e.LeadID = true, lead.GetLeadId() }))
		r.receive(says("b", "another", time.Now(), wrote("Hello"), func(e *adapters.VendorEvent) { e.Born, e.LeadID = true, lead.GetLeadId() }))
		if n := len(r.log()) - before; n != 0 || r.leads("default") != 0 {
			t.Errorf("%d events, %d leads", n, r.leads("default"))
		}
	})
}

func TestEachFlagGoesByItsOwnDate(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		id := lead.GetEngagements()[0].GetVendorLeadId()
		flag := func(key string, kind leadmuxv1.LeadFlagKind, raised bool, at time.Time) adapters.VendorEvent {
			return says(key, id, at, func(e *adapters.VendorEvent) {
				e.Event.Type = "lead.flag"
				e.Event.Detail = &leadmuxv1.Event_Flag{Flag: &leadmuxv1.LeadFlag{Kind: kind, Raised: raised, Time: timestamppb.New(at)}}
			})
		}
		now := time.Now()
		const hot, risk = leadmuxv1.LeadFlagKind_LEAD_FLAG_KIND_HOT, leadmuxv1.LeadFlagKind_LEAD_FLAG_KIND_AT_RISK
		r.receive(flag("a", hot, true, now.Add(-time.Minute)))
		r.receive(flag("b", risk, true, now.Add(-time.Hour))) // older, but of another flag
		r.receive(flag("c", hot, false, now.Add(-2*time.Minute)))
		flags := r.lead(lead.GetLeadId()).GetEngagements()[0].GetFlags()
		if len(flags) != 2 || !flags[0].GetRaised() || !flags[1].GetRaised() {
			t.Errorf("%v", flags)
		}
	})
}

// pass lets virtual time go by.
func pass(d time.Duration) { <-time.After(d) }

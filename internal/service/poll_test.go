package service_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/service"
)

// reading is the reading of account bot, as a new process begins it.
func (r *rig) reading() *service.Reading {
	r.t.Helper()
	account, _ := r.set.Get("full", "bot")
	reading, ok := r.Reading(account)
	if !ok {
		r.t.Fatal("bot has nothing to be asked for")
	}
	return reading
}

// poll polls account bot once.
func (r *rig) poll(reading *service.Reading) {
	r.t.Helper()
	if err := reading.Poll(context.Background()); err != nil {
		r.t.Fatal(err)
	}
	synctest.Wait()
}

// logOf are the types of the events of tenant full.
func (r *rig) logOf() []string {
	r.t.Helper()
	var all []string
	err := r.store.View(context.Background(), func(index idmap.Reader) error {
		events, err := index.Events("full", "", 1000)
		for _, e := range events {
			text := e.GetType()
			if c := e.GetEngagementChanged(); c != nil {
				text += " " + strings.TrimPrefix(c.GetAfter().String(), "ENGAGEMENT_STATE_")
			}
			if m := e.GetMessage(); m != nil {
				text += " " + m.GetText()
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

// askedBy is how many pages something asks for.
func (v *visitors) askedBy(do func()) int {
	before := v.asked
	do()
	return v.asked - before
}

func TestAPollReadsWhatIsNewAndGoesOnBehindIt(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		v := r.newVisitors(400, 20) // 20 pages, and the empty one
		reading := r.reading()
		if n := v.askedBy(func() { r.poll(reading) }); n != 21 || r.leads("full") != 400 {
			t.Errorf("%d pages at first, %d leads", n, r.leads("full"))
		}
		before := len(r.logOf())
		for range 4 { // page 1, then five of the others: four polls are once around
			if n := v.askedBy(func() { r.poll(reading) }); n != 6 {
				t.Errorf("%d pages without news", n)
			}
		}
		if n := len(r.logOf()); n != before {
			t.Errorf("%d events without news", n-before)
		}
		pass(time.Minute)
		v.come(25) // one page and a part of the next: the third has nothing new
		if n := v.askedBy(func() { r.poll(r.reading()) }); n != 3+5 || r.leads("full") != 425 {
			t.Errorf("%d pages after a stop, %d leads", n, r.leads("full"))
		}
	})
}

// TestP11APollThatIsCutOffBeginsWhereItBegan: what a poll did not come to is not taken for read because of what it did come to.
func TestP11APollThatIsCutOffBeginsWhereItBegan(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		v := r.newVisitors(20, 20)
		r.poll(r.reading())
		pass(time.Minute)
		v.come(400)
		v.err[v.asked+8] = &adapters.Error{Kind: adapters.KindUnavailable} // after seven pages
		if err := r.reading().Poll(context.Background()); err == nil {
			t.Fatal("the poll was not cut off")
		}
		if n := r.leads("full"); n != 160 {
			t.Fatalf("%d leads by then", n)
		}
		r.poll(r.reading())
		if n := r.leads("full"); n != 420 {
			t.Errorf("%d leads, want 420", n)
		}
		created := 0
		for _, e := range r.logOf() {
			if e == "lead.created" {
				created++
			}
		}
		if created != 420 {
			t.Errorf("%d creations, want 420", created)
		}
	})
}

func TestAChangeOnAnOldRecordIsFound(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		v := r.newVisitors(400, 20)
		reading := r.reading()
		r.poll(reading)
		pass(time.Minute)
		old := &v.records[333]
		old.VendorStatus, old.State, old.UpdateTime = "CLOSED", over, time.Now()
		before := len(r.logOf())
		for range 4 {
			r.poll(reading)
		}
		equal(t, "events", r.logOf()[before:], []string{"lead.engagement_changed ENDED"})
	})
}

func TestARecordIsToldInItsOrderAndNothingMovesBack(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		v := r.newVisitors(1, 20)
		reading := r.reading()
		record := &v.records[0]
		said := func(text, status string, state leadmuxv1.EngagementState, at time.Time) {
			record.VendorStatus, record.State, record.UpdateTime, record.MessageTime = status, state, at, at
			record.Message = &leadmuxv1.ConversationMessage{Text: text, Direction: leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND}
			r.poll(reading)
			r.poll(reading)
		}
		at := time.Now()
		said("one", "OPEN", runs, at)
		said("two", "CLOSED", over, at.Add(2*time.Minute))
		said("late", "OPEN", runs, at.Add(time.Minute))
		pass(40 * 24 * time.Hour) // longer than anything is remembered that forgets by itself
		said("two", "CLOSED", over, at.Add(2*time.Minute))
		record.UpdateTime = time.Now() // changed, and nothing new was said
		r.poll(reading)
		pass(time.Minute)
		said("three", "OPEN", runs, time.Now())
		equal(t, "events", r.logOf(), []string{
			"lead.created", "lead.engagement_changed ACTIVE", "lead.message one", "lead.engagement_changed ENDED", "lead.message two",
			"lead.engagement_changed ACTIVE", "lead.message three",
		})
	})
}

func TestATagIsAnOptOutUnlessItMayBeOurs(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		v := r.newVisitors(2, 20)
		reading := r.reading()
		r.poll(reading)
		ids := map[string]string{}
		list, err := r.ListLeads(r.full, &leadmuxv1.ListLeadsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		for _, lead := range list.GetLeads() {
			ids[lead.GetEngagements()[0].GetVendorLeadId()] = lead.GetLeadId()
		}
		if _, err := r.OptOutLead(r.full, &leadmuxv1.OptOutLeadRequest{LeadId: ids["visitor-00000"], Wait: seconds(0)}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for i := range v.records {
			v.records[i].UpdateTime, v.records[i].OptOut = time.Now().Add(time.Minute), &adapters.OptOut{Evidence: "tag opted-out"}
		}
		pass(2 * time.Minute)
		r.poll(reading)
		for vendorID, want := range map[string]int{"visitor-00000": 1, "visitor-00001": 1} { // each one opt-out: by us, by the tag
			err := r.store.View(context.Background(), func(index idmap.Reader) error {
				found, err := index.SuppressionsOf("full", []idmap.PersonKey{{Kind: idmap.PersonLead, Value: ids[vendorID]}})
				if len(found) != want {
					t.Errorf("%s has %d suppressions", vendorID, len(found))
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

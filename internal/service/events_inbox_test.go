package service_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/typeid"
)

// teller is a vendor whose deliveries hold the names of their events, with blanks in between.
type teller struct {
	*vendor
	events map[string]adapters.VendorEvent
}

func (v teller) Webhook(kind string) (adapters.Webhook, bool) {
	return adapters.Webhook{
		Verify: func(http.Header, []byte, time.Time) error { return nil },
		Read: func(raw []byte) (events []adapters.VendorEvent) {
			for _, name := range strings.Fields(string(raw)) {
				events = append(events, v.events[name])
			}
			return events
		},
	}, kind == ""
}

// inbox is a tenant with one such account.
type inbox struct {
	*rig
	ctx     context.Context
	account *adapters.Account
}

func newInbox(t *testing.T, r *rig, events ...adapters.VendorEvent) inbox {
	t.Helper()
	for _, e := range events {
		r.letters.events[e.Key] = e
	}
	account, _ := r.set.Get("letters", "letters")
	return inbox{r, caller(t, "letters"), account}
}

func (b inbox) deliver(names string) {
	b.t.Helper()
	hook, _ := b.letters.Webhook("")
	if err := b.Receive(b.ctx, b.account, "", []byte(names), hook.Read([]byte(names))); err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
}

func (b inbox) waiting() *leadmuxv1.ListUnattributedEventsResponse {
	b.t.Helper()
	all := &leadmuxv1.ListUnattributedEventsResponse{}
	request := &leadmuxv1.ListUnattributedEventsRequest{PageSize: 1}
	for {
		got, err := b.eventService().ListUnattributedEvents(b.ctx, request)
		if err != nil {
			b.t.Fatal(err)
		}
		all.Events, all.Deliveries = append(all.Events, got.GetEvents()...), append(all.Deliveries, got.GetDeliveries()...)
		if request.PageToken = got.GetNextPageToken(); request.GetPageToken() == "" {
			return all
		}
	}
}

func (b inbox) claim(eventID, leadID, requestID string) (*leadmuxv1.ClaimEventResponse, error) {
	b.t.Helper()
	got, err := b.eventService().ClaimEvent(b.ctx, &leadmuxv1.ClaimEventRequest{EventId: eventID, LeadId: leadID, RequestId: requestID})
	synctest.Wait()
	return got, err
}

func (b inbox) lead(email string) *leadmuxv1.Lead {
	b.t.Helper()
	got, err := b.CreateLead(b.ctx, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Email: email}, Accounts: []string{"letters"}})
	if err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
	return got.GetLead()
}

func (b inbox) story(leadID string) string {
	b.t.Helper()
	got, err := b.eventService().ListEvents(b.ctx, &leadmuxv1.ListEventsRequest{LeadId: leadID})
	if err != nil {
		b.t.Fatal(err)
	}
	return kindsOf(got.GetEvents())
}

func TestWhatIsNobodysWaitsAndIsClaimed(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		now := time.Now().Add(time.Hour)
		b := newInbox(t, r, says("hello", "x9", now, wrote("Hello")), says("won", "x9", now.Add(time.Second), state(qualified)), says("later", "x9", now, wrote("Later")))
		b.deliver("hello")
		<-time.After(2 * time.Hour)
		b.deliver("won")
		got := b.waiting()
		if len(got.GetEvents()) != 2 || len(got.GetDeliveries()) != 2 || got.GetEvents()[0].GetMessage().GetText() != "Hello" {
			t.Fatalf("waiting: %v", got)
		}
		first, second := got.GetDeliveries()[0], got.GetDeliveries()[1]
		if first.GetDeliveryId() != got.GetEvents()[0].GetEventId() || first.GetVendorLeadId() != "x9" || string(first.GetRaw()) != "hello" || first.GetAccount() != "letters" {
			t.Errorf("delivery: %v", first)
		}
		all, err := b.eventService().ListEvents(b.ctx, &leadmuxv1.ListEventsRequest{})
		if err != nil || len(all.GetEvents()) != 2 || all.GetEvents()[0].GetDetail() != nil || !all.GetEvents()[0].GetUnattributed() {
			t.Errorf("the log shows %v, %v", all, err)
		}

		lead := b.lead("ada@example.com")
		if _, err := b.EndConversation(b.ctx, &leadmuxv1.EndConversationRequest{LeadId: lead.GetLeadId()}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		claimed, err := b.claim(first.GetDeliveryId(), lead.GetLeadId(), "claim-1")
		if err != nil || claimed.GetEvent().GetMessage().GetText() != "Hello" || claimed.GetEvent().GetLeadId() != lead.GetLeadId() {
			t.Fatalf("claimed: %v, %v", claimed, err)
		}
		if e := delivery.Engagement(claimed.GetLead(), "letters"); e.GetVendorLeadId() != "x9" || len(e.GetClosed()) != 1 || stateAt(claimed.GetLead(), "letters") != "ACTIVE" {
			t.Errorf("the engagement is %v", e)
		}
		again, err := b.claim(first.GetDeliveryId(), lead.GetLeadId(), "claim-1")
		if err != nil || again.GetEvent() != nil || again.GetLead().GetEtag() != claimed.GetLead().GetEtag() {
			t.Errorf("asked again: %v, %v", again, err)
		}
		_, err = b.claim(first.GetDeliveryId(), lead.GetLeadId(), "")
		refused(t, err, codes.NotFound, "EVENT_NOT_FOUND", "event_id")
		if left := b.waiting(); len(left.GetDeliveries()) != 1 || len(left.GetEvents()) != 1 {
			t.Errorf("left: %v", left)
		}

		other := b.lead("grace@example.com")
		_, err = b.claim(second.GetDeliveryId(), other.GetLeadId(), "")
		refused(t, err, codes.AlreadyExists, "VENDOR_ID_TAKEN", "vendor_lead_id")
		if _, err := b.claim(second.GetDeliveryId(), lead.GetLeadId(), ""); err != nil {
			t.Error(err)
		}
		b.deliver("later") // from now on it is the lead's
		if want, story := "lead.message lead.engagement_changed lead.message", b.story(lead.GetLeadId()); !strings.HasSuffix(story, want) {
			t.Errorf("its story is %s", story)
		}
		if got := b.waiting(); len(got.GetDeliveries()) != 0 {
			t.Errorf("still waiting: %v", got)
		}
		r.sound()
	})
}

// A lead with a running conversation keeps it; what is claimed is told in its story and changes nothing.
func TestAClaimLeavesARunningConversation(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		b := newInbox(t, r, says("won", "x9", time.Now(), state(qualified)))
		b.deliver("won")
		lead := b.lead("ada@example.com")
		claimed, err := b.claim(b.waiting().GetDeliveries()[0].GetDeliveryId(), lead.GetLeadId(), "")
		if err != nil || !claimed.GetEvent().GetLate() || stateAt(claimed.GetLead(), "letters") != "ACTIVE" {
			t.Errorf("%v, %v", claimed, err)
		}
		if e := delivery.Engagement(claimed.GetLead(), "letters"); e.GetVendorLeadId() == "x9" {
			t.Errorf("%v", e)
		}
		r.sound()
	})
}

func TestClaimsAreChecked(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		b := newInbox(t, r, says("hello", "x9", time.Now(), wrote("Hello")))
		b.deliver("hello")
		id, lead := b.waiting().GetDeliveries()[0].GetDeliveryId(), b.lead("ada@example.com").GetLeadId()
		_, err := b.claim(typeid.New(typeid.Event), lead, "")
		refused(t, err, codes.NotFound, "EVENT_NOT_FOUND", "event_id")
		_, err = b.claim(id, typeid.New(typeid.Lead), "")
		refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
		_, err = b.eventService().ClaimEvent(r.full, &leadmuxv1.ClaimEventRequest{EventId: id, LeadId: lead})
		refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
		if got, err := b.eventService().ListUnattributedEvents(r.full, &leadmuxv1.ListUnattributedEventsRequest{}); err != nil || len(got.GetDeliveries()) != 0 {
			t.Errorf("another tenant sees %v, %v", got, err)
		}
	})
}

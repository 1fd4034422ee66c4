package service_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

func TestAnUpdateThatChangesNothingWritesNothing(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.give(ada1(), "all")
		r.nothingNew(func() {
			same(t, r.updated(&leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: " Ada ", Phone: "415 555 0142", Tags: []string{"hot"}}), lead)
			same(t, r.updated(&leadmuxv1.Lead{LeadId: lead.GetLeadId()}, "home_phone", "address.city", "attributes.nothing", "consent.sms"), lead)
		})
	})
}

func TestOfTwoUpdatesWithOneEtagOneWins(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.give(ada1(), "all")
		type said struct {
			name string
			err  error
		}
		answers := make(chan said)
		for _, name := range []string{"Grace", "Hedy"} {
			go func() {
				_, err := r.update(&leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: name, Etag: lead.GetEtag()})
				answers <- said{name, err}
			}()
		}
		first, second := <-answers, <-answers
		if first.err != nil { // it was not the one that won
			first, second = second, first
		}
		if first.err != nil {
			t.Fatal(first.err)
		}
		got := refused(t, second.err, codes.FailedPrecondition, "ETAG_MISMATCH", "lead.etag")
		if strings.Contains(got.message, "Ada") {
			t.Error(got.message)
		}
		now := r.read(lead.GetLeadId())
		if now.GetFirstName() != first.name || r.all.seen() != 2 {
			t.Errorf("%s won, the lead is %s, %d sent", first.name, now.GetFirstName(), r.all.seen())
		}
		if _, err := r.update(&leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: second.name, Etag: now.GetEtag()}); err != nil {
			t.Errorf("with the new etag: %v", err)
		}
		_, err := r.update(&leadmuxv1.Lead{LeadId: lead.GetLeadId(), Etag: lead.GetEtag()})
		refused(t, err, codes.FailedPrecondition, "ETAG_MISMATCH", "lead.etag") // though it changes nothing
	})
}

func TestUpdateMayNotTakeAnothersExternalID(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		first := ada1()
		first.ExternalId = "crm-1"
		other := r.give(first, "all").GetLeadId()
		id := r.give(ada1(), "all").GetLeadId()
		r.nothingNew(func() {
			_, err := r.update(&leadmuxv1.Lead{LeadId: id, ExternalId: "crm-1 "})
			if got := refused(t, err, codes.AlreadyExists, "LEAD_EXISTS", "lead.external_id"); got.metadata["lead_id"] != other {
				t.Errorf("metadata %v", got.metadata)
			}
		})
		// Phone and e-mail may be another's: a household has one number.
		if got := r.updated(&leadmuxv1.Lead{LeadId: id, ExternalId: "crm-2", Phone: first.GetPhone(), Email: first.GetEmail()}); got.GetExternalId() != "crm-2" {
			t.Errorf("%v", got)
		}
		r.updated(&leadmuxv1.Lead{LeadId: other}, "external_id")
		r.updated(&leadmuxv1.Lead{LeadId: id, ExternalId: "crm-1"})
	})
}

func TestARepeatedUpdateIsMadeOnce(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.give(ada1(), "all")
		request := &leadmuxv1.UpdateLeadRequest{
			Lead: &leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: "Grace", Etag: lead.GetEtag()}, RequestId: "req-1",
		}
		if _, err := r.UpdateLead(r.full, request); err != nil {
			t.Fatal(err)
		}
		later := r.updated(&leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: "Hedy"})
		r.nothingNew(func() {
			again, err := r.UpdateLead(r.full, request)
			if err != nil || again.GetLead().GetFirstName() != "Hedy" || again.GetLead().GetEtag() != later.GetEtag() {
				t.Errorf("%v, %v", again, err)
			}
			other := proto.CloneOf(request)
			other.Lead.FirstName = "Ida"
			_, err = r.UpdateLead(r.full, other)
			refused(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED", "request_id")
		})
		// The key of another method is another key.
		if _, err := r.EndConversation(r.full, &leadmuxv1.EndConversationRequest{LeadId: lead.GetLeadId(), RequestId: "req-1"}); err != nil {
			t.Error(err)
		}
	})
}

func TestValidateOnlyShowsAnUpdate(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.give(ada1(), "all", "bot", "plain")
		request := &leadmuxv1.UpdateLeadRequest{Lead: &leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: "Grace"}, RequestId: "req-1", ValidateOnly: true}
		r.nothingNew(func() {
			got, err := r.UpdateLead(r.full, request)
			if err != nil {
				t.Fatal(err)
			}
			var urls []string
			for _, q := range got.GetVendorRequests() {
				urls = append(urls, q.GetUrl()+" "+q.GetBody())
			}
			equal(t, "requests", urls, []string{"https://vendor.example.com/conversica UpdateLead", "https://vendor.example.com/convertalk UpdateLead"})
			if l := got.GetLead(); l.GetFirstName() != "Grace" || codesAt(l, "plain") != "UPDATE_NOT_SENT" || codesAt(l, "all") != "" {
				t.Errorf("%v", l)
			}
			request.Lead.Etag = "old"
			_, err = r.UpdateLead(r.full, request)
			refused(t, err, codes.FailedPrecondition, "ETAG_MISMATCH", "lead.etag")
		})
		request.ValidateOnly, request.Lead.Etag = false, ""
		if _, err := r.UpdateLead(r.full, request); err != nil {
			t.Errorf("the preview claimed the request ID: %v", err)
		}
	})
}

func TestAnUpdateIsToldToOpenEngagementsThatTakeIt(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "all", "bot", "plain").GetLeadId()
		if _, err := r.end(id, "bot"); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Grace", "Hedy"} {
			// Whoever asks: this caller may use plain only.
			got, err := r.UpdateLead(caller(t, "full", "plain"), &leadmuxv1.UpdateLeadRequest{Lead: &leadmuxv1.Lead{LeadId: id, FirstName: name}})
			if err != nil || codesAt(got.GetLead(), "plain") != "UPDATE_NOT_SENT" || codesAt(got.GetLead(), "all") != "" {
				t.Errorf("%v, %v", got, err)
			}
		}
		equal(t, "all saw", r.all.rpcsSeen(), []string{"CreateLead", "UpdateLead", "UpdateLead"})
		equal(t, "bot saw", r.bot.rpcsSeen(), []string{"CreateLead", "EndConversation"})
		equal(t, "plain saw", r.plain.rpcsSeen(), []string{"CreateLead"})
		if r.all.last().in.Lead.GetFirstName() != "Hedy" {
			t.Errorf("all has %v", r.all.last().in.Lead)
		}
	})
}

// A vendor without changes that still waits for the lead gets it as it is by then; one that may have it already does not.
func TestAChangeBeforeTheLeadIsSentIsNoWarning(t *testing.T) {
	unsure := func(context.Context, adapters.LeadInput) (adapters.LeadResult, error) {
		return adapters.LeadResult{}, &adapters.Error{Vendor: "verse", Kind: adapters.KindUnavailable, Ambiguous: true}
	}
	for name, c := range map[string]struct {
		answer answer
		at     string
		codes  string
		end    string
	}{
		"it waits, without an attempt": {nil, "QUEUED", "", ""},
		"it waits for its next try":    {fails(adapters.KindUnavailable), "QUEUED", "", ""},
		"it may be there":              {unsure, "QUEUED", "UPDATE_NOT_SENT", ""},
		"it is under way":              {late(10*time.Second, took), "SENDING", "UPDATE_NOT_SENT", "UPDATE_NOT_SENT"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				r.plain.class = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE
				plain, _ := r.set.Get("full", "plain")
				if r.plain.answer = c.answer; c.answer == nil {
					plain.Line.Stop(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ACCOUNT_ON_HOLD)
				}
				id := r.give(ada1(), "plain").GetLeadId()
				synctest.Wait()
				got, err := r.UpdateLead(r.full, &leadmuxv1.UpdateLeadRequest{Lead: &leadmuxv1.Lead{LeadId: id, FirstName: "Grace"}, Wait: seconds(0)})
				if err != nil || stateAt(got.GetLead(), "plain") != c.at || codesAt(got.GetLead(), "plain") != c.codes {
					t.Errorf("%v, %v", got, err)
				}
				r.plain.mu.Lock()
				r.plain.answer = nil
				r.plain.mu.Unlock()
				plain.Line.Resume()
				r.d.Wake("plain")
				<-time.After(3 * time.Hour)
				synctest.Wait()
				lead := r.read(id)
				if stateAt(lead, "plain") != "ACTIVE" || codesAt(lead, "plain") != c.end {
					t.Errorf("in the end %v", lead)
				}
				want := "Grace"
				if c.end != "" {
					want = "Ada"
				}
				if got := r.plain.last().in.Lead.GetFirstName(); got != want {
					t.Errorf("the vendor has %s", got)
				}
			})
		})
	}
}

func TestUpdateAnswersWithWhatCameOfIt(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.all.on = map[string]answer{"UpdateLead": late(3*time.Second, fails(adapters.KindInvalid)), "CreateLead": late(time.Second, took)}
		lead := r.give(ada1(), "all")
		start := time.Now()
		got := r.updated(&leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: "Grace"})
		e := got.GetEngagements()[0]
		if took := time.Since(start); took != 3*time.Second || stateAt(got, "all") != "ACTIVE" || e.GetError().GetReason() != "VENDOR_REFUSED" || got.GetFirstName() != "Grace" {
			t.Errorf("%v after %s", got, took)
		}
	})
}

// What is still to be sent needs no repeat.
func TestTheSameUpdateAgainWhileTheFirstIsRetried(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.give(ada1(), "all")
		change := &leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: "Grace"}
		r.all.answer = fails(adapters.KindUnavailable)
		r.updated(change)
		r.nothingNew(func() {
			if e := r.updated(change).GetEngagements()[0]; e.GetError().GetReason() != "VENDOR_UNAVAILABLE" {
				t.Errorf("%v", e)
			}
		})
	})
}

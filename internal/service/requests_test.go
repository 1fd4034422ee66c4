package service_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/service"
)

// ada is a request with a request_id.
func ada() *leadmuxv1.CreateLeadRequest {
	return &leadmuxv1.CreateLeadRequest{
		RequestId: "req-1", Accounts: []string{"west"},
		Lead: &leadmuxv1.Lead{FirstName: "Ada", Phone: "(415) 555-0142", Attributes: map[string]string{"a": "1", "b": "2", "c": "3"}},
	}
}

func TestP4TheSameMeaningIsTheSameRequest(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		first, err := r.CreateLead(r.ctx, ada())
		if err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(*leadmuxv1.CreateLeadRequest){
			"as it was":              func(*leadmuxv1.CreateLeadRequest) {},
			"the phone in E.164":     func(q *leadmuxv1.CreateLeadRequest) { q.Lead.Phone = "+14155550142" },
			"blanks":                 func(q *leadmuxv1.CreateLeadRequest) { q.Lead.FirstName = " Ada\n" },
			"another wait":           func(q *leadmuxv1.CreateLeadRequest) { q.Wait = seconds(0) },
			"forged fields of ours":  func(q *leadmuxv1.CreateLeadRequest) { q.Lead.LeadId, q.Lead.Etag = "lead_forged", "forged" },
			"a blank second phone":   func(q *leadmuxv1.CreateLeadRequest) { q.Lead.HomePhone = " " },
			"validate_only said not": func(q *leadmuxv1.CreateLeadRequest) { q.ValidateOnly = false },
		} {
			request := ada()
			change(request)
			again, err := r.CreateLead(r.ctx, request)
			if err != nil || !proto.Equal(again.GetLead(), first.GetLead()) {
				t.Errorf("%s: %v, %v", name, again, err)
			}
		}
		if r.leads("default") != 1 || r.verse.seen() != 1 {
			t.Errorf("%d leads, %d sent", r.leads("default"), r.verse.seen())
		}
	})
}

func TestP4AnotherRequestIsRefused(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		if _, err := r.CreateLead(r.ctx, ada()); err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(*leadmuxv1.CreateLeadRequest){
			"another phone":     func(q *leadmuxv1.CreateLeadRequest) { q.Lead.Phone = "4155550143" },
			"another name":      func(q *leadmuxv1.CreateLeadRequest) { q.Lead.FirstName = "Grace" },
			"another account":   func(q *leadmuxv1.CreateLeadRequest) { q.Accounts = []string{"east"} },
			"no account named":  func(q *leadmuxv1.CreateLeadRequest) { q.Accounts = nil },
			"another policy":    func(q *leadmuxv1.CreateLeadRequest) { q.DuplicatePolicy = allow },
			"another attribute": func(q *leadmuxv1.CreateLeadRequest) { q.Lead.Attributes["c"] = "4" },
			"with options": func(q *leadmuxv1.CreateLeadRequest) {
				q.VendorOptions = &leadmuxv1.VendorOptions{Verse: &leadmuxv1.VerseOptions{AdditionalNote: "x"}}
			},
		} {
			request := ada()
			change(request)
			_, err := r.CreateLead(r.ctx, request)
			t.Log(name)
			refused(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED", "request_id")
		}
		if r.leads("default") != 1 {
			t.Errorf("%d leads", r.leads("default"))
		}
	})
}

func TestP4ARequestIDIsRememberedAsLongAsConfigured(t *testing.T) {
	inTime(t, func(t *testing.T, _ *rig) {
		r := newRig(t, func(cfg *service.Config) { cfg.KeepRequestIDs = 3 * time.Hour })
		request := ada()
		request.DuplicatePolicy = allow
		first, err := r.CreateLead(r.ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(3*time.Hour - time.Minute)
		again, err := r.CreateLead(r.ctx, request)
		if err != nil || again.GetLead().GetLeadId() != first.GetLead().GetLeadId() {
			t.Errorf("before: %v, %v", again, err)
		}
		<-time.After(time.Minute)
		anew, err := r.CreateLead(r.ctx, request)
		if err != nil || anew.GetLead().GetLeadId() == first.GetLead().GetLeadId() {
			t.Errorf("after: %v, %v", anew, err)
		}
	})
}

// TestP4TheSameLeadAfter29DaysAnotherAfter31 keeps request IDs as long as a service does that is not configured otherwise.
func TestP4TheSameLeadAfter29DaysAnotherAfter31(t *testing.T) {
	const day = 24 * time.Hour
	inTime(t, func(t *testing.T, r *rig) {
		request := ada()
		request.DuplicatePolicy = allow
		lead := func() string {
			t.Helper()
			got, err := r.CreateLead(r.ctx, request)
			if err != nil {
				t.Fatal(err)
			}
			return got.GetLead().GetLeadId()
		}
		first := lead()
		<-time.After(29 * day)
		if again := lead(); again != first {
			t.Errorf("after 29 days it is %s, not %s", again, first)
		}
		<-time.After(2 * day)
		anew := lead()
		if anew == first {
			t.Error("after 31 days it is still the same")
		}
		if again := lead(); again != anew {
			t.Error("the new one is not remembered")
		}
	})
}

func TestP4ARequestIDBelongsToItsTenant(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		first, err := r.CreateLead(r.ctx, ada())
		if err != nil {
			t.Fatal(err)
		}
		theirs := ada()
		theirs.Accounts, theirs.Lead.Phone = []string{"theirs"}, "4155550143"
		got, err := r.CreateLead(r.another, theirs)
		if err != nil || got.GetLead().GetLeadId() == first.GetLead().GetLeadId() {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestP4OnlyAnAcceptedRequestClaimsItsID(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		_, err := r.CreateLead(r.ctx, ada())
		refused(t, err, codes.AlreadyExists, "LEAD_EXISTS", "lead.phone")
		preview := ada()
		preview.Lead.Phone, preview.ValidateOnly = "4155550143", true
		if _, err := r.CreateLead(r.ctx, preview); err != nil {
			t.Fatal(err)
		}
		wrong := ada()
		wrong.Lead.Email = "nobody"
		_, err = r.CreateLead(r.ctx, wrong)
		refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "lead.email")

		other := ada()
		other.Lead.Phone = "4155550144"
		if _, err := r.CreateLead(r.ctx, other); err != nil {
			t.Errorf("the ID was claimed: %v", err)
		}
	})
}

func TestP4ARepeatOfWhatReturnedAnExistingLeadReturnsIt(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		existing := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		request := ada()
		request.DuplicatePolicy = returnExisting
		for range 2 {
			got, err := r.CreateLead(r.ctx, request)
			if err != nil || got.GetLead().GetLeadId() != existing.GetLeadId() {
				t.Errorf("%v, %v", got, err)
			}
		}
		request.Lead.FirstName = "Grace"
		_, err := r.CreateLead(r.ctx, request)
		refused(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED", "request_id")
	})
}

func TestP4OneHundredTwinsAreOneLead(t *testing.T) {
	inTime(t, func(t *testing.T, _ *rig) {
		r, open := gated(t)
		r.verse.answer = func(context.Context, adapters.LeadInput) (adapters.LeadResult, error) {
			<-time.After(3 * time.Second)
			return adapters.LeadResult{VendorLeadID: "77", State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE}, nil
		}
		start := time.Now()
		leads := make(chan *leadmuxv1.Lead)
		for range 100 {
			go func() {
				response, err := r.CreateLead(r.ctx, ada())
				if err != nil {
					t.Error(err)
				}
				leads <- response.GetLead()
			}()
		}
		open()
		first := <-leads
		for range 99 {
			if other := <-leads; !proto.Equal(other, first) || stateAt(other, "west") != "ACTIVE" {
				t.Errorf("one got %v", other)
			}
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("it took %s", took)
		}
		synctest.Wait()
		if r.leads("default") != 1 || r.verse.seen() != 1 {
			t.Errorf("%d leads, %d sent", r.leads("default"), r.verse.seen())
		}
	})
}

func TestP4ATwinWaitsNoLongerThanItsOwnWait(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.verse.answer = func(ctx context.Context, _ adapters.LeadInput) (adapters.LeadResult, error) {
			<-ctx.Done()
			return adapters.LeadResult{}, ctx.Err()
		}
		request := ada()
		request.Wait = seconds(0)
		if _, err := r.CreateLead(r.ctx, request); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		request.Wait = seconds(2)
		got, err := r.CreateLead(r.ctx, request)
		if took := time.Since(start); err != nil || took != 2*time.Second || stateAt(got.GetLead(), "west") != "SENDING" {
			t.Errorf("%v, %v after %s", got, err, took)
		}
	})
}

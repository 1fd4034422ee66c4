package service_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/service"
)

const (
	asConfigured   = leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_UNSPECIFIED
	reject         = leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_REJECT
	returnExisting = leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_RETURN_EXISTING
	allow          = leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_ALLOW
)

func TestDuplicatesByPolicy(t *testing.T) {
	first := &leadmuxv1.Lead{FirstName: "Ada", ExternalId: "crm-1", Phone: "4155550142", Email: "Ada@example.com"}
	for name, c := range map[string]struct {
		lead                    *leadmuxv1.Lead
		matched                 string // by REJECT
		reject, existing, allow string // "new", "first" or "refused"
	}{
		"the same phone":       {&leadmuxv1.Lead{FirstName: "Grace", Phone: "+1 (415) 555-0142"}, "phone", "refused", "first", "new"},
		"the same e-mail":      {&leadmuxv1.Lead{FirstName: "Grace", Email: "aDA@Example.com"}, "email", "refused", "first", "new"},
		"the same external ID": {&leadmuxv1.Lead{ExternalId: "crm-1", Phone: "4155550143"}, "external_id", "refused", "refused", "refused"},
		"all the same": {&leadmuxv1.Lead{ExternalId: "crm-1", Phone: "4155550142", Email: "ada@example.com"}, "external_id",
			"refused", "refused", "refused"},
		"another external ID":           {&leadmuxv1.Lead{ExternalId: "crm-2", Phone: "4155550142"}, "phone", "refused", "first", "new"},
		"the first one's phone at home": {&leadmuxv1.Lead{Email: "grace@example.com", HomePhone: "4155550142"}, "", "new", "new", "new"},
		"nothing":                       {&leadmuxv1.Lead{ExternalId: "CRM-1", Phone: "4155550143", Email: "grace@example.com"}, "", "new", "new", "new"},
	} {
		for policy, want := range map[leadmuxv1.DuplicatePolicy]string{reject: c.reject, returnExisting: c.existing, allow: c.allow} {
			for _, named := range []bool{true, false} { // by the request, or by the configuration
				t.Run(fmt.Sprintf("%s %s named %t", name, policy, named), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						asked, configured := policy, reject
						if !named {
							asked, configured = asConfigured, policy
						}
						r := newRig(t, func(cfg *service.Config) { cfg.Duplicates = configured })
						r.meets(r.create(first).GetLeadId(), asked, c.lead, want, c.matched)
					})
				})
			}
		}
	}
}

// TestATenantHasADuplicatePolicyOfItsOwn configures one for the tenant, and one for all others.
func TestATenantHasADuplicatePolicyOfItsOwn(t *testing.T) {
	inTime(t, func(t *testing.T, _ *rig) {
		r := newRig(t, func(cfg *service.Config) {
			cfg.DuplicatesOf = map[string]leadmuxv1.DuplicatePolicy{"other": returnExisting}
		})
		create := func(ctx context.Context, account string) (*leadmuxv1.CreateLeadResponse, error) {
			return r.CreateLead(ctx, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: []string{account}})
		}
		if _, err := create(r.ctx, "west"); err != nil {
			t.Fatal(err)
		}
		_, err := create(r.ctx, "west")
		refused(t, err, codes.AlreadyExists, "LEAD_EXISTS", "lead.phone")
		first, err := create(r.another, "theirs")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := create(r.another, "theirs"); err != nil || again.GetLead().GetLeadId() != first.GetLead().GetLeadId() {
			t.Errorf("%v, %v", again, err)
		}
	})
}

// meets creates a second lead and checks what comes of it.
func (r *rig) meets(firstID string, policy leadmuxv1.DuplicatePolicy, lead *leadmuxv1.Lead, want, matched string) {
	r.t.Helper()
	sent := r.verse.seen()
	request := &leadmuxv1.CreateLeadRequest{Lead: lead, Accounts: []string{"west"}, DuplicatePolicy: policy}
	response, err := r.CreateLead(r.ctx, request)
	synctest.Wait()
	switch want {
	case "refused":
		got := refused(r.t, err, codes.AlreadyExists, "LEAD_EXISTS", "lead."+matched)
		if got.metadata["lead_id"] != firstID || got.metadata["matched"] != matched {
			r.t.Errorf("metadata %v, want %s matched by %s", got.metadata, firstID, matched)
		}
	case "first":
		if err != nil || response.GetLead().GetLeadId() != firstID || response.GetLead().GetFirstName() != "Ada" {
			r.t.Errorf("%v, %v", response, err)
		}
	default:
		if err != nil || response.GetLead().GetLeadId() == firstID || r.leads("default") != 2 || r.verse.seen() != sent+1 {
			r.t.Errorf("%v, %v; %d leads, %d sent", response, err, r.leads("default"), r.verse.seen()-sent)
		}
		return
	}
	if r.leads("default") != 1 || r.verse.seen() != sent {
		r.t.Errorf("%d leads, %d sent", r.leads("default"), r.verse.seen()-sent)
	}
	r.previews(firstID, request, want)
}

// previews checks that validate_only says the same.
func (r *rig) previews(firstID string, request *leadmuxv1.CreateLeadRequest, want string) {
	r.t.Helper()
	request.ValidateOnly = true
	response, err := r.CreateLead(r.ctx, request)
	if want == "refused" {
		if got := refusalOf(r.t, err); got.reason != "LEAD_EXISTS" {
			r.t.Errorf("the preview says %v", err)
		}
		return
	}
	if err != nil || response.GetLead().GetLeadId() != firstID || len(response.GetVendorRequests()) != 0 || stateAt(response.GetLead(), "west") != "ACTIVE" {
		r.t.Errorf("the preview is %v, %v", response, err)
	}
}

func TestAnotherTenantsLeadIsNoDuplicate(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := &leadmuxv1.Lead{ExternalId: "crm-1", Phone: "4155550142", Email: "ada@example.com"}
		mine := r.create(lead)
		theirs, err := r.CreateLead(r.another, &leadmuxv1.CreateLeadRequest{Lead: lead})
		if err != nil || theirs.GetLead().GetLeadId() == mine.GetLeadId() {
			t.Errorf("%v, %v", theirs, err)
		}
	})
}

// The strongest of several matches decides, and of several leads the newest.
func TestTheNewestOfTheStrongestMatchIsTheDuplicate(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		byEmail := r.create(&leadmuxv1.Lead{Email: "ada@example.com"})
		r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		request := &leadmuxv1.CreateLeadRequest{
			Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: []string{"west"}, DuplicatePolicy: allow,
		}
		newest, err := r.CreateLead(r.ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		request.Lead.Email, request.DuplicatePolicy = "ada@example.com", returnExisting
		got, err := r.CreateLead(r.ctx, request)
		if err != nil || got.GetLead().GetLeadId() != newest.GetLead().GetLeadId() {
			t.Errorf("%v, %v; want %s, not %s", got, err, newest.GetLead().GetLeadId(), byEmail.GetLeadId())
		}
	})
}

func TestOfFiftyCreatesOfOnePersonOneIsAccepted(t *testing.T) {
	inTime(t, func(t *testing.T, _ *rig) {
		r, open := gated(t)
		type answer struct {
			lead *leadmuxv1.Lead
			err  error
		}
		answers := make(chan answer)
		for range 50 {
			go func() {
				response, err := r.CreateLead(r.ctx, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: []string{"west"}})
				answers <- answer{response.GetLead(), err}
			}()
		}
		open()
		var id string
		var named []string
		for range 50 {
			a := <-answers
			if a.err == nil {
				if id != "" {
					t.Error("a second lead was accepted")
				}
				id = a.lead.GetLeadId()
				continue
			}
			named = append(named, refused(t, a.err, codes.AlreadyExists, "LEAD_EXISTS", "lead.phone").metadata["lead_id"])
		}
		if len(named) != 49 {
			t.Fatalf("%d were refused", len(named))
		}
		for _, other := range named {
			if other != id {
				t.Errorf("a refusal names %q, not %q", other, id)
			}
		}
		synctest.Wait()
		if r.leads("default") != 1 || r.verse.seen() != 1 {
			t.Errorf("%d leads, %d sent", r.leads("default"), r.verse.seen())
		}
	})
}

// A refused create costs no rate slot: at one request a second, others would wait for it.
func TestADuplicateTakesNoRateSlot(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		slow := caller(t, "slow")
		create := func(phone string, policy leadmuxv1.DuplicatePolicy) (*leadmuxv1.CreateLeadResponse, error) {
			return r.CreateLead(slow, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Phone: phone}, DuplicatePolicy: policy, Wait: seconds(0)})
		}
		<-time.After(10 * time.Second)
		if _, err := create("4155550142", reject); err != nil {
			t.Fatal(err)
		}
		<-time.After(10 * time.Second)
		_, err := create("4155550142", reject)
		refused(t, err, codes.AlreadyExists, "LEAD_EXISTS", "lead.phone")
		if _, err := create("4155550142", returnExisting); err != nil {
			t.Fatal(err)
		}
		response, err := create("4155550143", reject)
		if err != nil || stateAt(response.GetLead(), "slow") == "QUEUED" {
			t.Errorf("%v, %v: its slot is gone", response.GetLead().GetEngagements(), err)
		}
	})
}

func TestNothingIsAcceptedOnceTheCallIsOver(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		ctx, cancel := context.WithCancel(r.ctx)
		cancel()
		_, err := r.CreateLead(ctx, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: []string{"west"}})
		refused(t, err, codes.Canceled, "DEADLINE_EXCEEDED")
		if n := r.leads("default"); n != 0 {
			t.Errorf("%d leads", n)
		}
	})
}

package service_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/service"
)

func (r *rig) events(tenant string) []string {
	r.t.Helper()
	var kinds []string
	err := r.store.View(context.Background(), func(index idmap.Reader) error {
		events, err := index.Events(tenant, "", 1000)
		for _, event := range events {
			kinds = append(kinds, event.GetType())
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return kinds
}

func TestCreateLeadGivesTheLeadToEachAccount(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.ujet.answer = fails(adapters.KindInvalid)
		response, err := r.CreateLead(r.ctx, &leadmuxv1.CreateLeadRequest{
			Lead: &leadmuxv1.Lead{Phone: "415 555 0142"}, Accounts: []string{"west", "support", "east"},
		})
		if err != nil {
			t.Fatal(err) // a vendor's refusal is no error of the call
		}
		lead := response.GetLead()
		equal(t, "accounts", accountsOf(lead), []string{"east", "support", "west"})
		if stateAt(lead, "east") != "ACTIVE" || stateAt(lead, "west") != "ACTIVE" || stateAt(lead, "support") != "REJECTED" {
			t.Errorf("engagements %v", lead.GetEngagements())
		}
		if lead.GetLeadId() == "" || lead.GetEtag() == "" || !lead.GetCreateTime().IsValid() || lead.GetPhone() != "+14155550142" {
			t.Errorf("lead %v", lead)
		}
		if kinds := r.events("default"); kinds[0] != "lead.created" || len(kinds) != 5 {
			t.Errorf("events %v", kinds)
		}
		got, err := r.GetLead(r.ctx, &leadmuxv1.GetLeadRequest{LeadId: lead.GetLeadId()})
		if err != nil || got.GetLead().GetEtag() != lead.GetEtag() {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// twice is a store that runs each change once in vain, as a store may.
type twice struct{ idmap.Store }

func (s twice) Update(ctx context.Context, fn func(idmap.Tx) error) error {
	undone := errors.New("undone")
	if err := s.Store.Update(ctx, func(tx idmap.Tx) error { return errors.Join(undone, fn(tx)) }); !errors.Is(err, undone) {
		return err
	}
	return s.Store.Update(ctx, fn)
}

func TestCreateLeadMayRunItsChangeAgain(t *testing.T) {
	inTime(t, func(t *testing.T, _ *rig) {
		r := newRig(t, func(cfg *service.Config) { cfg.Store = twice{cfg.Store} })
		lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		equal(t, "accounts", accountsOf(lead), []string{"west"})
		synctest.Wait()
		if r.leads("default") != 1 || r.verse.seen() != 1 {
			t.Errorf("%d leads, %d sent", r.leads("default"), r.verse.seen())
		}
	})
}

func TestCreateLeadAnswersAfterWait(t *testing.T) {
	for name, c := range map[string]struct {
		request *leadmuxv1.CreateLeadRequest
		took    time.Duration
	}{
		"none said":   {&leadmuxv1.CreateLeadRequest{}, 5 * time.Second},
		"none wanted": {&leadmuxv1.CreateLeadRequest{Wait: seconds(0)}, 0},
		"twelve":      {&leadmuxv1.CreateLeadRequest{Wait: seconds(12)}, 12 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				r.verse.answer = func(ctx context.Context, _ adapters.LeadInput) (adapters.LeadResult, error) {
					<-ctx.Done()
					return adapters.LeadResult{}, ctx.Err()
				}
				c.request.Lead, c.request.Accounts = &leadmuxv1.Lead{Phone: "4155550142"}, []string{"west"}
				start := time.Now()
				response, err := r.CreateLead(r.ctx, c.request)
				if took := time.Since(start); err != nil || took != c.took || stateAt(response.GetLead(), "west") != "SENDING" {
					t.Errorf("%v, %v after %s, want %s", response, err, took, c.took)
				}
			})
		})
	}
}

// A caller whose time is over when the lead is durable gets the lead, not an error.
func TestCreateLeadIsAcceptedThoughItsCallerIsGone(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.verse.answer = func(ctx context.Context, _ adapters.LeadInput) (adapters.LeadResult, error) {
			<-ctx.Done()
			return adapters.LeadResult{}, ctx.Err()
		}
		ctx, cancel := context.WithTimeout(r.ctx, time.Second)
		defer cancel()
		response, err := r.CreateLead(ctx, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: []string{"west"}})
		if err != nil || stateAt(response.GetLead(), "west") != "SENDING" {
			t.Errorf("%v, %v", response, err)
		}
	})
}

func TestCreateLeadIsNothingWithoutACapableAccount(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		mutes := caller(t, "mutes")
		for _, preview := range []bool{false, true} {
			_, err := r.CreateLead(mutes, &leadmuxv1.CreateLeadRequest{
				Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: []string{"silent"}, ValidateOnly: preview,
			})
			refused(t, err, codes.Unimplemented, "CAPABILITY_NOT_SUPPORTED")
		}
		if n := r.leads("mutes"); n != 0 {
			t.Errorf("%d leads", n)
		}
	})
}

func TestValidateOnlyShowsAndLeavesNothing(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		response, err := r.CreateLead(r.ctx, &leadmuxv1.CreateLeadRequest{
			Lead: &leadmuxv1.Lead{FirstName: "Ada", Phone: "4155550142"}, Accounts: []string{"west", "support"}, ValidateOnly: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		lead := response.GetLead()
		equal(t, "accounts", accountsOf(lead), []string{"support", "west"})
		if lead.GetLeadId() != "" || stateAt(lead, "west") != "QUEUED" || len(response.GetVendorRequests()) != 2 ||
			response.GetVendorRequests()[0].GetUrl() != "https://vendor.example.com/ujet" {
			t.Errorf("%v", response)
		}
		response, err = r.CreateLead(r.ctx, &leadmuxv1.CreateLeadRequest{
			Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: []string{"west"}, ValidateOnly: true,
		})
		if err != nil || stateAt(response.GetLead(), "west") != "REJECTED" || len(response.GetVendorRequests()) != 0 ||
			response.GetLead().GetEngagements()[0].GetError().GetReason() != "VENDOR_REFUSED" {
			t.Errorf("%v, %v", response, err)
		}
		synctest.Wait()
		if r.leads("default") != 0 || r.verse.seen()+r.ujet.seen() != 0 || len(r.events("default")) != 0 {
			t.Error("something was stored or sent")
		}
	})
}

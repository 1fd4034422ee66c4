package service_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// give creates a lead of tenant "full" at accounts and waits for it.
func (r *rig) give(lead *leadmuxv1.Lead, accounts ...string) *leadmuxv1.Lead {
	r.t.Helper()
	response, err := r.CreateLead(r.full, &leadmuxv1.CreateLeadRequest{Lead: lead, Accounts: accounts, DuplicatePolicy: allow})
	if err != nil {
		r.t.Fatal(err)
	}
	return response.GetLead()
}

// update is UpdateLead with a mask of these paths; without, of what the lead has.
func (r *rig) update(lead *leadmuxv1.Lead, paths ...string) (*leadmuxv1.Lead, error) {
	r.t.Helper()
	request := &leadmuxv1.UpdateLeadRequest{Lead: lead}
	if len(paths) > 0 {
		request.UpdateMask = &fieldmaskpb.FieldMask{Paths: paths}
	}
	response, err := r.UpdateLead(r.full, request)
	return response.GetLead(), err
}

// updated is update that must be good.
func (r *rig) updated(lead *leadmuxv1.Lead, paths ...string) *leadmuxv1.Lead {
	r.t.Helper()
	got, err := r.update(lead, paths...)
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// read is the lead as it is in tenant "full".
func (r *rig) read(id string) *leadmuxv1.Lead {
	r.t.Helper()
	got, err := r.GetLead(r.full, &leadmuxv1.GetLeadRequest{LeadId: id})
	if err != nil {
		r.t.Fatal(err)
	}
	return got.GetLead()
}

// put changes a stored lead past the service.
func (r *rig) put(id string, change func(lead *leadmuxv1.Lead)) {
	r.t.Helper()
	err := r.store.Update(context.Background(), func(tx idmap.Tx) error {
		lead, err := tx.Lead("full", id)
		if err != nil {
			return err
		}
		change(lead)
		return tx.PutLead("full", lead)
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// standing is an engagement put into a state past the service.
func (r *rig) standing(id, account string, state leadmuxv1.EngagementState) {
	r.t.Helper()
	r.put(id, func(lead *leadmuxv1.Lead) { delivery.Engagement(lead, account).State = state })
}

// end is EndConversation at accounts.
func (r *rig) end(id string, accounts ...string) (*leadmuxv1.Lead, error) {
	r.t.Helper()
	got, err := r.EndConversation(r.full, &leadmuxv1.EndConversationRequest{LeadId: id, Accounts: accounts, Reason: "sold"})
	return got.GetLead(), err
}

// engage is EngageLead at accounts.
func (r *rig) engage(id string, accounts ...string) (*leadmuxv1.Lead, error) {
	r.t.Helper()
	got, err := r.EngageLead(r.full, &leadmuxv1.EngageLeadRequest{LeadId: id, Accounts: accounts})
	return got.GetLead(), err
}

// lookup is the lead that a vendor's ID leads to, "" for none.
func (r *rig) lookup(account, vendorLeadID string) string {
	r.t.Helper()
	got, err := r.LookupLead(r.full, &leadmuxv1.LookupLeadRequest{Account: account, VendorLeadId: vendorLeadID})
	if err != nil && refusalOf(r.t, err).reason != "LEAD_NOT_FOUND" {
		r.t.Fatal(err)
	}
	return got.GetLead().GetLeadId()
}

// sound checks the index.
func (r *rig) sound() {
	r.t.Helper()
	report, err := r.store.Verify(context.Background())
	if err != nil || len(report.Problems) > 0 {
		r.t.Errorf("the index: %v %v", err, report.Problems)
	}
}

// codesAt are the codes of the warnings of a lead's engagement.
func codesAt(lead *leadmuxv1.Lead, account string) string {
	var list []string
	for _, w := range delivery.Engagement(lead, account).GetWarnings() {
		list = append(list, w.GetCode())
	}
	return strings.Join(list, " ")
}

// late answers after a while.
func late(d time.Duration, then answer) answer {
	return func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
		select {
		case <-time.After(d):
			return then(ctx, in)
		case <-ctx.Done():
			return adapters.LeadResult{}, ctx.Err()
		}
	}
}

// as answers with another vendor ID each time, in turn.
func as(ids ...string) answer {
	return func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
		result, err := took(ctx, in)
		n := len(in.Engagement.GetClosed())
		result.VendorLeadID = ids[min(n, len(ids)-1)]
		return result, err
	}
}

func ada1() *leadmuxv1.Lead {
	return &leadmuxv1.Lead{
		FirstName: "Ada", LastName: "Byron", Phone: "+14155550142", Email: "ada@example.com", Tags: []string{"hot"},
		Owner: &leadmuxv1.Owner{FirstName: "Bo", Email: "bo@example.com"}, Attributes: map[string]string{"make": "Lada", "year": "1999"},
	}
}

// nothingNew checks that nothing is stored or sent by what do does.
func (r *rig) nothingNew(do func()) {
	r.t.Helper()
	look := func() (string, int) {
		var all []string
		for _, tenant := range []string{"full", "default", "other"} {
			err := r.store.View(context.Background(), func(index idmap.Reader) error {
				leads, _, err := index.ListLeads(tenant, idmap.LeadFilter{}, "", 1000)
				for _, lead := range leads {
					all = append(all, lead.GetLeadId()+lead.GetEtag())
				}
				return err
			})
			if err != nil {
				r.t.Fatal(err)
			}
			all = append(all, r.events(tenant)...)
		}
		slices.Sort(all)
		return strings.Join(all, " "), r.all.seen() + r.bot.seen() + r.plain.seen() + r.desk.seen()
	}
	before, sent := look()
	do()
	if after, n := look(); after != before || n != sent {
		r.t.Errorf("something was stored (%t) or sent (%d)", after != before, n-sent)
	}
}

func same(t *testing.T, got, want proto.Message) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func stateName(s leadmuxv1.EngagementState) string {
	return strings.TrimPrefix(s.String(), "ENGAGEMENT_STATE_")
}

package service_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/service"
)

// batch is BatchCreateLeads, in tenant "full".
func (r *rig) batch(wait int64, requests ...*leadmuxv1.CreateLeadRequest) []*leadmuxv1.BatchCreateLeadsResult {
	r.t.Helper()
	got, err := r.BatchCreateLeads(r.full, &leadmuxv1.BatchCreateLeadsRequest{Requests: requests, Wait: seconds(wait)})
	if err != nil {
		r.t.Fatal(err)
	}
	if len(got.GetResults()) != len(requests) {
		r.t.Fatalf("%d results of %d requests", len(got.GetResults()), len(requests))
	}
	return got.GetResults()
}

// nth is the request for a person of their own.
func nth(n int) *leadmuxv1.CreateLeadRequest {
	return &leadmuxv1.CreateLeadRequest{
		Lead: &leadmuxv1.Lead{FirstName: fmt.Sprint("Ada ", n), Email: fmt.Sprintf("ada%d@example.com", n)}, Accounts: []string{"all"},
	}
}

// reasonOf is the reason of a result that is a status, "" of a lead.
func reasonOf(t *testing.T, result *leadmuxv1.BatchCreateLeadsResult) string {
	t.Helper()
	for _, detail := range result.GetStatus().GetDetails() {
		message, err := detail.UnmarshalNew()
		if err != nil {
			t.Fatal(err)
		}
		if info, ok := message.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	if result.GetLead() == nil {
		return "neither lead nor reason"
	}
	return ""
}

func TestBatchAnswersInTheOrderAsked(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		bad, other, dumb, twin := nth(1), nth(3), nth(4), nth(2)
		bad.Lead.Email = "nobody"
		other.Accounts = []string{"theirs"}
		dumb.Accounts = []string{"dumb"}
		twin.Lead.FirstName = "Twin"
		again := nth(2)
		again.DuplicatePolicy = returnExisting
		results := r.batch(10, nth(0), bad, nth(2), other, dumb, twin, again, nth(5))
		want := []string{"", "INVALID_FIELD", "", "ACCOUNT_NOT_FOUND", "CAPABILITY_NOT_SUPPORTED", "LEAD_EXISTS", "", ""}
		for i, result := range results {
			if got := reasonOf(t, result); got != want[i] {
				t.Errorf("result %d is %q, want %q", i, got, want[i])
			}
		}
		for i, n := range map[int]int{0: 0, 2: 2, 6: 2, 7: 5} {
			if lead := results[i].GetLead(); lead.GetEmail() != fmt.Sprintf("ada%d@example.com", n) || stateAt(lead, "all") != "ACTIVE" {
				t.Errorf("result %d is %v", i, lead)
			}
		}
		if results[6].GetLead().GetLeadId() != results[2].GetLead().GetLeadId() || codes.Code(results[5].GetStatus().GetCode()) != codes.AlreadyExists {
			t.Errorf("%v", results)
		}
		if r.leads("full") != 3 || r.all.seen() != 3 {
			t.Errorf("%d leads, %d sent", r.leads("full"), r.all.seen())
		}
		r.sound()
	})
}

func TestBatchTakesARequestIDOnce(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		with := func(n int, id string) *leadmuxv1.CreateLeadRequest {
			q := nth(n)
			q.RequestId = id
			return q
		}
		results := r.batch(10, with(0, "a"), with(0, "a"), with(1, "a"), with(1, "b"))
		if reasonOf(t, results[2]) != "REQUEST_ID_REUSED" || results[0].GetLead().GetLeadId() != results[1].GetLead().GetLeadId() ||
			results[3].GetLead() == nil || r.leads("full") != 2 {
			t.Errorf("%v", results)
		}
		// The whole batch again is the same batch, and so is each lead by itself.
		for i, again := range r.batch(10, with(0, "a"), with(0, "a"), with(1, "a"), with(1, "b")) {
			if !proto.Equal(again, results[i]) {
				t.Errorf("result %d is now %v", i, again)
			}
		}
		single, err := r.CreateLead(r.full, with(1, "b"))
		if err != nil || single.GetLead().GetLeadId() != results[3].GetLead().GetLeadId() || r.leads("full") != 2 {
			t.Errorf("%v, %v", single, err)
		}
	})
}

func TestBatchOfAThousand(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		requests := make([]*leadmuxv1.CreateLeadRequest, 1000)
		for i := range requests {
			requests[i] = nth(i)
		}
		start := time.Now()
		ids := map[string]bool{}
		for i, result := range r.batch(25, requests...) {
			if result.GetLead().GetEmail() != requests[i].GetLead().GetEmail() || stateAt(result.GetLead(), "all") != "ACTIVE" {
				t.Fatalf("result %d is %v", i, result)
			}
			ids[result.GetLead().GetLeadId()] = true
		}
		if took := time.Since(start); took != 0 || len(ids) != 1000 || r.all.seen() != 1000 {
			t.Errorf("%d leads, %d sent, after %s", len(ids), r.all.seen(), took)
		}
		r.sound()
	})
}

func TestBatchWaitsForAllTogether(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.all.answer = func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			return late(map[string]time.Duration{"Ada 0": 2 * time.Second, "Ada 1": 20 * time.Second}[in.Lead.GetFirstName()], took)(ctx, in)
		}
		start := time.Now()
		results := r.batch(6, nth(0), nth(1), nth(2))
		if took := time.Since(start); took != 6*time.Second || stateAt(results[0].GetLead(), "all") != "ACTIVE" ||
			stateAt(results[1].GetLead(), "all") != "SENDING" || stateAt(results[2].GetLead(), "all") != "ACTIVE" {
			t.Errorf("%v after %s", results, took)
		}
	})
}

// The leads of a batch wait in the queue, so that a single lead does not wait behind them.
func TestBatchLeavesTheSlotsToOthers(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		slow := caller(t, "slow")
		requests := []*leadmuxv1.CreateLeadRequest{nth(0), nth(1), nth(2)}
		for _, q := range requests {
			q.Accounts = nil
		}
		<-time.After(2 * time.Second) // the first slot after a start comes late
		if _, err := r.BatchCreateLeads(slow, &leadmuxv1.BatchCreateLeadsRequest{Requests: requests, Wait: seconds(0)}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if r.verse.seen() != 1 {
			t.Errorf("%d left at once", r.verse.seen())
		}
		<-time.After(5 * time.Second)
		if r.verse.seen() != 3 {
			t.Errorf("%d left", r.verse.seen())
		}
	})
}

func TestBatchShowsWhatIsToBeValidatedOnly(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		preview, refusedOne := nth(1), nth(2)
		preview.ValidateOnly, preview.RequestId = true, "a"
		refusedOne.ValidateOnly, refusedOne.Lead.FirstName = true, ""
		results := r.batch(10, nth(0), preview, refusedOne)
		if results[1].GetLead().GetLeadId() != "" || len(results[1].GetVendorRequests()) != 1 || stateAt(results[1].GetLead(), "all") != "QUEUED" {
			t.Errorf("%v", results[1])
		}
		if stateAt(results[2].GetLead(), "all") != "REJECTED" || len(results[2].GetVendorRequests()) != 0 || len(results[0].GetVendorRequests()) != 0 {
			t.Errorf("%v", results)
		}
		if r.leads("full") != 1 || r.all.seen() != 1 {
			t.Errorf("%d leads, %d sent", r.leads("full"), r.all.seen())
		}
	})
}

// failing is a store that fails some of its changes.
type failing struct {
	idmap.Store
	mu   sync.Mutex
	fail map[int]bool // by number of the change, from 1; only while it is not nil
	n    int
}

var errDisk = errors.New("the disk is full")

func (f *failing) Update(ctx context.Context, fn func(idmap.Tx) error) error {
	f.mu.Lock()
	f.n++
	fail := f.fail[f.n]
	f.mu.Unlock()
	if fail {
		return errDisk
	}
	return f.Store.Update(ctx, fn)
}

func TestBatchGoesOnWhenTheIndexFailsMidway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &failing{fail: map[int]bool{2: true}}
		r := newRig(t, func(cfg *service.Config) { store.Store, cfg.Store = cfg.Store, store })
		requests := make([]*leadmuxv1.CreateLeadRequest, 250)
		for i := range requests {
			requests[i] = nth(i)
			requests[i].RequestId = fmt.Sprint("req-", i)
		}
		requests[150].Lead.Email = "nobody"
		failed := 0
		for i, result := range r.batch(10, requests...) {
			reason := reasonOf(t, result)
			switch {
			case i == 150:
				if reason != "INVALID_FIELD" {
					t.Errorf("result %d is %v", i, result)
				}
			case i >= 100 && i < 200:
				failed++
				if reason != "INTERNAL" {
					t.Errorf("result %d is %v", i, result)
				}
			case reason != "":
				t.Errorf("result %d is %v", i, result)
			}
		}
		if failed != 99 || r.leads("full") != 150 || r.all.seen() != 150 {
			t.Errorf("%d failed, %d leads, %d sent", failed, r.leads("full"), r.all.seen())
		}
		requests[150] = nth(150) // now the caller sends it all again
		for i, result := range r.batch(10, requests...) {
			if reason := reasonOf(t, result); reason != "" {
				t.Errorf("result %d is %s", i, reason)
			}
		}
		if r.leads("full") != 250 || r.all.seen() != 250 {
			t.Errorf("%d leads, %d sent", r.leads("full"), r.all.seen())
		}
		r.sound()
	})
}

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
	"github.com/leadmux/leadmux/internal/delivery"
)

// ask is one of the three RPCs about a conversation.
type ask func(ctx context.Context, request *leadmuxv1.EndConversationRequest) (*leadmuxv1.Lead, []*leadmuxv1.VendorRequest, error)

// asks are the three RPCs by name. Their requests are alike.
func (r *rig) asks() map[string]ask {
	return map[string]ask{
		"EndConversation": func(ctx context.Context, q *leadmuxv1.EndConversationRequest) (*leadmuxv1.Lead, []*leadmuxv1.VendorRequest, error) {
			got, err := r.EndConversation(ctx, q)
			return got.GetLead(), got.GetVendorRequests(), err
		},
		"StopConversation": func(ctx context.Context, q *leadmuxv1.EndConversationRequest) (*leadmuxv1.Lead, []*leadmuxv1.VendorRequest, error) {
			got, err := r.StopConversation(ctx, likewise(q, &leadmuxv1.StopConversationRequest{}))
			return got.GetLead(), got.GetVendorRequests(), err
		},
		"DeferConversation": func(ctx context.Context, q *leadmuxv1.EndConversationRequest) (*leadmuxv1.Lead, []*leadmuxv1.VendorRequest, error) {
			got, err := r.DeferConversation(ctx, likewise(q, &leadmuxv1.DeferConversationRequest{}))
			return got.GetLead(), got.GetVendorRequests(), err
		},
	}
}

// likewise is a request with the fields of another one.
func likewise[M proto.Message](q proto.Message, to M) M {
	bytes, err := proto.Marshal(q)
	if err == nil {
		err = proto.Unmarshal(bytes, to)
	}
	if err != nil {
		panic(err) //nolint:forbidigo // a test that cannot be set up
	}
	return to
}

// conversations runs a test for each of the three RPCs.
func conversations(t *testing.T, test func(t *testing.T, r *rig, rpc, state string, do ask)) {
	t.Helper()
	for rpc, state := range map[string]string{"EndConversation": "QUALIFIED", "StopConversation": "UNQUALIFIED", "DeferConversation": "ACTIVE"} {
		t.Run(rpc, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) { test(t, r, rpc, state, r.asks()[rpc]) })
		})
	}
}

func TestAConversationOfAllAccounts(t *testing.T) {
	conversations(t, func(t *testing.T, r *rig, rpc, state string, do ask) {
		id := r.give(ada1(), "all", "bot", "plain", "desk").GetLeadId()
		r.standing(id, "bot", leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED)
		got, _, err := do(r.full, &leadmuxv1.EndConversationRequest{LeadId: id, Reason: "sold"})
		if err != nil || stateAt(got, "all") != state || stateAt(got, "bot") != "ENDED" || stateAt(got, "desk") != "ACTIVE" {
			t.Fatalf("%v, %v", got, err)
		}
		if outcome := delivery.Engagement(got, "all").GetOutcome(); (state != "ACTIVE") != (outcome.GetReason() == "sold") || outcome.GetQualified() != (state == "QUALIFIED") {
			t.Errorf("the outcome is %v", outcome)
		}
		told := map[string]string{"all": "", "bot": "", "plain": "", "desk": "VENDOR_NOT_TOLD"}
		if rpc == "DeferConversation" {
			told["plain"] = "VENDOR_NOT_TOLD"
		}
		for account, want := range told {
			if codesAt(got, account) != want {
				t.Errorf("%s has the warnings %q, want %q", account, codesAt(got, account), want)
			}
		}
		equal(t, "all saw", r.all.rpcsSeen(), []string{"CreateLead", rpc})
		equal(t, "bot saw", r.bot.rpcsSeen(), []string{"CreateLead"})
		equal(t, "desk saw", r.desk.rpcsSeen(), []string{"CreateLead"})
		if r.all.last().in.Reason != "sold" {
			t.Errorf("the vendor had the reason %q", r.all.last().in.Reason)
		}
	})
}

func TestAConversationThatNoVendorCanEndIsWarnedOfOnce(t *testing.T) {
	conversations(t, func(t *testing.T, r *rig, _, _ string, do ask) {
		id := r.give(ada1(), "desk").GetLeadId()
		first, _, err := do(r.full, &leadmuxv1.EndConversationRequest{LeadId: id})
		if err != nil || codesAt(first, "desk") != "VENDOR_NOT_TOLD" || stateAt(first, "desk") != "ACTIVE" {
			t.Errorf("%v, %v", first, err)
		}
		r.nothingNew(func() {
			if again, _, err := do(r.full, &leadmuxv1.EndConversationRequest{LeadId: id}); err != nil || !proto.Equal(again, first) {
				t.Errorf("%v, %v", again, err)
			}
		})
	})
}

func TestAConversationOfNamedAccounts(t *testing.T) {
	conversations(t, func(t *testing.T, r *rig, rpc, state string, do ask) {
		id := r.give(ada1(), "all", "bot", "desk").GetLeadId()
		able := "all, bot, plain"
		if rpc == "DeferConversation" {
			able = "all, bot"
		}
		r.nothingNew(func() {
			for _, c := range []struct {
				accounts []string
				code     codes.Code
				reason   string
				field    []string
			}{
				{[]string{"bot", "all", "plain"}, codes.FailedPrecondition, "ENGAGEMENT_NOT_OPEN", []string{"accounts[2]"}},
				{[]string{"bot", "theirs"}, codes.InvalidArgument, "ACCOUNT_NOT_FOUND", []string{"accounts[1]"}},
				{[]string{"nowhere"}, codes.InvalidArgument, "ACCOUNT_NOT_FOUND", []string{"accounts[0]"}},
				{[]string{"desk", "all"}, codes.Unimplemented, "CAPABILITY_NOT_SUPPORTED", nil},
			} {
				_, _, err := do(r.full, &leadmuxv1.EndConversationRequest{LeadId: id, Accounts: c.accounts})
				if got := refused(t, err, c.code, c.reason, c.field...); c.field == nil && got.metadata["accounts"] != able {
					t.Errorf("metadata %v", got.metadata)
				}
			}
			some := caller(t, "full", "desk", "bot")
			_, _, err := do(some, &leadmuxv1.EndConversationRequest{LeadId: id, Accounts: []string{"all"}})
			refused(t, err, codes.PermissionDenied, "ACCOUNT_NOT_ALLOWED", "accounts[0]")
			_, _, err = do(some, &leadmuxv1.EndConversationRequest{LeadId: id, Accounts: []string{"desk"}})
			if got := refused(t, err, codes.Unimplemented, "CAPABILITY_NOT_SUPPORTED"); got.metadata["accounts"] != "bot" {
				t.Errorf("metadata %v", got.metadata)
			}
			_, _, err = do(r.another, &leadmuxv1.EndConversationRequest{LeadId: id})
			refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
		})
		got, _, err := do(r.full, &leadmuxv1.EndConversationRequest{LeadId: id, Accounts: []string{"all"}})
		if err != nil || stateAt(got, "all") != state || stateAt(got, "bot") != "ACTIVE" || codesAt(got, "desk") != "" {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestAConversationMustBeOpen(t *testing.T) {
	conversations(t, func(t *testing.T, r *rig, _, _ string, do ask) {
		id := r.give(ada1(), "all").GetLeadId()
		for _, state := range []leadmuxv1.EngagementState{
			leadmuxv1.EngagementState_ENGAGEMENT_STATE_REJECTED, leadmuxv1.EngagementState_ENGAGEMENT_STATE_SUPPRESSED,
			leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED, leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNQUALIFIED,
			leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED, leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT,
		} {
			r.standing(id, "all", state)
			r.nothingNew(func() {
				_, _, err := do(r.full, &leadmuxv1.EndConversationRequest{LeadId: id})
				refused(t, err, codes.FailedPrecondition, "ENGAGEMENT_NOT_OPEN")
				_, _, err = do(r.full, &leadmuxv1.EndConversationRequest{LeadId: id, Accounts: []string{"all"}})
				refused(t, err, codes.FailedPrecondition, "ENGAGEMENT_NOT_OPEN", "accounts[0]")
			})
		}
	})
}

func TestARepeatedConversationRequestIsMadeOnce(t *testing.T) {
	conversations(t, func(t *testing.T, r *rig, rpc, state string, do ask) {
		id := r.give(ada1(), "all").GetLeadId()
		request := &leadmuxv1.EndConversationRequest{LeadId: id, RequestId: "req-1", Reason: "sold"}
		preview := proto.CloneOf(request)
		preview.ValidateOnly = true
		r.nothingNew(func() {
			got, shown, err := do(r.full, preview)
			if err != nil || len(shown) != 1 || shown[0].GetBody() != rpc || stateAt(got, "all") != "ACTIVE" {
				t.Errorf("%v, %v, %v", got, shown, err)
			}
		})
		for range 3 {
			if got, _, err := do(r.full, request); err != nil || stateAt(got, "all") != state {
				t.Errorf("%v, %v", got, err)
			}
		}
		equal(t, "all saw", r.all.rpcsSeen(), []string{"CreateLead", rpc})
		request.Reason = "another"
		_, _, err := do(r.full, request)
		refused(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED", "request_id")
	})
}

// A vendor's refusal is no error of the call.
func TestAConversationThatAVendorRefusesToEnd(t *testing.T) {
	conversations(t, func(t *testing.T, r *rig, rpc, state string, do ask) {
		id := r.give(ada1(), "all", "bot").GetLeadId()
		r.all.on = map[string]answer{rpc: fails(adapters.KindNotFound)}
		got, _, err := do(r.full, &leadmuxv1.EndConversationRequest{LeadId: id})
		if err != nil || stateAt(got, "all") != "ACTIVE" || stateAt(got, "bot") != state {
			t.Fatalf("%v, %v", got, err)
		}
		if e := delivery.Engagement(got, "all"); e.GetError().GetReason() != "VENDOR_NOT_FOUND" || e.GetOutcome() != nil {
			t.Errorf("%v", e)
		}
	})
}

func TestAnEndBeforeTheLeadIsSentFollowsIt(t *testing.T) {
	conversations(t, func(t *testing.T, r *rig, rpc, state string, do ask) {
		all, _ := r.set.Get("full", "all")
		all.Line.Stop(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ACCOUNT_ON_HOLD)
		id := r.give(ada1(), "all").GetLeadId()
		start := time.Now()
		got, _, err := do(r.full, &leadmuxv1.EndConversationRequest{LeadId: id})
		if took := time.Since(start); err != nil || took != 0 || stateAt(got, "all") != "QUEUED" {
			t.Errorf("%v, %v after %s", got, err, took)
		}
		all.Line.Resume()
		r.d.Wake("all")
		synctest.Wait()
		equal(t, "all saw", r.all.rpcsSeen(), []string{"CreateLead", rpc})
		if lead := r.read(id); stateAt(lead, "all") != state {
			t.Errorf("%v", lead)
		}
	})
}

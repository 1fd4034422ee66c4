package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

const passthroughRPC = "AccountService.Passthrough"

// rawPerson writes an end user by UJET's own words. Its name must stand nowhere but at UJET and in the answer to the caller.
func rawPerson(t *testing.T, requestID, name string) *leadmuxv1.PassthroughRequest {
	t.Helper()
	body, err := structpb.NewValue(map[string]any{"identifier": "raw-1", "name": name})
	if err != nil {
		t.Fatal(err)
	}
	return &leadmuxv1.PassthroughRequest{Account: harness.UJET, Method: "POST", Path: "/end_users", Body: body, RequestId: requestID}
}

func waitTimes() *leadmuxv1.PassthroughRequest {
	return &leadmuxv1.PassthroughRequest{Account: harness.UJET, Method: "GET", Path: "/wait_times", Query: map[string]string{"lang": "en"}}
}

// rawOperations are the raw requests in the journal.
func rawOperations(t *testing.T, client harness.Client) []*leadmuxv1.Operation {
	t.Helper()
	var all leadmuxv1.ListOperationsResponse
	client.Must(t, "OperationService.ListOperations", &leadmuxv1.ListOperationsRequest{Method: "Passthrough"}, &all)
	return all.GetOperations()
}

// TestPassthrough makes raw requests at UJET: a read leaves nothing in the journal; a write is journalled without its content, done once
// for each request_id, and what UJET says of it is the answer.
func TestPassthrough(t *testing.T) {
	overBoth(t, func(t *testing.T, env *harness.Env, via harness.Via) {
		client, vendor := env.Server.Client(via), env.Vendors.Get(harness.UJET)
		var read leadmuxv1.PassthroughResponse
		client.Must(t, passthroughRPC, waitTimes(), &read)
		if read.GetStatus() != http.StatusOK || len(read.GetBody().GetListValue().GetValues()) == 0 || len(rawOperations(t, client)) != 0 {
			t.Errorf("%v, %v", &read, rawOperations(t, client))
		}
		const name = "Kanaria Passthrough"
		var first, again leadmuxv1.PassthroughResponse
		client.Must(t, passthroughRPC, rawPerson(t, "raw-1", name), &first)
		client.Must(t, passthroughRPC, rawPerson(t, "raw-1", name), &again)
		if first.GetStatus() != http.StatusOK || first.GetBody().GetStructValue().GetFields()["id"] == nil || first.String() != again.String() {
			t.Errorf("%v\n%v", &first, &again)
		}
		if n := len(effectsOf(vendor.Requests(t), "/end_users")); n != 1 {
			t.Errorf("%d effects", n)
		}
		if other := client.Try(t, passthroughRPC, rawPerson(t, "raw-1", "Somebody Else")); other.Code != codes.InvalidArgument || other.Reason() != "REQUEST_ID_REUSED" {
			t.Errorf("%v %s", other.Code, other.Body)
		}
		var refused leadmuxv1.PassthroughResponse
		client.Must(t, passthroughRPC, &leadmuxv1.PassthroughRequest{Account: harness.UJET, Method: "POST", Path: "/calls"}, &refused)
		if refused.GetStatus() != http.StatusBadRequest || refused.GetBody().GetStructValue().GetFields()["message"].GetStringValue() == "" {
			t.Errorf("%v", &refused)
		}
		ops := rawOperations(t, client)
		if len(ops) != 2 || ops[1].GetState() != opSucceeded || ops[1].GetAttempts()[0].GetHttpStatus() != http.StatusOK ||
			ops[1].GetIdempotencyClass() != leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_AT_MOST_ONCE || ops[0].GetAttempts()[0].GetHttpStatus() != http.StatusBadRequest {
			t.Errorf("%v", ops)
		}
		for _, op := range ops {
			if strings.Contains(op.String(), "Kanaria") {
				t.Errorf("the journal holds the content: %v", op)
			}
		}
		if strings.Contains(env.Server.Output(), "Kanaria") || strings.Contains(env.Server.Output(), "raw-1@") {
			t.Error("the log holds the content")
		}
	})
}

// effectsOf are the requests to a path that had an effect.
func effectsOf(requests []kit.Request, path string) []kit.Request {
	var all []kit.Request
	for _, r := range requests {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, path) && r.Effect != "" {
			all = append(all, r)
		}
	}
	return all
}

// TestPassthroughIsOnlyForThoseWhoMay tries it without a key, without the scope, and at an account or with words that are not for it:
// nothing reaches a vendor, and nothing is journalled.
func TestPassthroughIsOnlyForThoseWhoMay(t *testing.T) {
	overBoth(t, func(t *testing.T, env *harness.Env, via harness.Via) {
		client, vendor := env.Server.Client(via), env.Vendors.Get(harness.UJET)
		for key, want := range map[string]codes.Code{
			harness.KeyNone: codes.Unauthenticated, harness.KeyWrong: codes.Unauthenticated, harness.KeyReader: codes.PermissionDenied,
			harness.KeyAccounts: codes.PermissionDenied, harness.KeyOne: codes.PermissionDenied, harness.KeyOther: codes.NotFound,
		} {
			if answer := client.As(key).Try(t, passthroughRPC, rawPerson(t, "", "x")); answer.Code != want {
				t.Errorf("%s: %v %s", key, answer.Code, answer.Body)
			}
		}
		for name, bad := range map[string]struct {
			change func(*leadmuxv1.PassthroughRequest)
			field  string
		}{
			"no slash":       {func(r *leadmuxv1.PassthroughRequest) { r.Path = "end_users" }, "path"},
			"a query":        {func(r *leadmuxv1.PassthroughRequest) { r.Path = "/end_users?id=1" }, "path"},
			"upwards":        {func(r *leadmuxv1.PassthroughRequest) { r.Path = "/../v2/end_users" }, "path"},
			"upwards, coded": {func(r *leadmuxv1.PassthroughRequest) { r.Path = "/%2e%2e/v2/end_users" }, "path"},
			"another host":   {func(r *leadmuxv1.PassthroughRequest) { r.Path = "//example.com/end_users" }, "path"},
			"no method":      {func(r *leadmuxv1.PassthroughRequest) { r.Method = "HEAD" }, "method"},
			"no account":     {func(r *leadmuxv1.PassthroughRequest) { r.Account = "" }, "account"},
		} {
			request := rawPerson(t, "", "x")
			bad.change(request)
			if via == harness.REST && request.GetAccount() == "" {
				continue // the path has it
			}
			answer := client.Try(t, passthroughRPC, request)
			if answer.Code != codes.InvalidArgument || !strings.Contains(string(answer.Body), `"`+bad.field+`"`) {
				t.Errorf("%s: %v %s", name, answer.Code, answer.Body)
			}
		}
		if n := len(vendor.Requests(t)) + len(rawOperations(t, client)); n != 0 {
			t.Errorf("%d requests or operations", n)
		}
	})
}

// TestP3PassthroughWhoseAnswerIsLost stays in doubt over a kill -9, is not sent again, and is settled by a person.
func TestP3PassthroughWhoseAnswerIsLost(t *testing.T) {
	overBoth(t, func(t *testing.T, env *harness.Env, via harness.Via) {
		vendor := env.Vendors.Get(harness.UJET)
		vendor.Plan(t, kit.Fault{Method: "POST", Path: "/end_users", Drop: true, After: true})
		var lost map[string]string
		for range 2 {
			answer := env.Server.Client(via).Try(t, passthroughRPC, rawPerson(t, "raw-1", "Ada Byron"))
			if answer.Code != codes.Unknown || answer.Reason() != "OUTCOME_UNKNOWN" {
				t.Fatalf("%v %s", answer.Code, answer.Body)
			}
			lost = metadataOf(answer)
			env.Server.Kill9(t)
			env.Server.Start(t)
		}
		if n := len(effectsOf(vendor.Requests(t), "/end_users")); n != 1 {
			t.Errorf("%d effects", n)
		}
		client := env.Server.Client(via)
		operationIs(t, client, lost["operation_id"], leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT)
		client.Must(t, "OperationService.ResolveOperation", &leadmuxv1.ResolveOperationRequest{
			OperationId: lost["operation_id"], Verdict: leadmuxv1.Verdict_VERDICT_HAPPENED, Reason: "seen at UJET",
		}, &leadmuxv1.ResolveOperationResponse{})
		operationIs(t, client, lost["operation_id"], opSucceeded)
	})
}

// TestPassthroughKeepsTheRate makes raw requests faster than the account may: each waits for its slot. UJET's own limit is off, for a request
// that is held up on its way comes close before the next, and nobody sends a raw request again.
func TestPassthroughKeepsTheRate(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{UJETPerSecond: 1})
	client, vendor := env.Server.Client(harness.GRPC), env.Vendors.Get(harness.UJET)
	vendor.Set(t, `{"ratePerSecond": 0}`)
	begin := time.Now()
	for range 3 {
		var read leadmuxv1.PassthroughResponse
		client.Must(t, passthroughRPC, waitTimes(), &read)
		if read.GetStatus() != http.StatusOK {
			t.Errorf("%v", &read)
		}
	}
	if took := time.Since(begin); took < 1900*time.Millisecond {
		t.Errorf("three requests took %s", took)
	}
	if n := len(vendor.Requests(t)); n != 3 {
		t.Errorf("%d requests", n)
	}
}

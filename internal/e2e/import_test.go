package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// importing opens an import.
func importing(t *testing.T, ctx context.Context, env *harness.Env, key string, pairs ...string) leadmuxv1.LeadService_ImportLeadsClient { //nolint:revive // t comes first in tests
	t.Helper()
	ctx = metadata.AppendToOutgoingContext(ctx, append(pairs, "authorization", "Bearer "+env.Key(key))...)
	stream, err := leadmuxv1.NewLeadServiceClient(env.Server.Conn()).ImportLeads(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// item is one lead of an import, for the account verse.
func item(lead *leadmuxv1.Lead, key string) *leadmuxv1.ImportLeadsRequest {
	return &leadmuxv1.ImportLeadsRequest{
		Request: &leadmuxv1.CreateLeadRequest{Lead: lead, Accounts: []string{harness.Verse}, RequestId: key}, Position: "at " + key,
	}
}

// why is the reason and the fields of a result that is a refusal.
func why(result *leadmuxv1.ImportLeadsResponse) string {
	var parts []string
	for _, detail := range status.FromProto(result.GetStatus()).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			parts = append(parts, detail.GetReason())
		case *errdetails.BadRequest:
			for _, v := range detail.GetFieldViolations() {
				parts = append(parts, v.GetField())
			}
		}
	}
	return strings.Join(parts, " ")
}

// TestImportAnswersEach imports good and bad leads and reads a result for each, in order: no bad one ends the stream.
func TestImportAnswersEach(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	client := env.Server.Client(harness.GRPC)
	gone := client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(90), Accounts: []string{harness.Verse}, RequestId: "gone"})
	client.Must(t, "LeadService.EraseLead", &leadmuxv1.EraseLeadRequest{LeadId: gone.GetLeadId()}, &leadmuxv1.EraseLeadResponse{})
	long, odd, check := harness.Person(2), harness.Person(3), item(harness.Person(7), "i-check")
	long.FirstName, odd.Phone = strings.Repeat("a", 201), "12"
	check.Request.ValidateOnly = true
	twin := item(harness.Person(1), "i-twin")
	again := item(harness.Person(1), "i-again")
	again.Request.DuplicatePolicy = leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_RETURN_EXISTING
	again.Request.Lead.ExternalId = ""
	nowhere := item(harness.Person(8), "i-nowhere")
	nowhere.Request.Accounts = []string{"mars"}
	waits := item(harness.Person(4), "i-waits")
	waits.Request.Wait = harness.Wait(time.Hour)
	steps := []struct {
		item *leadmuxv1.ImportLeadsRequest
		want string // empty: taken
	}{
		{item(harness.Person(1), "i-1"), ""},
		{item(long, "i-long"), "INVALID_FIELD lead.first_name"},
		{item(odd, "i-odd"), "INVALID_FIELD lead.phone"},
		{&leadmuxv1.ImportLeadsRequest{Position: "at "}, "INVALID_FIELD request"},
		{item(nil, "i-none"), "INVALID_FIELD lead"},
		{item(harness.Person(5), ""), "INVALID_FIELD request_id"},
		{item(harness.Person(5), "no blanks"), "INVALID_FIELD request_id"},
		{waits, "INVALID_FIELD wait"},
		{item(&leadmuxv1.Lead{FirstName: "Ada"}, "i-mute"), "INVALID_FIELD lead.phone lead.email"},
		{nowhere, "ACCOUNT_NOT_FOUND accounts[0]"},
		{twin, "LEAD_EXISTS lead.external_id"},
		{item(harness.Person(6), "i-1"), "REQUEST_ID_REUSED request_id"},
		{item(harness.Person(90), "gone"), "LEAD_ERASED"},
		{item(harness.Person(1), "i-1"), "existed"},
		{again, "existed"},
		{check, "valid"},
		{item(harness.Person(9), "i-9"), ""},
	}
	stream := importing(t, t.Context(), env, harness.KeyFull)
	for _, s := range steps {
		if err := stream.Send(s.item); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i, s := range steps {
		result, err := stream.Recv()
		if err != nil {
			t.Fatalf("result %d: %v", i, err)
		}
		got := why(result)
		switch {
		case result.GetValid():
			got = "valid"
		case result.GetExisted():
			got = "existed"
		}
		if got != s.want || result.GetRequestId() != s.item.GetRequest().GetRequestId() || result.GetPosition() != s.item.GetPosition() {
			t.Errorf("item %d (%s): %q, want %q; %v", i, s.item.GetPosition(), got, s.want, result)
		}
		ids = append(ids, result.GetLeadId())
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ends with %v", err)
	}
	if ids[0] == "" || ids[13] != ids[0] || ids[14] != ids[0] || ids[len(ids)-1] == ids[0] {
		t.Errorf("leads %v", ids)
	}
	client.Reaches(t, ids[0], "verse=ACTIVE", settled)
	if n := env.Vendors.Get(harness.Verse).Created(t, harness.Person(1).GetEmail()); n != 1 {
		t.Errorf("created %d times", n)
	}
	if leads := client.List(t); len(leads) != 2 {
		t.Errorf("%d leads", len(leads))
	}
}

func TestImportIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	for name, c := range map[string]struct {
		key   string
		pairs []string
		item  *leadmuxv1.ImportLeadsRequest
		code  codes.Code
	}{
		"the key may not write":      {harness.KeyReader, nil, item(harness.Person(1), "i-1"), codes.PermissionDenied},
		"a key for the whole stream": {harness.KeyFull, []string{"idempotency-key", "all"}, item(harness.Person(1), "i-1"), codes.InvalidArgument},
		"a position too long":        {harness.KeyFull, nil, &leadmuxv1.ImportLeadsRequest{Position: strings.Repeat("p", 201)}, codes.InvalidArgument},
		"a message too large":        {harness.KeyFull, nil, item(&leadmuxv1.Lead{Comment: strings.Repeat("c", 1<<20)}, "i-1"), codes.ResourceExhausted},
	} {
		stream := importing(t, t.Context(), env, c.key, c.pairs...)
		_ = stream.Send(c.item) // Recv tells
		if _, err := stream.Recv(); status.Code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestImportIsPacedByItsReader sends without reading any result: flow control stops the sender long before the end, a single lead
// is created meanwhile without delay, and once the results are read everything gets through.
func TestImportIsPacedByItsReader(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{LogLevel: "warn"})
	client := env.Server.Client(harness.GRPC)
	env.Vendors.Get(harness.Conversica).Down() // what is imported waits there; verse is for the single lead
	stream := importing(t, t.Context(), env, harness.KeyFull)
	const many = 6000
	sent, done := make(chan int, many), make(chan error, 1)
	go func() {
		for n := range many {
			lead := &leadmuxv1.Lead{ExternalId: fmt.Sprintf("paced-%d", n), Email: fmt.Sprintf("paced%d@example.com", n), FirstName: "Ada", Source: "List", Comment: strings.Repeat("c", 4000)}
			one := item(lead, fmt.Sprintf("p-%d", n))
			one.Request.Accounts = []string{harness.Conversica}
			if err := stream.Send(one); err != nil {
				done <- err
				return
			}
			sent <- n
		}
		done <- stream.CloseSend()
	}()
	stopped := 0
	harness.Eventually(t, settled, "the sender is stopped", func() (int, bool) {
		before := stopped
		stopped = len(sent)
		return stopped, stopped > 0 && stopped == before
	})
	if stopped > many/2 {
		t.Errorf("%d of %d were taken without a result being read", stopped, many)
	}
	var slow []time.Duration
	read := make(chan int, 1)
	go func() {
		n := 0
		for ; ; n++ {
			if _, err := stream.Recv(); err != nil {
				read <- n
				return
			}
		}
	}()
	for n := range 10 {
		began := time.Now()
		lead := client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(n), Accounts: []string{harness.Verse}, Wait: harness.Wait(5 * time.Second)})
		if harness.States(lead) != "verse=ACTIVE" {
			t.Errorf("single lead: %s", harness.States(lead))
		}
		slow = append(slow, time.Since(began))
	}
	if longest := slices.Max(slow); longest > 2*time.Second {
		t.Errorf("a single lead took %s beside the import", longest)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := <-read; n != many {
		t.Errorf("%d results", n)
	}
}

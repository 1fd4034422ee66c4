package crash_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// judgeDoubtful holds a lead of a doubtful round against the vendors' ledgers: what is said to be there is there, what is said to
// be refused is not, and what is in doubt is listed and there once at most.
func (l *life) judgeDoubtful(t *testing.T, c *caller, lead *leadmuxv1.Lead) {
	t.Helper()
	for _, account := range c.plan.accounts {
		e, times := harness.At(lead, account), len(l.env.Vendors.Get(account).Records(t, lead.GetEmail()))
		switch e.GetState() {
		case leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE:
			if times != 1 {
				t.Errorf("%s is said to be at %s, and is there %d times", lead.GetLeadId(), account, times)
			}
		case leadmuxv1.EngagementState_ENGAGEMENT_STATE_REJECTED:
			if times != 0 && !c.plan.campaign { // UJET has the end user although its campaign refused the contact
				t.Errorf("%s is said to be refused by %s, and is there %d times", lead.GetLeadId(), account, times)
			}
		case leadmuxv1.EngagementState_ENGAGEMENT_STATE_IN_DOUBT:
			l.tally.add(&l.tally.doubts, 1)
			if times > 1 {
				t.Errorf("%s is in doubt at %s, where it is %d times", lead.GetLeadId(), account, times)
			}
			l.judgeListed(t, l.env.Server.Client(c.plan.via), lead, account)
		default:
			t.Errorf("%s at %s is %s", lead.GetLeadId(), account, harness.State(e))
		}
	}
}

// judgeListed checks that an engagement in doubt has its operation in the list. A webhook of the vendor may settle both at any moment.
func (l *life) judgeListed(t *testing.T, client harness.Client, lead *leadmuxv1.Lead, account string) {
	t.Helper()
	harness.Eventually(t, settled, "what "+account+" leaves in doubt of "+lead.GetLeadId()+" is listed", func() (string, bool) {
		e := harness.At(client.Get(t, lead.GetLeadId()), account)
		if e.GetState() != leadmuxv1.EngagementState_ENGAGEMENT_STATE_IN_DOUBT {
			return "", true
		}
		listed := l.operations(t, client, leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT)
		return e.GetOperationId(), slices.ContainsFunc(listed, func(op *leadmuxv1.Operation) bool { return op.GetOperationId() == e.GetOperationId() })
	})
}

// judgeSight checks that nothing is under way in silence, and that as many operations are counted in doubt as are listed.
func (l *life) judgeSight(t *testing.T, client harness.Client) {
	t.Helper()
	for _, state := range []leadmuxv1.OperationState{
		leadmuxv1.OperationState_OPERATION_STATE_QUEUED, leadmuxv1.OperationState_OPERATION_STATE_STARTED, leadmuxv1.OperationState_OPERATION_STATE_BLOCKED,
	} {
		for _, op := range l.operations(t, client, state) {
			if n := len(op.GetAttempts()); op.GetMethod() == "OptOutLead" && n > 0 && op.GetAttempts()[n-1].GetReason() == "VENDOR_NOT_FOUND" {
				continue // told again for hours: a create that was cut off may still arrive there
			}
			t.Errorf("%s of %s at %s is still %s: %s", op.GetMethod(), op.GetLeadId(), op.GetAccount(), state, op.GetDecision())
		}
	}
	harness.Eventually(t, settled, "as many are counted in doubt as are listed", func() (string, bool) { // a webhook may settle one in between
		listed, counted := len(l.operations(t, client, leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT)), l.gauge(t)
		return fmt.Sprintf("%d are listed, and %d counted", listed, counted), listed == counted
	})
}

// operations are all operations in a state.
func (l *life) operations(t *testing.T, client harness.Client, state leadmuxv1.OperationState) []*leadmuxv1.Operation {
	t.Helper()
	var out leadmuxv1.ListOperationsResponse
	client.Must(t, "OperationService.ListOperations", &leadmuxv1.ListOperationsRequest{State: state, PageSize: 1000}, &out)
	return out.GetOperations()
}

var doubtGauge = regexp.MustCompile(`(?m)^leadmux_operations_in_doubt\{[^}]*\} ([0-9]+)$`)

// gauge is how many operations the metrics say are in doubt.
func (l *life) gauge(t *testing.T) int {
	t.Helper()
	answer, err := l.env.Server.HTTPDo(context.Background(), http.MethodGet, fmt.Sprintf("http://%s/metrics", l.env.Server.Admin), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, match := range doubtGauge.FindAllSubmatch(answer.Body, -1) {
		n, err := strconv.Atoi(string(match[1]))
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

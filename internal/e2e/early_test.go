package e2e_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// TestP3AWebhookThatIsFasterThanTheAnswer has Conversica tell of a new lead by its webhook while its answer is still under way, and then
// lose the answer, or the service. The creation is settled by what Conversica told, the service starts, and nothing is sent again.
func TestP3AWebhookThatIsFasterThanTheAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault string
		kill  bool
	}{
		"the answer is lost": {`{"truncate": true, "answerDelayMs": 3000}`, false},
		"kill -9":            {`{"answerDelayMs": 60000}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := suite.Start(t, harness.Options{Sandbox: true})
			s := sandboxRun{t: t, server: env.Server}
			s.control(harness.Conversica, "/faults", c.fault)
			var created leadmuxv1.CreateLeadResponse
			request := strings.Replace(sandboxLead, `"wait": "20s"`, `"accounts": ["conversica"], "wait": "0s"`, 1)
			if err := protojson.Unmarshal(s.call("LeadService.CreateLead", request), &created); err != nil {
				t.Fatal(err)
			}
			id := created.GetLead().GetLeadId()
			s.becomes(id, harness.Conversica, leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE)
			if c.kill {
				env.Server.Restart(t)
			}
			op := harness.Eventually(t, settled, "the creation is settled", func() (*leadmuxv1.Operation, bool) {
				var list leadmuxv1.ListOperationsResponse
				if err := protojson.Unmarshal(s.call("OperationService.ListOperations", `{"leadId": "`+id+`"}`), &list); err != nil {
					t.Fatal(err)
				}
				op := list.GetOperations()[0]
				return op, op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED
			})
			if n := op.GetAttemptCount(); n != 1 {
				t.Errorf("it was sent %d times", n)
			}
			s.becomes(id, harness.Conversica, leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE)
			for _, h := range s.hooks(harness.Conversica) {
				if h.State != kit.HookDelivered {
					t.Errorf("%+v", h)
				}
			}
		})
	}
}

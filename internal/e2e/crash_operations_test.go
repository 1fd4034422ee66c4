package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// heldMS is how long a vendor would hold a request or an answer, had the service not been killed meanwhile.
const heldMS = 60_000

// cut is an operation that a kill -9 cuts off.
type cut struct {
	*worker
	op        operation
	lead      *leadmuxv1.Lead
	requestID string
}

// TestP2P3KillInTheMiddleOfOperations kills the service while every vendor is being told of every operation it has: once after the
// vendor did it and before its answer came, once before it did anything. After the restart everything is settled by itself,
// done once, and the same calls are answered with the same leads.
func TestP2P3KillInTheMiddleOfOperations(t *testing.T) {
	t.Parallel()
	for name, held := range map[string]kit.Fault{"done": {AnswerDelayMS: heldMS}, "not yet": {DelayMS: heldMS}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := suite.Start(t, harness.Options{})
			cuts := cutLeads(t, env)
			before := effects(t, env)
			killDuring(t, env, cuts, held)
			if done := effects(t, env) - before; (done == 0) != (held.DelayMS > 0) {
				t.Errorf("%d things were done before the kill", done)
			}
			env.Server.Start(t)
			for _, c := range cuts {
				c.settles(t)
			}
			if made := effects(t, env) - before; made > 2*len(cuts) { // UJET's updates have two parts, and an upsert may come twice
				t.Errorf("%d things were done for %d operations", made, len(cuts))
			}
		})
	}
}

// cutLeads makes a lead for each operation of each vendor.
func cutLeads(t *testing.T, env *harness.Env) []cut {
	t.Helper()
	var cuts []cut
	for i, vendor := range allFour {
		for k, op := range operations {
			if _, has := op.told[vendor]; !has {
				continue
			}
			w := &worker{env: env, client: env.Server.Client(harness.Vias()[(i+k)%2]), vendor: vendor, next: 100*i + k}
			cuts = append(cuts, cut{worker: w, op: op, lead: w.lead(t), requestID: fmt.Sprintf("cut-%s-%s", vendor, op.rpc)})
		}
	}
	return cuts
}

// request is the operation's call; at Convertalk the update adds a note, which must not come twice.
func (c cut) request() proto.Message {
	request := c.op.request(c.lead, c.vendor)
	setField(request, "request_id", protoreflect.ValueOfString(c.requestID))
	if update, ok := request.(*leadmuxv1.UpdateLeadRequest); ok && c.vendor == harness.Convertalk {
		update.Lead.Notes = []*leadmuxv1.Note{{Title: "ours"}}
		update.UpdateMask.Paths = append(update.GetUpdateMask().GetPaths(), "notes")
	}
	return request
}

// killDuring makes all the calls, each met by a vendor that holds it, and kills the service when the vendors have all of them.
func killDuring(t *testing.T, env *harness.Env, cuts []cut, held kit.Fault) {
	t.Helper()
	for _, c := range cuts {
		fault := held
		switch c.vendor { // the last request of the operation is held
		case harness.UJET:
			fault.Path = "/outbound_dialer"
		case harness.Convertalk:
			fault.Method = "PUT"
		}
		c.at().Plan(t, fault)
	}
	var calling sync.WaitGroup
	for _, c := range cuts {
		body, err := protojson.Marshal(c.request())
		if err != nil {
			t.Fatal(err)
		}
		calling.Go(func() { // it fails when the service dies, one way or another
			_, _ = env.Server.Do(context.Background(), harness.Call{Via: harness.GRPC, Method: "LeadService." + c.op.rpc, Body: string(body)})
		})
	}
	for _, vendor := range allFour {
		harness.Eventually(t, settled, vendor+" has all requests", func() (int, bool) {
			left := env.Vendors.Get(vendor).Planned()
			return left, left == 0
		})
	}
	if held.AnswerDelayMS > 0 {
		for _, c := range cuts {
			harness.Eventually(t, settled, c.op.rpc+" is done at "+c.vendor, func() (string, bool) {
				untold := notTold(t, c.at(), c.op, c.lead)
				return untold, untold == ""
			})
		}
	}
	env.Server.Kill9(t)
	calling.Wait()
}

// effects counts what the vendors' requests have changed.
func effects(t *testing.T, env *harness.Env) int {
	t.Helper()
	n := 0
	for _, vendor := range allFour {
		for _, r := range env.Vendors.Get(vendor).Requests(t) {
			if r.Effect != "" && !strings.HasPrefix(r.Path, "/end_users") {
				n++
			}
		}
	}
	return n
}

// settles checks what became of the operation after the restart, and that the same call again is answered and sends nothing.
func (c cut) settles(t *testing.T) {
	t.Helper()
	c.client = c.env.Server.Client(harness.Vias()[len(c.requestID)%2])
	lead := harness.Eventually(t, settled, c.op.rpc+" at "+c.vendor+" is settled", func() (*leadmuxv1.Lead, bool) {
		lead := c.client.Get(t, c.lead.GetLeadId())
		return lead, harness.States(lead) == c.vendor+"="+c.op.after && notTold(t, c.at(), c.op, lead) == ""
	})
	if again := c.client.Change(t, "LeadService."+c.op.rpc, c.request()); again.GetLeadId() != lead.GetLeadId() || harness.States(again) != harness.States(lead) {
		t.Errorf("the same call again gives %s", harness.States(again))
	}
	if e := harness.At(lead, c.vendor); (e.GetOutcome() == nil) != (c.op.after == "ACTIVE") || e.GetVendorLeadId() == "" {
		t.Errorf("the engagement is %v", e)
	}
	records := c.at().Records(t, lead.GetEmail())
	if c.vendor == harness.Convertalk && c.op.rpc == "UpdateLead" && !slices.Equal(records[0].Notes, []string{"ours"}) {
		t.Errorf("Convertalk has the notes %v", records[0].Notes)
	}
	if c.vendor == harness.Verse && c.ended(t) != 1 {
		t.Errorf("the conversation at Verse was ended %d times", c.ended(t))
	}
}

// ended counts how often Verse ended the lead's conversation.
func (c cut) ended(t *testing.T) int {
	t.Helper()
	n := 0
	for _, r := range c.at().Requests(t) {
		if r.Effect == kit.EffectUpdated && r.Record == harness.At(c.lead, c.vendor).GetVendorLeadId() {
			n++
		}
	}
	return n
}

// TestKillWithWorkWaiting kills the service while every vendor is being given a lead, and an update and an end wait behind it.
// After the restart all three are done, in this order.
func TestKillWithWorkWaiting(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	client := env.Server.Client(harness.GRPC)
	for _, vendor := range allFour {
		env.Vendors.Get(vendor).Plan(t, kit.Fault{AnswerDelayMS: heldMS})
	}
	env.Vendors.Get(harness.Convertalk).Visit(t, convertalk.Visitor{Message: "somebody else meanwhile"})
	lead := client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(0), Wait: harness.Wait(0)})
	client.Change(t, "LeadService.UpdateLead", &leadmuxv1.UpdateLeadRequest{Lead: &leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: newName}, Wait: harness.Wait(0)})
	client.Change(t, "LeadService.EndConversation", &leadmuxv1.EndConversationRequest{LeadId: lead.GetLeadId(), Wait: harness.Wait(0)})
	for _, vendor := range allFour {
		harness.Eventually(t, settled, vendor+" has the lead", func() (int, bool) {
			n := len(env.Vendors.Get(vendor).Records(t, lead.GetEmail()))
			return n, n == 1
		})
	}
	env.Server.Restart(t)
	client = env.Server.Client(harness.REST)
	lead = client.Reaches(t, lead.GetLeadId(), strings.ReplaceAll(harness.AllActive, "ACTIVE", "QUALIFIED"), settled)
	for _, vendor := range allFour {
		v := env.Vendors.Get(vendor)
		records := v.Records(t, lead.GetEmail())
		renamedThere := vendor != harness.Verse
		if len(records) != 1 || records[0].Says != endConversation.told[vendor].says || (records[0].Name == renamed(lead)) != renamedThere {
			t.Errorf("%s has %+v after %v", vendor, records, asRoutes(about(t, v, lead)))
		}
	}
	if e := harness.At(lead, harness.Verse); !warned(e, "UPDATE_NOT_SENT") {
		t.Errorf("nothing says that Verse was not told of the change: %v", e.GetWarnings())
	}
}

package e2e_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// TestOperationFaults makes each vendor misbehave in each way of the second table, at each operation it has, over both
// transports.
func TestOperationFaults(t *testing.T) {
	t.Parallel()
	done := map[fault]bool{silent: true} // has a test of its own
	for _, o := range opOutcomes {
		if done[o.fault] {
			continue
		}
		done[o.fault] = true
		for _, via := range harness.Vias() {
			t.Run(string(o.fault)+"/"+string(via), func(t *testing.T) {
				t.Parallel()
				env := suite.Start(t, harness.Options{RetryMin: 200 * time.Millisecond, RetryMax: 300 * time.Millisecond})
				for i, vendor := range allFour {
					t.Run(vendor, func(t *testing.T) {
						w := worker{env: env, client: env.Server.Client(via), seen: &exercise{made: map[cell]map[string]bool{}}, vendor: vendor, next: 100 * i}
						for _, op := range operations {
							if row := slices.IndexFunc(opOutcomes, func(r opOutcome) bool { return r.fault == o.fault && r.of(op, vendor) }); row >= 0 {
								t.Run(op.rpc, opScenario{opOutcome: opOutcomes[row], worker: &w, op: op}.run)
							}
						}
					})
				}
			})
		}
	}
}

// opScenario is one operation that meets a vendor's fault.
type opScenario struct {
	opOutcome
	*worker
	op operation
}

func (s opScenario) run(t *testing.T) {
	lead, next := s.lead(t), s.lead(t)
	s.inject(t)
	wait := time.Duration(0) // so that the fault can end after an attempt or two: many would open the breaker
	switch s.follows {
	case opComes:
		wait = callerWaits
	case opGone, opStray:
		wait = patience
	}
	begin := time.Now()
	lead = s.do(t, lead, wait)
	if took := time.Since(begin); took > wait+patience {
		t.Errorf("the call took %s, with wait %s", took, wait)
	}
	if s.follows == opComes && !is(harness.At(lead, s.vendor), s.state, "") {
		t.Errorf("before the vendor answers the lead is %s", harness.States(lead))
	}
	lead = s.reaches(t, lead)
	s.follow(t, lead, next)
}

// do makes the call.
func (s opScenario) do(t *testing.T, lead *leadmuxv1.Lead, wait time.Duration) *leadmuxv1.Lead {
	t.Helper()
	request := s.op.request(lead, s.vendor)
	setField(request, "wait", protoreflect.ValueOfMessage(harness.Wait(wait).ProtoReflect()))
	return s.client.Change(t, "LeadService."+s.op.rpc, request)
}

// setField sets a field that several requests have, by name.
func setField(request proto.Message, name protoreflect.Name, value protoreflect.Value) {
	m := request.ProtoReflect()
	m.Set(m.Descriptor().Fields().ByName(name), value)
}

func (s opScenario) inject(t *testing.T) {
	t.Helper()
	faults := opPlans[s.fault]
	if faults == nil {
		faults = plans[s.fault]
	}
	if s.fault == down {
		s.at().Down()
		return
	}
	s.at().Plan(t, faults...)
}

func (s opScenario) mend(t *testing.T) {
	t.Helper()
	if s.fault == down {
		s.at().Up(t)
		return
	}
	s.at().Clear()
}

// reaches waits until the engagement is as the row says after the attempt.
func (s opScenario) reaches(t *testing.T, lead *leadmuxv1.Lead) *leadmuxv1.Lead {
	t.Helper()
	state := s.state
	if state == "" {
		state = s.op.after
	}
	want := s.vendor + "=" + state
	if s.reason != "" {
		want += " " + s.reason
	}
	return s.client.Reaches(t, lead.GetLeadId(), want, settled)
}

// follow ends the fault and checks what comes after, to the lead and to the next one.
func (s opScenario) follow(t *testing.T, lead, next *leadmuxv1.Lead) {
	t.Helper()
	switch s.follows {
	case opComes, opAgain, opUpsert, opDone, opAnew:
		s.mend(t)
		s.succeeds(t, lead)
	case opFinal:
		s.mend(t)
		s.goesOn(t, lead, next)
	case opStops:
		s.waitsForTest(t, lead, next)
	case opGone:
		s.mend(t)
		if e := harness.At(lead, s.vendor); e.GetVendorRefs()["campaign_id"] != "" {
			t.Errorf("the engagement still knows the campaign: %v", e.GetVendorRefs())
		}
	case opStray:
		s.mend(t)
		if e := harness.At(lead, s.vendor); !warned(e, "UPDATE_NOT_SENT") || s.at().Records(t, lead.GetEmail())[0].Name != renamed(lead) {
			t.Errorf("warnings %v, UJET has %+v", e.GetWarnings(), s.at().Records(t, lead.GetEmail()))
		}
	}
}

// succeeds waits for the operation and checks the vendor's record, and whether the vendor had done it at the first attempt.
func (s opScenario) succeeds(t *testing.T, lead *leadmuxv1.Lead) {
	t.Helper()
	lead = s.client.Reaches(t, lead.GetLeadId(), s.vendor+"="+s.op.after, settled)
	harness.Eventually(t, settled, "the vendor was told", func() (string, bool) {
		untold := notTold(t, s.at(), s.op, lead)
		return untold, untold == ""
	})
	if s.follows != opDone && s.follows != opAnew {
		return
	}
	requests := s.at().Requests(t)
	if last := requests[len(requests)-1]; (last.Status == 404) != (s.follows == opDone) {
		t.Errorf("the last request was answered %d", last.Status)
	}
}

// goesOn checks that a refused operation is not sent again and that the conversation goes on: the same call can be made again.
func (s opScenario) goesOn(t *testing.T, lead, next *leadmuxv1.Lead) {
	t.Helper()
	if e := harness.At(lead, s.vendor); e.GetError().GetRetryTime() != nil || e.GetOutcome() != nil {
		t.Errorf("the refused operation left %v", e)
	}
	before := len(s.at().Requests(t))
	s.client.Change(t, "LeadService.EndConversation", endConversation.request(next, s.vendor)) // meanwhile
	for _, r := range s.at().Requests(t)[before:] {
		if mentions(r.Body, lead) {
			t.Errorf("the refused operation was sent again: %s %s", r.Method, r.Path)
		}
	}
	lead = s.do(t, lead, patience)
	s.succeeds(t, lead)
}

// waitsForTest checks that after a refusal of the credentials nothing is sent before the account is tested and found good.
func (s opScenario) waitsForTest(t *testing.T, lead, next *leadmuxv1.Lead) {
	t.Helper()
	if bad := s.client.Test(t, s.vendor); bad.GetOk() || bad.GetError().GetReason() != s.reason || !bad.GetAccount().GetHealth().GetStopped() {
		t.Errorf("the test of the account before it is mended says %v", bad)
	}
	s.mend(t)
	before := len(s.at().Requests(t))
	next = s.client.Reaches(t, s.do(t, next, callerWaits).GetLeadId(), s.vendor+"=ACTIVE ACCOUNT_STOPPED", settled)
	if sent := len(s.at().Requests(t)) - before; sent != 0 {
		t.Errorf("%d requests went to a stopped account", sent)
	}
	if good := s.client.Test(t, s.vendor); !good.GetOk() || good.GetAccount().GetHealth().GetStopped() {
		t.Errorf("the test of the mended account says %v", good)
	}
	s.succeeds(t, next)
	s.reaches(t, lead) // its operation is over
}

// mentions says whether a request's body names a lead by our ID or an address of it.
func mentions(body []byte, lead *leadmuxv1.Lead) bool {
	return bytes.Contains(body, []byte(lead.GetLeadId())) || bytes.Contains(body, []byte(`"`+lead.GetEmail()+`"`)) ||
		slices.ContainsFunc(lead.GetEngagements(), func(e *leadmuxv1.Engagement) bool {
			id := e.GetVendorLeadId()
			return len(id) > 20 && bytes.Contains(body, []byte(id)) // UJET's are short numbers
		})
}

// TestSilentAtOperations lets every vendor say nothing for 30 s to each operation it has, by one transport or the other.
func TestSilentAtOperations(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	var all []opScenario
	leads := map[string]*leadmuxv1.Lead{} // by vendor and RPC
	for i, vendor := range allFour {
		for k, op := range operations {
			row := slices.IndexFunc(opOutcomes, func(r opOutcome) bool { return r.fault == silent && r.of(op, vendor) })
			if row < 0 {
				continue
			}
			w := &worker{env: env, client: env.Server.Client(harness.Vias()[k%2]), vendor: vendor, next: 100*i + k}
			all = append(all, opScenario{opOutcome: opOutcomes[row], worker: w, op: op})
			leads[vendor+op.rpc] = w.lead(t)
		}
	}
	for _, s := range all {
		s.at().Plan(t, kit.Fault{DelayMS: 45_000})
	}
	for _, s := range all {
		s.do(t, leads[s.vendor+s.op.rpc], 0)
	}
	for _, s := range all {
		harness.Eventually(t, 30*time.Second+settled, s.op.rpc+" at "+s.vendor+" has timed out", func() (string, bool) {
			e := harness.At(s.client.Get(t, leads[s.vendor+s.op.rpc].GetLeadId()), s.vendor)
			return harness.State(e), is(e, s.state, s.reason) || is(e, s.op.after, "") && e.GetAttempts() > 2
		})
	}
	for _, s := range all {
		s.succeeds(t, leads[s.vendor+s.op.rpc])
	}
}

package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// fate is what a failed attempt leaves: operation, engagement, the attempt's outcome, whether a next try has a time, and what
// the log says.
type fate struct {
	op, engagement, outcome string
	planned                 bool
	event                   string
}

// The fates. The last three are those of an attempt that may itself have had its effect.
var (
	refused     = fate{"FAILED", "REJECTED", "REFUSED", false, "operation.failed"}
	again       = fate{"QUEUED", "QUEUED", "NO_EFFECT", true, ""}
	held        = fate{"QUEUED", "QUEUED", "NO_EFFECT", false, ""}
	inDoubt     = fate{"IN_DOUBT", "IN_DOUBT", "NO_EFFECT", false, "operation.in_doubt"}
	ours        = fate{"SUCCEEDED", "ACTIVE", "NO_EFFECT", false, ""}
	unsureAgain = fate{"QUEUED", "QUEUED", "AMBIGUOUS", true, ""}
	unsureHeld  = fate{"QUEUED", "QUEUED", "AMBIGUOUS", false, ""}
	unsureDoubt = fate{"IN_DOUBT", "IN_DOUBT", "AMBIGUOUS", false, "operation.in_doubt"}
)

// classes are the fates by class: KEYED, DETECTABLE, AT_MOST_ONCE.
type classes [3]fate

func all(f fate) classes { return classes{f, f, f} }

// rules is what follows each kind of failure. "clean": no attempt so far may have had an effect. "after": an earlier attempt
// may have. "itself": this attempt may have.
var rules = []struct {
	kind                 adapters.Kind
	reason               string
	stops                bool // the account
	clean, after, itself classes
}{
	{adapters.KindUnknown, "VENDOR_ANSWER_UNREADABLE", false,
		all(refused), all(inDoubt), all(unsureDoubt)},
	{adapters.KindInvalid, "VENDOR_REFUSED", false, // the values would have been refused before as well
		all(refused), classes{refused, refused, inDoubt}, all(unsureDoubt)},
	{adapters.KindNotFound, "VENDOR_NOT_FOUND", false,
		all(refused), all(inDoubt), all(unsureDoubt)},
	{adapters.KindConflict, "DUPLICATE_AT_VENDOR", false,
		all(refused), classes{inDoubt, ours, inDoubt}, all(unsureDoubt)},
	{adapters.KindRateLimited, "VENDOR_RATE_LIMITED", false,
		all(again), classes{again, again, inDoubt}, classes{unsureAgain, unsureAgain, unsureDoubt}},
	{adapters.KindCredentials, "VENDOR_CREDENTIALS_REFUSED", true,
		all(refused), all(inDoubt), all(unsureDoubt)},
	{adapters.KindOnHold, "VENDOR_ACCOUNT_ON_HOLD", true,
		all(held), classes{held, held, inDoubt}, classes{unsureHeld, unsureHeld, unsureDoubt}},
	{adapters.KindIntakeClosed, "VENDOR_INTAKE_CLOSED", false,
		all(again), classes{again, again, inDoubt}, classes{unsureAgain, unsureAgain, unsureDoubt}},
	{adapters.KindRouteUnknown, "VENDOR_ROUTE_UNKNOWN", true,
		all(refused), all(inDoubt), all(unsureDoubt)},
	{adapters.KindUnavailable, "VENDOR_UNAVAILABLE", false,
		all(again), classes{again, again, inDoubt}, classes{unsureAgain, unsureAgain, unsureDoubt}},
	{adapters.KindTimeout, "VENDOR_TIMEOUT", false,
		all(again), classes{again, again, inDoubt}, classes{unsureAgain, unsureAgain, unsureDoubt}},
	{adapters.KindBadAnswer, "VENDOR_ANSWER_UNREADABLE", false,
		all(again), classes{again, again, inDoubt}, classes{unsureAgain, unsureAgain, unsureDoubt}},
	{adapters.KindNotSupported, "CAPABILITY_NOT_SUPPORTED", false,
		all(refused), all(inDoubt), all(unsureDoubt)},
	{adapters.KindRouteDoubted, "VENDOR_ROUTE_UNKNOWN", false,
		all(refused), all(inDoubt), all(unsureDoubt)},
	{adapters.KindAccountStopped, "ACCOUNT_STOPPED", true, // stopped by the test: only a stopped account fails so
		all(held), classes{held, held, inDoubt}, classes{unsureHeld, unsureHeld, unsureDoubt}},
}

// ruleCase is one cell of the table at an account of its own.
type ruleCase struct {
	name    string
	kind    adapters.Kind
	reason  string
	stops   bool
	want    fate
	after   bool // an earlier attempt may have had an effect
	account *adapters.Account
	vendor  *vendor
	lead    string
}

func TestEachKindOfFailureHasItsRule(t *testing.T) {
	if len(rules) != int(adapters.KindRouteDoubted) { // one of them, KindWrongState, is of direct writes only
		t.Fatalf("%d kinds have a rule", len(rules))
	}
	inTime(t, func(t *testing.T) {
		cases := ruleCases()
		r := newRig(t)
		for _, c := range cases {
			r.accounts = append(r.accounts, c.account)
		}
		r.close(0)
		r.start()
		r.stop()
		for _, c := range cases {
			c.lead = r.createAt(somebody(), c.account)
			if c.after {
				r.wasUnsure(c.lead)
			}
		}
		r.resume()
		synctest.Wait()
		events := unsettledEvents(r)
		for _, c := range cases {
			c.check(t, r, events)
		}
	})
}

func ruleCases() []*ruleCase {
	var cases []*ruleCase
	for _, rule := range rules {
		for i, class := range []leadmuxv1.IdempotencyClass{keyed, detectable, atMostOnce} {
			for history, want := range map[string]fate{"clean": rule.clean[i], "after": rule.after[i], "itself": rule.itself[i]} {
				failed := adapters.Error{
					Kind: rule.kind, Ambiguous: history == "itself", Status: 499, RequestID: "req-499", Message: "said so",
					Fields: []*leadmuxv1.FieldViolation{{Field: "lead.phone", Description: "is odd"}},
				}
				c := &ruleCase{
					name: fmt.Sprintf("%s-%s-%d", rule.kind, history, class), kind: rule.kind, reason: rule.reason,
					stops: rule.stops, want: want, after: history == "after", vendor: newVendor(class, failure(failed)),
				}
				c.account = at(c.name, c.vendor)
				if rule.kind == adapters.KindAccountStopped {
					c.vendor.answer = stopsFirst(c, c.vendor.answer)
				}
				cases = append(cases, c)
			}
		}
	}
	return cases
}

// stopsFirst is an account that was stopped between the rate slot and the request.
func stopsFirst(c *ruleCase, then answer) answer {
	return func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
		c.account.Line.Stop(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ACCOUNT_ON_HOLD)
		return then(ctx, a)
	}
}

// wasUnsure makes a lead that waits one whose first attempt may have had its effect.
func (r *rig) wasUnsure(id string) {
	op := r.op(id)
	lead := r.lead(id)
	lead.Engagements[0].Attempts = 1
	op.AttemptCount, op.Ambiguous = 1, true
	op.Attempts = []*leadmuxv1.Attempt{{
		StartTime: timestamppb.Now(), EndTime: timestamppb.Now(),
		Outcome: leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_AMBIGUOUS, Reason: "VENDOR_TIMEOUT",
	}}
	r.put(func(tx idmap.Tx) error {
		if err := tx.PutLead(tenant, lead); err != nil {
			return err
		}
		return tx.PutOperation(tenant, op)
	})
}

// unsettledEvents is, by lead, the events that say more than that the engagement changed, with their reasons.
func unsettledEvents(r *rig) map[string]string {
	found := map[string]string{}
	for _, event := range r.eventLog() {
		if detail := event.GetOperationUnsettled(); detail != nil {
			found[event.GetLeadId()] += event.GetType() + " " + detail.GetReason()
		}
	}
	return found
}

func (c *ruleCase) check(t *testing.T, r *rig, events map[string]string) {
	t.Helper()
	op, e := r.op(c.lead), r.engagement(c.lead)
	last := op.GetAttempts()[len(op.GetAttempts())-1]
	got := fate{
		op: opName(op.GetState()), engagement: stateName(e.GetState()), outcome: outcomeName(last.GetOutcome()),
		planned: e.GetError().GetRetryTime() != nil,
	}
	var reason string
	got.event, reason, _ = strings.Cut(events[c.lead], " ")
	if got != c.want {
		t.Errorf("%s\n got %+v\nwant %+v\n(%s)", c.name, got, c.want, op.GetDecision())
	}
	if reason != "" && reason != c.reason {
		t.Errorf("%s: the event's reason is %s", c.name, reason)
	}
	if last.GetReason() != c.reason || last.GetHttpStatus() != 499 || last.GetVendorRequestId() != "req-499" || last.GetEndTime() == nil {
		t.Errorf("%s: the attempt is %v", c.name, last)
	}
	if c.want == ours {
		if e.GetError() != nil || e.GetVendorLeadId() != "" {
			t.Errorf("%s: the engagement has error %v and ID %q", c.name, e.GetError(), e.GetVendorLeadId())
		}
	} else if e.GetError().GetReason() != c.reason || !strings.Contains(e.GetError().GetMessage(), "said so") || len(e.GetError().GetFieldViolations()) != 1 {
		t.Errorf("%s: the engagement's error is %v", c.name, e.GetError())
	}
	if stopped := c.account.Line.Health().GetStopped(); stopped != c.stops {
		t.Errorf("%s: stopped is %t", c.name, stopped)
	}
	attempts := 1
	if c.after {
		attempts = 2
	}
	if int(e.GetAttempts()) != attempts || int(op.GetAttemptCount()) != attempts || len(c.vendor.seen("")) != 1 {
		t.Errorf("%s: %d attempts on the engagement, %d on the operation, %d at the vendor", c.name, e.GetAttempts(), op.GetAttemptCount(), len(c.vendor.seen("")))
	}
	if c.vendor.seen("")[0].recheck != c.after {
		t.Errorf("%s: the vendor was asked to look first: %t", c.name, !c.after)
	}
	if queued := opName(op.GetState()) == "QUEUED"; queued != (op.GetNextAttemptTime() != nil) {
		t.Errorf("%s: next attempt %v", c.name, op.GetNextAttemptTime())
	}
	if op.GetDecision() == "" {
		t.Errorf("%s: no word on the decision", c.name)
	}
}

func TestAVendorThatTakesTheLead(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(detectable, took)
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		e, op := r.engagement(id), r.op(id)
		r.wants(id, "ACTIVE", "")
		if e.GetVendorLeadId() != "v-"+id || e.GetVendorStatus() != "open" || e.GetVendorUrl() == "" || e.GetAttempts() != 1 {
			t.Errorf("the engagement is %v", e)
		}
		last := op.GetAttempts()[0]
		if opName(op.GetState()) != "SUCCEEDED" || outcomeName(last.GetOutcome()) != "SUCCEEDED" || last.GetHttpStatus() != 201 ||
			last.GetVendorRequestId() != "req-201" || last.GetReason() != "" || op.GetNextAttemptTime() != nil {
			t.Errorf("the operation is %v", op)
		}
		equal(t, "events", r.events(id), []string{"lead.engagement_changed"})
		r.view(func(index idmap.Reader) error {
			owner, err := index.Owner(tenant, idmap.VendorRef{Account: "west", Kind: idmap.KindLead, VendorID: "v-" + id})
			if owner != id {
				t.Errorf("the vendor's ID belongs to %q", owner)
			}
			return err
		})
		if seen := v.seen(id); !seen[0].slot || seen[0].recheck || slices.ContainsFunc(seen[0].lead.GetEngagements(), func(e *leadmuxv1.Engagement) bool { return stateName(e.GetState()) != "SENDING" }) {
			t.Errorf("the attempt was %+v", seen[0])
		}
	})
}

func TestAVendorThatWillNotContactThePerson(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(detectable, func(context.Context, attempt) (adapters.LeadResult, error) {
			return adapters.LeadResult{
				State:    leadmuxv1.EngagementState_ENGAGEMENT_STATE_SUPPRESSED,
				Warnings: []*leadmuxv1.Warning{{Code: "PHONE_BLACKLISTED"}},
			}, nil
		})))
		id := r.create(somebody())
		synctest.Wait()
		r.wants(id, "SUPPRESSED", "")
		if e := r.engagement(id); len(e.GetWarnings()) != 1 || e.GetVendorLeadId() != "" {
			t.Errorf("the engagement is %v", e)
		}
	})
}

package delivery_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// engaged is a rig with a lead that the vendor has.
func engaged(t *testing.T, v *vendor) (*rig, string) {
	t.Helper()
	r := newRig(t, at("west", v))
	id := r.create(somebody())
	synctest.Wait()
	r.wants(id, "ACTIVE", "")
	return r, id
}

func TestEndingSetsStateAndOutcome(t *testing.T) {
	for method, state := range map[string]string{
		delivery.EndConversation: "QUALIFIED", delivery.StopConversation: "UNQUALIFIED", delivery.DeferConversation: "ACTIVE",
	} {
		t.Run(method, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, took)
				r, id := engaged(t, v)
				op := r.write(id, method)
				synctest.Wait()
				r.wants(id, state, "")
				r.wantsOp(op, "SUCCEEDED")
				outcome := r.engagement(id).GetOutcome()
				if outcome.GetQualified() != (state == "QUALIFIED") || outcome.GetUnqualified() != (state == "UNQUALIFIED") ||
					state != "ACTIVE" && outcome.GetReason() != "because" {
					t.Errorf("the outcome is %v", outcome)
				}
				if v.seen(id)[1].reason != "because" || r.operation(op).GetReason() != "" {
					t.Errorf("the vendor had %q, the journal keeps %q", v.seen(id)[1].reason, r.operation(op).GetReason())
				}
			})
		})
	}
}

func TestEndWaitsForTheUpdateUnderWay(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		v.on[delivery.UpdateLead] = after(5*time.Second, took)
		r, id := engaged(t, v)
		r.write(id, delivery.UpdateLead, "Grace")
		end := r.write(id, delivery.EndConversation)
		r.wantsOp(end, "BLOCKED")
		if _, took := r.waited(t.Context(), id, 20*time.Second); took != 5*time.Second {
			t.Errorf("it took %s", took)
		}
		equal(t, "the vendor saw", v.rpcs(id), []string{"CreateLead Ada", "UpdateLead Grace", "EndConversation Grace"})
		r.wants(id, "QUALIFIED", "")
	})
}

func TestWhatComesAfterTheEndIsPointless(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		v.on[delivery.EndConversation] = after(5*time.Second, took)
		r, id := engaged(t, v)
		r.write(id, delivery.EndConversation)
		synctest.Wait()
		stop, update := r.write(id, delivery.StopConversation), r.write(id, delivery.UpdateLead, "Grace")
		pass(10 * time.Second)
		r.wants(id, "QUALIFIED", "")
		for _, op := range []string{stop, update} {
			r.wantsOp(op, "FAILED")
			if op == stop && r.operation(op).GetReason() != "because" { // it may be sent again
				t.Errorf("the journal keeps %v", r.operation(op))
			}
		}
		if !r.engagement(id).GetOutcome().GetQualified() {
			t.Errorf("the outcome is %v", r.engagement(id).GetOutcome())
		}
		equal(t, "the vendor saw", v.rpcs(id), []string{"CreateLead Ada", "EndConversation Ada"})
		equal(t, "events", r.events(id), []string{"lead.engagement_changed", "lead.engagement_changed", "operation.failed", "operation.failed"})
		if last := r.eventLog()[3].GetOperationUnsettled(); last.GetReason() != "ENGAGEMENT_NOT_OPEN" || last.GetOperationId() != update {
			t.Errorf("the last event says %v", last)
		}
	})
}

func TestWhatComesAfterARefusedCreateIsPointless(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, after(5*time.Second, fails(adapters.KindInvalid)))
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		update, end := r.write(id, delivery.UpdateLead, "Grace"), r.write(id, delivery.EndConversation)
		pass(10 * time.Second)
		r.wants(id, "REJECTED", "VENDOR_REFUSED")
		r.wantsOp(update, "FAILED")
		r.wantsOp(end, "FAILED")
		if len(v.seen(id)) != 1 {
			t.Errorf("the vendor saw %v", v.rpcs(id))
		}
	})
}

func TestAFailureOfALaterOperationStandsInTheError(t *testing.T) {
	for name, c := range map[string]struct {
		class      leadmuxv1.IdempotencyClass
		answer     answer
		op, reason string
		retried    bool
	}{
		"refused":                     {keyed, fails(adapters.KindInvalid), "FAILED", "VENDOR_REFUSED", false},
		"not there":                   {keyed, fails(adapters.KindNotFound), "FAILED", "VENDOR_NOT_FOUND", false},
		"unavailable":                 {keyed, fails(adapters.KindUnavailable), "QUEUED", "VENDOR_UNAVAILABLE", true},
		"unsure":                      {keyed, loses(adapters.KindTimeout), "QUEUED", "VENDOR_TIMEOUT", true},
		"unsure and never sent twice": {atMostOnce, loses(adapters.KindTimeout), "IN_DOUBT", "VENDOR_TIMEOUT", false},
		"a duplicate":                 {keyed, fails(adapters.KindConflict), "FAILED", "DUPLICATE_AT_VENDOR", false},
		"wrong credentials":           {keyed, fails(adapters.KindCredentials), "FAILED", "VENDOR_CREDENTIALS_REFUSED", false},
		"on hold":                     {keyed, fails(adapters.KindOnHold), "QUEUED", "VENDOR_ACCOUNT_ON_HOLD", false},
	} {
		for _, method := range []string{delivery.UpdateLead, delivery.EndConversation, delivery.DeferConversation} {
			t.Run(name+" "+method, func(t *testing.T) {
				inTime(t, func(t *testing.T) {
					v := newVendor(keyed, took)
					v.others, v.on[method] = c.class, inTurn(c.answer, took)
					r, id := engaged(t, v)
					op := r.write(id, method, "Grace")
					synctest.Wait()
					r.wants(id, "ACTIVE", c.reason)
					r.wantsOp(op, c.op)
					if e := r.engagement(id); e.GetOutcome() != nil || (e.GetError().GetRetryTime() != nil) != c.retried || e.GetVendorLeadId() != "v-"+id {
						t.Errorf("the engagement is %v", e)
					}
					r.resume()
					if c.op != "QUEUED" { // then the caller asks again
						op = r.write(id, method, "Hedy")
					}
					pass(time.Hour)
					r.wantsOp(op, "SUCCEEDED")
					if e := r.engagement(id); e.GetError() != nil || (stateName(e.GetState()) == "QUALIFIED") != (method == delivery.EndConversation) {
						t.Errorf("in the end the engagement is %v", e)
					}
				})
			})
		}
	}
}

// An update that is unsure and then meets a duplicate tells nothing of a create: there is none.
func TestADuplicateOnAnUpdateIsNeverOurOwnCreate(t *testing.T) {
	for name, c := range map[string]struct {
		answers []answer
		twin    bool
		op      string
	}{
		"at once":                       {[]answer{fails(adapters.KindConflict)}, false, "FAILED"},
		"after an unsure one":           {[]answer{loses(adapters.KindTimeout), fails(adapters.KindConflict)}, false, "IN_DOUBT"},
		"after an unsure one, a twin's": {[]answer{loses(adapters.KindTimeout), fails(adapters.KindConflict)}, true, "FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, took)
				v.others, v.on[delivery.UpdateLead] = detectable, inTurn(c.answers...)
				r := newRig(t, at("west", v))
				id := r.create(&leadmuxv1.Lead{FirstName: "Ada", Phone: phone})
				synctest.Wait()
				var other string
				if c.twin {
					other = r.add(twin{tenant, "west", phone, "", leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, false, ""})
				}
				op := r.write(id, delivery.UpdateLead, "Grace")
				pass(time.Hour)
				r.wants(id, "ACTIVE", "DUPLICATE_AT_VENDOR")
				r.wantsOp(op, c.op)
				e := r.engagement(id)
				if len(e.GetWarnings()) != 0 || !strings.Contains(e.GetError().GetMessage(), other) || e.GetVendorLeadId() != "v-"+id {
					t.Errorf("the engagement is %v", e)
				}
				if len(v.seen(id)) != 1+len(c.answers) {
					t.Errorf("the vendor saw %v", v.rpcs(id))
				}
			})
		})
	}
}

// What a vendor said meanwhile is not taken back by the answer to what was under way.
func TestP10ALateAnswerTakesNothingBack(t *testing.T) {
	for _, state := range []leadmuxv1.EngagementState{
		leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT, leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED,
	} {
		t.Run(stateName(state), func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, took)
				v.on[delivery.EndConversation] = after(5*time.Second, took)
				r, id := engaged(t, v)
				op := r.write(id, delivery.EndConversation)
				synctest.Wait()
				r.put(func(tx idmap.Tx) error {
					lead := r.lead(id)
					lead.Engagements[0].State = state
					return tx.PutLead(tenant, lead)
				})
				pass(time.Minute)
				r.wants(id, stateName(state), "")
				r.wantsOp(op, "SUCCEEDED")
				if !r.engagement(id).GetOutcome().GetQualified() {
					t.Errorf("the outcome is %v", r.engagement(id).GetOutcome())
				}
			})
		})
	}
}

package delivery_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
)

func TestWhatComesAfterACreateInDoubtWaits(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(atMostOnce, after(5*time.Second, loses(adapters.KindTimeout)), took)
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		before := r.write(id, delivery.UpdateLead, "Grace")
		pass(10 * time.Second)
		r.wants(id, "IN_DOUBT", "VENDOR_TIMEOUT")
		after := r.write(id, delivery.EndConversation)
		for range 2 {
			pass(100 * time.Hour)
			r.wantsOp(before, "BLOCKED")
			r.wantsOp(after, "BLOCKED")
			if _, took := r.waited(t.Context(), id, 20*time.Second); took != 0 {
				t.Errorf("Wait took %s", took)
			}
			if len(v.seen(id)) != 1 || r.depth() != 0 {
				t.Errorf("the vendor saw %v, %d wait", v.rpcs(id), r.depth())
			}
			r.crash()
			r.start()
		}
	})
}

// Nothing is known to be missing behind a later operation in doubt: what was asked for after it still comes after it.
func TestALaterOperationInDoubtHoldsUpNothing(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		v.others, v.on[delivery.UpdateLead] = atMostOnce, inTurn(after(5*time.Second, loses(adapters.KindTimeout)), took)
		r, id := engaged(t, v)
		first := r.write(id, delivery.UpdateLead, "Grace")
		synctest.Wait()
		second := r.write(id, delivery.UpdateLead, "Hedy")
		pass(10 * time.Second)
		r.wantsOp(first, "IN_DOUBT")
		r.wantsOp(second, "SUCCEEDED")
		r.wants(id, "ACTIVE", "")
		equal(t, "the vendor saw", v.rpcs(id), []string{"CreateLead Ada", "UpdateLead Grace", "UpdateLead Hedy"})
		equal(t, "events", r.events(id), []string{"lead.engagement_changed", "operation.in_doubt"})
		r.wantsOp(r.write(id, delivery.EndConversation), "STARTED")
	})
}

func TestWaitDoesNotWaitBehindARetryThatLiesBeyond(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, failure(adapters.Error{Kind: adapters.KindRateLimited, RetryAfter: time.Hour}))
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		end := r.write(id, delivery.EndConversation)
		r.wantsOp(end, "BLOCKED")
		if lead, took := r.waited(t.Context(), id, 20*time.Second); took != 0 || stateName(lead.GetEngagements()[0].GetState()) != "QUEUED" {
			t.Errorf("%v after %s", lead, took)
		}
	})
}

// A life with attempts of 10 s each: at each second the service is ended hard and started again. The vendor sees every step
// in its order, and all of it is done in the end.
func TestP3OrderSurvivesACrashAtAnyPoint(t *testing.T) {
	want := []string{"CreateLead Ada", "UpdateLead Grace", "DeferConversation Grace", "EndConversation Grace"}
	for second := range 42 {
		t.Run("", func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, after(10*time.Second, took))
				r := newRig(t, at("west", v))
				id := r.create(somebody())
				synctest.Wait()
				ops := []string{r.write(id, delivery.UpdateLead, "Grace"), r.write(id, delivery.DeferConversation), r.write(id, delivery.EndConversation)}
				pass(time.Duration(second) * time.Second)
				r.crash()
				if second%2 == 0 { // nothing goes out until the account is tested
					r.stop()
				}
				r.start()
				pass(time.Minute)
				r.resume()
				pass(time.Minute)
				seen := v.rpcs(id)
				if len(seen) > len(want)+1 {
					t.Errorf("the vendor saw %v", seen)
				}
				equal(t, "in order", uniq(seen), want)
				for _, op := range ops {
					r.wantsOp(op, "SUCCEEDED")
				}
				r.wants(id, "QUALIFIED", "")
				if report, err := r.index.Verify(t.Context()); err != nil || len(report.Problems) > 0 {
					t.Errorf("%v %v", err, report.Problems)
				}
			})
		})
	}
}

// uniq is a list without what directly repeats. The create that is sent again after a crash has the person as it is by then.
func uniq(list []string) []string {
	var once []string
	for _, item := range list {
		if item == "CreateLead Grace" {
			item = "CreateLead Ada"
		}
		if len(once) == 0 || once[len(once)-1] != item {
			once = append(once, item)
		}
	}
	return once
}

func TestThePromotedOperationCountsAsWaiting(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, after(5*time.Second, took))
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		update := r.write(id, delivery.UpdateLead, "Grace")
		r.stop()
		pass(10 * time.Second)
		r.wants(id, "ACTIVE", "")
		r.wantsOp(update, "QUEUED")
		if r.depth() != 1 {
			t.Errorf("%d wait", r.depth())
		}
		figures(t, r, `
# HELP leadmux_account_breaker_open 1 while the account's breaker is open or half open.
# TYPE leadmux_account_breaker_open gauge
leadmux_account_breaker_open{account="west"} 0
# HELP leadmux_account_stopped 1 while the account is stopped until it is tested.
# TYPE leadmux_account_stopped gauge
leadmux_account_stopped{account="west"} 1
# HELP leadmux_operations_in_doubt Operations that may have reached the vendor and wait for a person to look.
# TYPE leadmux_operations_in_doubt gauge
leadmux_operations_in_doubt{account="west"} 0
# HELP leadmux_queue_depth Operations that wait for an attempt.
# TYPE leadmux_queue_depth gauge
leadmux_queue_depth{account="west",priority="bulk"} 0
leadmux_queue_depth{account="west",priority="interactive"} 1
leadmux_queue_depth{account="west",priority="opt_out"} 0
# HELP leadmux_queue_oldest_age_seconds Age of the oldest operation that waits.
# TYPE leadmux_queue_oldest_age_seconds gauge
leadmux_queue_oldest_age_seconds{account="west",priority="bulk"} 0
leadmux_queue_oldest_age_seconds{account="west",priority="interactive"} 10
leadmux_queue_oldest_age_seconds{account="west",priority="opt_out"} 0
`)
	})
}

// TestTheLogNamesWhatSomebodyHasToLookAt reads the log as the one who was woken up does: which operation, where, and why.
func TestTheLogNamesWhatSomebodyHasToLookAt(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		crash  bool
		says   []string
	}{
		"in doubt":        {loses(adapters.KindTimeout), false, []string{"level=WARN", "in doubt", "reason=VENDOR_TIMEOUT", "never sent twice"}},
		"cut off":         {hangs, true, []string{"level=WARN", "in doubt", "reason=INTERRUPTED", "never sent twice"}},
		"refused":         {failure(adapters.Error{Kind: adapters.KindInvalid, Status: 422}), false, []string{"level=INFO", "failed", "status=422", "the vendor refused it"}},
		"it went through": {took, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				r := newRig(t, at("west", newVendor(atMostOnce, c.answer)))
				id := r.create(somebody())
				synctest.Wait()
				if c.crash {
					r.crash()
					r.start()
				}
				lines := r.log.String()
				for _, want := range c.says {
					if !strings.Contains(lines, want) || !strings.Contains(lines, "operation_id="+r.op(id).GetOperationId()) {
						t.Errorf("the log lacks %q: %s", want, lines)
					}
				}
				if len(c.says) == 0 && lines != "" {
					t.Errorf("the log says: %s", lines)
				}
			})
		})
	}
}

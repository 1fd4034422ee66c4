package delivery_test

import (
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

func TestP3AnAttemptThatAStopCutOffIsSettledByItsClass(t *testing.T) {
	for name, c := range map[string]struct {
		class         leadmuxv1.IdempotencyClass
		then          answer
		state, reason string
		attempts      int
	}{
		"an upsert is sent again":             {keyed, took, "ACTIVE", "", 2},
		"a create that had no effect":         {detectable, took, "ACTIVE", "", 2},
		"a create that had":                   {detectable, fails(adapters.KindConflict), "ACTIVE", "", 2},
		"what must not be sent twice is not":  {atMostOnce, took, "IN_DOUBT", "INTERRUPTED", 1},
		"an unknown class is not sent either": {leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_UNSPECIFIED, took, "IN_DOUBT", "INTERRUPTED", 1},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(c.class, hangs, c.then)
				r := newRig(t, at("west", v))
				id := r.create(somebody())
				synctest.Wait()
				r.wants(id, "SENDING", "")
				pass(time.Second)
				r.crash()
				r.wants(id, "SENDING", "") // nothing of its end was stored
				if op := r.op(id); opName(op.GetState()) != "STARTED" || op.GetAmbiguous() {
					t.Fatalf("the operation is %v", op)
				}
				pass(time.Hour)
				r.start()
				synctest.Wait()
				r.wants(id, c.state, c.reason)
				seen := v.seen(id)
				if len(seen) != c.attempts || c.attempts == 2 && !seen[1].recheck {
					t.Errorf("the attempts are %+v", seen)
				}
				interrupted(t, r.op(id).GetAttempts()[0])
				if c.state == "IN_DOUBT" {
					equal(t, "events", r.events(id), []string{"operation.in_doubt", "lead.engagement_changed"})
				}
				pass(100 * time.Hour)
				r.wants(id, c.state, c.reason)
			})
		})
	}
}

// interrupted checks the journal of an attempt that a stop cut off.
func interrupted(t *testing.T, a *leadmuxv1.Attempt) {
	t.Helper()
	if outcomeName(a.GetOutcome()) != "AMBIGUOUS" || a.GetReason() != "INTERRUPTED" || a.GetEndTime() != nil {
		t.Errorf("the attempt is %v", a)
	}
}

func TestP3RepairQueuesAndSaysWhy(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, hangs, took)
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		r.crash()
		r.stop() // nothing goes out, so that what the repair left can be seen
		r.start()
		r.wants(id, "QUEUED", "INTERRUPTED")
		op := r.op(id)
		if opName(op.GetState()) != "QUEUED" || !op.GetAmbiguous() || op.GetNextAttemptTime() == nil || r.engagement(id).GetError().GetRetryTime() == nil {
			t.Errorf("the operation is %v", op)
		}
		if got := r.events(id); len(got) != 0 {
			t.Errorf("events %v", got)
		}
		interrupted(t, op.GetAttempts()[0])
		r.resume()
		synctest.Wait()
		r.wants(id, "ACTIVE", "")
	})
}

func TestP3WhatWasSentToAnAccountThatIsGoneStaysInSight(t *testing.T) {
	for name, change := range map[string]func(*adapters.Account){
		"removed":                 func(a *adapters.Account) { a.Name = "south" },
		"another tenant's by now": func(a *adapters.Account) { a.Tenant = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, hangs, took)
				account := at("west", v)
				r := newRig(t, account)
				id := r.create(somebody())
				synctest.Wait()
				r.crash()
				change(account)
				r.start()
				pass(time.Hour)
				r.wants(id, "IN_DOUBT", "INTERRUPTED")
				op := r.op(id)
				if opName(op.GetState()) != "IN_DOUBT" || op.GetAccount() != "west" || len(v.seen("")) != 1 {
					t.Errorf("the operation is %v after %d attempts", op, len(v.seen("")))
				}
				interrupted(t, op.GetAttempts()[0])
				equal(t, "events", r.events(id), []string{"operation.in_doubt", "lead.engagement_changed"})
			})
		})
	}
}

func TestP3NothingIsSentWhenTheRepairFails(t *testing.T) {
	for name, fail := range map[string]func(*watched){
		"reading": func(w *watched) { w.failViews = 1 },
		"writing": func(w *watched) { w.failUpdates = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, hangs, took)
				r := newRig(t, at("west", v))
				id := r.create(somebody())
				synctest.Wait()
				r.crash()
				r.store.set(fail)
				if err := r.make().Start(t.Context()); err == nil {
					t.Error("Start said nothing")
				}
				pass(time.Hour)
				r.wants(id, "SENDING", "")
				if len(v.seen("")) != 1 {
					t.Errorf("%d attempts", len(v.seen("")))
				}
			})
		})
	}
}

func TestP1WhatWasQueuedGoesOutAfterACrash(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(atMostOnce, fails(adapters.KindUnavailable), took)
		r := newRig(t, at("west", v))
		tried := r.create(somebody())
		synctest.Wait()
		r.stop()
		waiting := r.create(somebody())
		r.crash()
		r.wants(tried, "QUEUED", "VENDOR_UNAVAILABLE")
		r.wants(waiting, "QUEUED", "ACCOUNT_STOPPED")
		r.accounts[0] = at("west", v) // its line was stopped, not the account
		r.start()
		pass(time.Minute)
		r.wants(tried, "ACTIVE", "")
		pass(time.Minute)
		r.wants(waiting, "ACTIVE", "")
		if len(v.seen(tried)) != 2 || len(v.seen(waiting)) != 2 {
			t.Errorf("%d and %d attempts", len(v.seen(tried)), len(v.seen(waiting)))
		}
	})
}

// TestP3AVendorThatSpeaksBeforeItsAnswerIsLost has the vendor tell of the new lead by itself while the attempt is under way, as a webhook
// does that is faster than the answer. That settles the creation, however the attempt then ends.
func TestP3AVendorThatSpeaksBeforeItsAnswerIsLost(t *testing.T) {
	const (
		late       = 5 * time.Second
		isActive   = leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE
		isRejected = leadmuxv1.EngagementState_ENGAGEMENT_STATE_REJECTED
		isEnded    = leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED
	)
	for name, c := range map[string]struct {
		answer answer
		says   []leadmuxv1.EngagementState
		state  string
		failed bool
	}{
		"the answer is lost":          {after(late, loses(adapters.KindUnavailable)), []leadmuxv1.EngagementState{isActive}, "ACTIVE", false},
		"no answer comes":             {hangs, []leadmuxv1.EngagementState{isActive}, "ACTIVE", false},
		"it ends meanwhile":           {after(late, loses(adapters.KindTimeout)), []leadmuxv1.EngagementState{isActive, isEnded}, "ENDED", false},
		"it is turned down meanwhile": {after(late, loses(adapters.KindTimeout)), []leadmuxv1.EngagementState{isRejected}, "REJECTED", false},
		"the answer says to wait":     {after(late, fails(adapters.KindRateLimited)), []leadmuxv1.EngagementState{isActive}, "ACTIVE", false},
		"the answer is a plain no":    {after(late, fails(adapters.KindInvalid)), []leadmuxv1.EngagementState{isActive}, "REJECTED", true},
	} {
		for _, crash := range []bool{false, true} {
			if crash && c.failed {
				continue // no answer came by then
			}
			t.Run(name+map[bool]string{true: ", in a crash"}[crash], func(t *testing.T) {
				inTime(t, func(t *testing.T) {
					v := newVendor(detectable, c.answer, took)
					r := newRig(t, at("west", v))
					id := r.create(somebody())
					synctest.Wait()
					r.says(id, c.says...)
					if crash {
						r.crash()
						r.start()
					}
					pass(time.Hour)
					if got := stateName(r.engagement(id).GetState()); got != c.state {
						t.Errorf("the engagement is %s", got)
					}
					if op := r.op(id); (opName(op.GetState()) == "FAILED") != c.failed || len(v.seen(id)) != 1 {
						t.Errorf("after %d attempts the operation is %v", len(v.seen(id)), op)
					}
				})
			})
		}
	}
}

// TestWhatIsOverBeforeItsTurnHoldsNobodyUp has the vendor turn a lead down that still waits to be given to it.
func TestWhatIsOverBeforeItsTurnHoldsNobodyUp(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r := newRig(t, at("west", v))
		r.stop()
		id, next := r.create(somebody()), r.create(somebody())
		r.says(id, leadmuxv1.EngagementState_ENGAGEMENT_STATE_REJECTED)
		r.resume()
		synctest.Wait()
		r.wants(next, "ACTIVE", "")
		if op := r.op(id); opName(op.GetState()) != "FAILED" || op.GetNextAttemptTime() != nil || len(v.seen(id)) != 0 {
			t.Errorf("the operation is %v", op)
		}
	})
}

// says moves a lead's engagement as a vendor's event does.
func (r *rig) says(id string, states ...leadmuxv1.EngagementState) {
	r.t.Helper()
	r.store.set(func(w *watched) { w.spoken[r.engagement(id).GetOperationId()] = true })
	r.put(func(tx idmap.Tx) error {
		lead, err := tx.Lead(tenant, id)
		if err != nil {
			return err
		}
		for _, state := range states {
			event, err := r.d.Move(lead, lead.GetEngagements()[0], state)
			if err != nil {
				return err
			}
			if err := tx.AppendEvent(tenant, event); err != nil {
				return err
			}
		}
		delivery.Touch(lead, time.Now())
		return tx.PutLead(tenant, lead)
	})
}

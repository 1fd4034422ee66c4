package delivery_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

const (
	happened   = leadmuxv1.Verdict_VERDICT_HAPPENED
	didNot     = leadmuxv1.Verdict_VERDICT_DID_NOT_HAPPEN
	sendAgain  = leadmuxv1.Verdict_VERDICT_SEND_AGAIN
	inDoubtErr = "VENDOR_TIMEOUT"
)

// resolve settles an operation as a person does.
func (r *rig) resolve(id string, verdict leadmuxv1.Verdict, vendorID ...string) error {
	r.t.Helper()
	found := delivery.Resolution{Verdict: verdict, Reason: "seen in the portal", By: "ops"}
	for _, v := range vendorID {
		found.VendorLeadID = v
	}
	return r.settleByHand(id, func(tx idmap.Tx, op *leadmuxv1.Operation) error { return r.d.Resolve(tx, tenant, op, found) })
}

func (r *rig) retry(id string, allow bool) error {
	r.t.Helper()
	return r.settleByHand(id, func(tx idmap.Tx, op *leadmuxv1.Operation) error { return r.d.Retry(tx, tenant, op, allow) })
}

func (r *rig) settleByHand(id string, do func(idmap.Tx, *leadmuxv1.Operation) error) error {
	r.t.Helper()
	var op *leadmuxv1.Operation
	err := r.store.Update(context.Background(), func(tx idmap.Tx) (err error) {
		if op, err = tx.Operation(tenant, id); err != nil {
			return err
		}
		return do(tx, op)
	})
	if err == nil {
		r.d.Changed(op.GetLeadId())
		r.d.Wake(op.GetAccount())
	}
	synctest.Wait()
	return err
}

// doubtful makes a lead whose create is in doubt, with an update and a stop that wait behind it.
func doubtful(t *testing.T, then ...answer) (r *rig, v *vendor, id string) {
	t.Helper()
	v = newVendor(atMostOnce, append([]answer{loses(adapters.KindTimeout)}, then...)...)
	v.on[delivery.UpdateLead] = took
	r = newRig(t, at("west", v))
	id = r.create(somebody())
	synctest.Wait()
	r.wants(id, "IN_DOUBT", inDoubtErr)
	r.write(id, delivery.UpdateLead, "Grace")
	synctest.Wait()
	return r, v, id
}

func TestWhatIsFoundToHaveHappenedCountsAsDone(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, v, id := doubtful(t)
		op := r.op(id).GetOperationId()
		if err := r.resolve(op, happened, "v-7"); err != nil {
			t.Fatal(err)
		}
		r.wantsOp(op, "SUCCEEDED")
		r.wants(id, "ACTIVE", "")
		if e := r.engagement(id); e.GetVendorLeadId() != "v-"+id && e.GetVendorLeadId() != "v-7" || len(e.GetWarnings()) > 0 {
			t.Errorf("the engagement is %v", e)
		}
		equal(t, "what was blocked went on", v.rpcs(id), []string{"CreateLead Ada", "UpdateLead Grace"})
		said := r.operation(op).GetResolutions()
		if len(said) != 1 || said[0].GetVerdict() != happened || said[0].GetReason() != "seen in the portal" || said[0].GetResolvedBy() != "ops" || said[0].GetResolveTime() == nil {
			t.Errorf("what is kept of it: %v", said)
		}
		equal(t, "events", r.events(id), []string{"operation.in_doubt", "lead.engagement_changed", "lead.engagement_changed"})
		if err := r.resolve(op, didNot); !errors.Is(err, delivery.ErrNotInDoubt) {
			t.Errorf("a second verdict: %v", err)
		}
	})
}

func TestWithoutTheVendorsIDItIsPending(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, _, id := doubtful(t)
		if err := r.resolve(r.op(id).GetOperationId(), happened); err != nil {
			t.Fatal(err)
		}
		warnings := r.engagement(id).GetWarnings()
		if e := r.engagement(id); stateName(e.GetState()) != "ACTIVE" || len(warnings) > 1 {
			t.Errorf("the engagement is %v", e)
		}
	})
}

func TestWhatIsFoundNotToHaveHappenedFails(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, v, id := doubtful(t, took)
		op := r.op(id).GetOperationId()
		if err := r.resolve(op, didNot); err != nil {
			t.Fatal(err)
		}
		r.wantsOp(op, "FAILED")
		r.wants(id, "REJECTED", "NOT_DONE")
		equal(t, "the vendor saw", v.rpcs(id), []string{"CreateLead Ada"})
		if err := r.retry(op, false); err != nil { // it had no effect, so that it can be sent again
			t.Fatal(err)
		}
		r.wants(id, "ACTIVE", "")
		r.wantsOp(op, "SUCCEEDED")
		if e := r.engagement(id); len(e.GetClosed()) != 1 || stateName(e.GetClosed()[0].GetState()) != "REJECTED" {
			t.Errorf("the engagement is %v", e)
		}
	})
}

func TestWhatIsToBeSentAgainIs(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, v, id := doubtful(t, fails(adapters.KindUnavailable), took)
		pass(80 * time.Hour) // longer than anything is tried; the clock of that begins anew
		op := r.op(id).GetOperationId()
		if err := r.resolve(op, sendAgain); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		r.wants(id, "ACTIVE", "")
		r.wantsOp(op, "SUCCEEDED")
		equal(t, "the vendor saw", v.rpcs(id), []string{"CreateLead Ada", "CreateLead Grace", "CreateLead Grace", "UpdateLead Grace"})
		if v.seen(id)[1].recheck {
			t.Error("the attempt looks for what a person said is not there")
		}
	})
}

func TestARetryThatCouldDoubleIsRefusedUnlessAskedFor(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, v, id := doubtful(t, fails(adapters.KindUnavailable), took)
		op := r.op(id).GetOperationId()
		if err := r.retry(op, false); !errors.Is(err, delivery.ErrMayDuplicate) {
			t.Fatalf("a retry that could double: %v", err)
		}
		if err := r.retry(op, true); err != nil {
			t.Fatal(err)
		}
		r.wants(id, "IN_DOUBT", "VENDOR_UNAVAILABLE") // the first attempt is as unknown as before
		if err := r.retry(op, true); err != nil {
			t.Fatal(err)
		}
		r.wants(id, "ACTIVE", "")
		if n := len(v.seen(id)); n < 3 || !v.seen(id)[2].recheck {
			t.Errorf("the attempts are %+v", v.seen(id))
		}
	})
}

func TestRetryOfWhatFailed(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, fails(adapters.KindInvalid), took)
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		create := r.op(id).GetOperationId()
		r.wants(id, "REJECTED", "VENDOR_REFUSED")
		if err := r.retry(create, false); err != nil {
			t.Fatal(err)
		}
		r.wants(id, "ACTIVE", "")
		var never *delivery.NotRetryableError
		if err := r.retry(create, true); !errors.As(err, &never) {
			t.Errorf("a retry of what succeeded: %v", err)
		}
		v.on[delivery.StopConversation] = inTurn(fails(adapters.KindInvalid), took)
		stop := r.write(id, delivery.StopConversation)
		synctest.Wait()
		r.wantsOp(stop, "FAILED")
		r.wants(id, "ACTIVE", "VENDOR_REFUSED")
		if err := r.retry(stop, false); err != nil {
			t.Fatal(err)
		}
		r.wants(id, "UNQUALIFIED", "")
		if e := r.engagement(id); e.GetOutcome().GetReason() != "because" {
			t.Errorf("the reason of the first call is lost: %v", e)
		}
	})
}

func TestAnEndInDoubtIsResolvedAlongTheTable(t *testing.T) {
	for name, c := range map[string]struct {
		verdict      leadmuxv1.Verdict
		op, state, e string
	}{
		"happened":       {happened, "SUCCEEDED", "QUALIFIED", ""},
		"did not happen": {didNot, "FAILED", "ACTIVE", "NOT_DONE"},
		"send again":     {sendAgain, "SUCCEEDED", "QUALIFIED", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, took)
				v.others, v.on[delivery.EndConversation] = atMostOnce, inTurn(loses(adapters.KindTimeout), took)
				r := newRig(t, at("west", v))
				id := r.create(somebody())
				synctest.Wait()
				end := r.write(id, delivery.EndConversation)
				synctest.Wait()
				r.wantsOp(end, "IN_DOUBT")
				if err := r.resolve(end, c.verdict); err != nil {
					t.Fatal(err)
				}
				r.wantsOp(end, c.op)
				r.wants(id, c.state, c.e)
			})
		})
	}
}

func TestAResolutionDoesNotDisturbWhatIsUnderWay(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		v.on[delivery.EndConversation], v.others = loses(adapters.KindTimeout), atMostOnce
		v.on[delivery.UpdateLead] = after(10*time.Second, took)
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		end := r.write(id, delivery.EndConversation)
		synctest.Wait()
		update := r.write(id, delivery.UpdateLead, "Hedy") // goes on past what is in doubt
		synctest.Wait()
		r.wantsOp(update, "STARTED")
		if err := r.resolve(end, sendAgain); err != nil {
			t.Fatal(err)
		}
		r.wantsOp(end, "BLOCKED")
		r.wantsOp(update, "STARTED")
		v.from(delivery.EndConversation, took)
		pass(20 * time.Second)
		r.wantsOp(update, "SUCCEEDED")
		r.wantsOp(end, "SUCCEEDED")
		r.wants(id, "QUALIFIED", "")
		if n := len(v.seen(id)); n != 4 {
			t.Errorf("%d attempts: %v", n, v.rpcs(id))
		}
	})
}

func TestAnotherLeadsVendorIDIsRefused(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, _, id := doubtful(t, took)
		other := r.create(somebody())
		synctest.Wait()
		r.put(func(tx idmap.Tx) error {
			return tx.Bind(tenant, idmap.VendorRef{Account: "west", Kind: idmap.KindLead, VendorID: "taken"}, other)
		})
		op := r.op(id).GetOperationId()
		if err := r.resolve(op, happened, "taken"); !errors.Is(err, idmap.ErrBound) {
			t.Errorf("another lead's ID: %v", err)
		}
		r.wantsOp(op, "IN_DOUBT")
		r.wants(id, "IN_DOUBT", inDoubtErr)
	})
}

func TestOperationsOfAnAccountThatIsGoneCanBeResolved(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, hangs)
		r := newRig(t, at("west", v))
		cut := r.create(somebody())
		synctest.Wait()
		r.stop()
		waiting, given := r.create(somebody()), r.create(somebody())
		behind := r.write(waiting, delivery.StopConversation)
		r.crash()
		r.reborn(at("east", newVendor(keyed, took)))
		r.wants(cut, "IN_DOUBT", "INTERRUPTED")
		figures(t, r, `
# HELP leadmux_account_unconfigured_operations Operations that wait or are in doubt at an account that is no longer configured.
# TYPE leadmux_account_unconfigured_operations gauge
leadmux_account_unconfigured_operations{account="west"} 3
# HELP leadmux_operations_in_doubt Operations that may have reached the vendor and wait for a person to look.
# TYPE leadmux_operations_in_doubt gauge
leadmux_operations_in_doubt{account="east"} 0
leadmux_operations_in_doubt{account="west"} 1
`, "leadmux_account_unconfigured_operations", "leadmux_operations_in_doubt")
		var never *delivery.NotRetryableError
		if err := r.resolve(r.op(cut).GetOperationId(), sendAgain); !errors.As(err, &never) {
			t.Errorf("sending again to an account that is gone: %v", err)
		}
		for id, c := range map[string]struct {
			verdict leadmuxv1.Verdict
			state   string
			reason  string
		}{cut: {happened, "ACTIVE", ""}, waiting: {didNot, "REJECTED", "NOT_DONE"}, given: {happened, "ACTIVE", ""}} {
			if err := r.resolve(r.op(id).GetOperationId(), c.verdict); err != nil {
				t.Error(err)
			}
			r.wants(id, c.state, c.reason)
		}
		r.wantsOp(behind, "FAILED")
	})
}

func TestWaitOperationAnswersWhenItIsOver(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, _, id := doubtful(t, after(3*time.Second, took))
		op := r.op(id).GetOperationId()
		if err := r.resolve(op, sendAgain); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		got, err := r.d.WaitOperation(t.Context(), tenant, id, op, time.Second)
		if err != nil || opName(got.GetState()) != "STARTED" || time.Since(began) != time.Second {
			t.Errorf("%v, %v after %s", got, err, time.Since(began))
		}
		got, err = r.d.WaitOperation(t.Context(), tenant, id, op, time.Minute)
		if err != nil || opName(got.GetState()) != "SUCCEEDED" || time.Since(began) != 3*time.Second {
			t.Errorf("%v, %v after %s", got, err, time.Since(began))
		}
	})
}

func TestAnOperationOfNoEngagementIsResolvedByItself(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, v, id := doubtful(t)
		create, update := r.op(id).GetOperationId(), ""
		message := &leadmuxv1.Operation{
			OperationId: typeid.New(typeid.Operation), Method: "SendSms", LeadId: id, Account: "west", Vendor: "verse",
			State: leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT, IdempotencyClass: atMostOnce, CreateTime: timestamppb.Now(),
		}
		r.put(func(tx idmap.Tx) error {
			open, err := tx.OpenOperations(tenant, id, "west")
			if err != nil {
				return err
			}
			update = open[0].GetOperationId()
			return tx.PutOperation(tenant, message)
		})
		var never *delivery.NotRetryableError
		if err := r.retry(message.GetOperationId(), true); !errors.As(err, &never) {
			t.Errorf("a retry of a message: %v", err)
		}
		if err := r.resolve(message.GetOperationId(), happened); err != nil {
			t.Fatal(err)
		}
		r.wantsOp(message.GetOperationId(), "SUCCEEDED")
		r.wantsOp(create, "IN_DOUBT")
		r.wantsOp(update, "BLOCKED")
		r.wants(id, "IN_DOUBT", inDoubtErr)
		equal(t, "the vendor saw", v.rpcs(id), []string{"CreateLead Ada"})
	})
}

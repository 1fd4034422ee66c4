package delivery_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// write accepts a further operation of a lead at all accounts of the rig, as the service does. An update renames the lead. It
// returns the ID of the operation at the first account, "" when there is none.
func (r *rig) write(id, method string, name ...string) string {
	r.t.Helper()
	var ops []*leadmuxv1.Operation
	err := r.store.Update(context.Background(), func(tx idmap.Tx) error {
		lead, err := tx.Lead(tenant, id)
		if err != nil {
			return err
		}
		slots := delivery.Slots{}
		for _, account := range r.accounts {
			open, err := tx.OpenOperations(tenant, id, account.Name)
			if err != nil {
				return err
			}
			slots[account.Name] = len(open) == 0 && account.Line.TryTake()
		}
		changed := proto.CloneOf(lead)
		for _, n := range name {
			changed.FirstName = n
		}
		ops, err = r.d.Accept(tx, tenant, changed, r.accounts, delivery.Write{Method: method, Reason: "because"}, slots)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.d.Go(tenant, ops)
	if len(ops) == 0 {
		return ""
	}
	return ops[0].GetOperationId()
}

// operation is an operation by its ID.
func (r *rig) operation(id string) *leadmuxv1.Operation {
	r.t.Helper()
	var op *leadmuxv1.Operation
	r.view(func(index idmap.Reader) (err error) {
		op, err = index.Operation(tenant, id)
		return err
	})
	return op
}

// wantsOp checks the state of an operation.
func (r *rig) wantsOp(id, state string) {
	r.t.Helper()
	if op := r.operation(id); opName(op.GetState()) != state {
		r.t.Fatalf("%s is %s (%s), want %s", op.GetMethod(), opName(op.GetState()), op.GetDecision(), state)
	}
}

// depth is the queue of the first account.
func (r *rig) depth() int {
	r.t.Helper()
	health, err := r.d.Health(r.t.Context(), r.accounts[0])
	if err != nil {
		r.t.Fatal(err)
	}
	return int(health.GetQueued())
}

func TestAnUpdateWaitsForTheCreateUnderWay(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, after(10*time.Second, took))
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		first := r.write(id, delivery.UpdateLead, "Grace")
		r.wantsOp(first, "BLOCKED")
		r.wants(id, "SENDING", "")
		if again := r.write(id, delivery.UpdateLead, "Hedy"); again != "" {
			t.Errorf("a second update waits beside the first: %v", r.operation(again))
		}
		if r.depth() != 0 {
			t.Errorf("what is blocked counts as waiting: %d", r.depth())
		}
		lead, took := r.waited(t.Context(), id, 30*time.Second)
		if took != 20*time.Second || lead.GetFirstName() != "Hedy" {
			t.Errorf("%v after %s", lead, took)
		}
		equal(t, "the vendor saw", v.rpcs(id), []string{"CreateLead Ada", "UpdateLead Hedy"})
		r.wants(id, "ACTIVE", "")
		r.wantsOp(first, "SUCCEEDED")
		if e := v.seen(id)[1].e; e.GetVendorLeadId() != "v-"+id || stateName(e.GetState()) != "ACTIVE" {
			t.Errorf("the update had the engagement as %v", e)
		}
		if e := r.engagement(id); e.GetAttempts() != 2 || e.GetOperationId() != first {
			t.Errorf("the engagement is %v", e)
		}
	})
}

func TestAnUpdateGoesWithWhatStillWaits(t *testing.T) {
	for name, method := range map[string]string{"a create": "", "an update": delivery.UpdateLead} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, took)
				r := newRig(t, at("west", v))
				if method == "" {
					r.stop()
				}
				id := r.create(somebody())
				synctest.Wait()
				want := []string{"CreateLead Hedy"}
				if method != "" {
					r.stop()
					r.wantsOp(r.write(id, method, "Grace"), "QUEUED")
					r.wants(id, "ACTIVE", "ACCOUNT_STOPPED")
					want = []string{"CreateLead Ada", "UpdateLead Hedy"}
				}
				if op := r.write(id, delivery.UpdateLead, "Hedy"); op != "" || r.depth() != 1 {
					t.Errorf("a second operation: %v, %d wait", r.operation(op), r.depth())
				}
				r.resume()
				synctest.Wait()
				equal(t, "the vendor saw", v.rpcs(id), want)
				r.wants(id, "ACTIVE", "")
			})
		})
	}
}

// A create that may have reached the vendor is not sent anew with the change if the vendor only says that it is there.
func TestAnUpdateDoesNotRelyOnACreateThatMayBeThere(t *testing.T) {
	for name, c := range map[string]struct {
		class leadmuxv1.IdempotencyClass
		then  answer
		want  []string
	}{
		"one that is found again":   {detectable, fails(adapters.KindConflict), []string{"CreateLead Ada", "CreateLead Grace", "UpdateLead Grace"}},
		"one that is simply resent": {keyed, took, []string{"CreateLead Ada", "CreateLead Grace"}},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(c.class, loses(adapters.KindUnavailable), c.then)
				v.on[delivery.UpdateLead] = took
				r := newRig(t, at("west", v))
				id := r.create(somebody())
				synctest.Wait()
				r.wants(id, "QUEUED", "VENDOR_UNAVAILABLE")
				r.write(id, delivery.UpdateLead, "Grace")
				pass(time.Hour)
				equal(t, "the vendor saw", v.rpcs(id), c.want)
				r.wants(id, "ACTIVE", "")
			})
		})
	}
}

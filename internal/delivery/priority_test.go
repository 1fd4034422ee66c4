package delivery_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
)

const (
	bulk        = leadmuxv1.Priority_PRIORITY_BULK
	interactive = leadmuxv1.Priority_PRIORITY_INTERACTIVE
	optOut      = leadmuxv1.Priority_PRIORITY_OPT_OUT
)

// queued accepts a lead at a priority, without a slot.
func (r *rig) queued(priority leadmuxv1.Priority) string {
	r.t.Helper()
	ops := r.acceptWrite(somebody(), delivery.Write{Method: delivery.CreateLead, Priority: priority}, nil, r.accounts...)
	r.d.Go(tenant, ops)
	return ops[0].GetLeadId()
}

func TestP9OptOutsGoFirstThenInteractiveThenBulk(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r := newRig(t, limited("west", v, 1))
		r.stop()
		var want, low, middle []string
		for range 5 {
			low, middle = append(low, r.queued(bulk)), append(middle, r.queued(interactive))
			pass(time.Millisecond) // those accepted in one tick of the clock have no order
		}
		want = append(want, r.queued(optOut))
		want = append(append(want, middle...), low...)
		r.resume()
		pass(20 * time.Second)
		var got []string
		for _, a := range v.seen("") {
			got = append(got, a.lead.GetLeadId())
		}
		equal(t, "leads in the order they left", got, want)
	})
}

func TestP9ANewArrivalTakesNoSlotThatAnotherWaitsFor(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, limited("west", newVendor(keyed, took), 1), at("east", newVendor(keyed, took)))
		pass(10 * time.Second) // a slot is free
		r.stop()
		r.queued(interactive)
		pass(time.Millisecond)
		for _, account := range r.accounts {
			account.Line.Resume() // and the queues sleep
		}
		for _, test := range []struct {
			priority leadmuxv1.Priority
			want     bool
		}{{bulk, false}, {interactive, false}, {optOut, true}, {optOut, false}} {
			slots, err := r.d.Reserve(context.Background(), r.accounts[:1], test.priority)
			if err != nil || slots["west"] != test.want {
				t.Errorf("a new arrival of %s got a slot: %v, want %v; %v", test.priority, slots["west"], test.want, err)
			}
		}
	})
}

func TestWhatAnOptOutWaitsForIsHurried(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r := newRig(t, limited("west", v, 1))
		r.stop()
		var ids []string
		for range 5 {
			ids = append(ids, r.queued(bulk))
			pass(time.Millisecond)
		}
		last := ids[4]
		r.write(last, delivery.StopConversation) // interactive, behind its own create
		if got := r.op(last).GetPriority(); got != interactive {
			t.Errorf("the create before it is %s", got)
		}
		r.resume()
		synctest.Wait()
		pass(20 * time.Second)
		if first := v.seen("")[0].lead.GetLeadId(); first != last {
			t.Errorf("the first that left is not the one that another waited for")
		}
	})
}

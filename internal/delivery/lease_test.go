package delivery_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
)

// join starts a further Dispatcher on the rig's index, with lines of its own, as another process would have it.
func (r *rig) join(accounts ...*adapters.Account) *delivery.Dispatcher {
	r.t.Helper()
	d := delivery.New(delivery.Config{
		Store: r.store, Accounts: adapters.NewSet(accounts), Schedule: r.schedule, Logger: slog.New(slog.DiscardHandler), Shared: true,
	})
	if err := d.Start(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		d.Close(ctx)
	})
	return d
}

// late is an answer that no deadline cuts off: its process was paused.
func late(by time.Duration, then answer) answer {
	return func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
		<-time.After(by)
		return then(context.WithoutCancel(ctx), a)
	}
}

func TestTwoProcessesSendEachLeadOnce(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v, w := newVendor(atMostOnce, after(time.Second, took)), newVendor(atMostOnce, after(time.Second, took))
		r := sharedRig(t, at("west", v))
		r.stop()
		var ids []string
		for range 200 {
			ids = append(ids, r.create(somebody()))
		}
		r.join(at("west", w))
		r.resume()
		pass(time.Minute)
		for _, id := range ids {
			r.wants(id, "ACTIVE", "")
			if n := len(v.seen(id)) + len(w.seen(id)); n != 1 {
				t.Errorf("%s was sent %d times", id, n)
			}
		}
		if len(v.seen("")) == 0 || len(w.seen("")) == 0 {
			t.Errorf("one process sent all of them: %d and %d", len(v.seen("")), len(w.seen("")))
		}
	})
}

func TestAnAttemptBelongsToItsProcessUntilItsLeaseIsOver(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v, w := newVendor(keyed, late(80*time.Second, fails(adapters.KindInvalid))), newVendor(keyed, after(25*time.Second, took))
		r := sharedRig(t, at("west", v))
		id := r.create(somebody())
		r.stop() // it is paused, and so is its queue
		r.join(at("west", w))
		pass(59 * time.Second)
		r.wants(id, "SENDING", "")
		if len(w.seen("")) != 0 {
			t.Fatal("another process took an attempt before its lease was over")
		}
		pass(17 * time.Second) // one round of repair
		if op := r.op(id); opName(op.GetState()) != "STARTED" || op.GetAttemptCount() != 2 || len(w.seen(id)) != 1 {
			t.Fatalf("the operation is %v", op)
		}
		pass(6 * time.Second) // the paused process has its answer now, a refusal, while the second attempt is under way
		r.wants(id, "SENDING", "INTERRUPTED")
		pass(time.Minute)
		r.wants(id, "ACTIVE", "")
		op := r.op(id)
		if first, second := op.GetAttempts()[0], op.GetAttempts()[1]; first.GetHolder() == second.GetHolder() || len(op.GetAttempts()) != 2 {
			t.Errorf("the attempts are %v", op.GetAttempts())
		}
		interrupted(t, op.GetAttempts()[0])
	})
}

func TestAProcessThatWasPausedBeforeSendingSendsNothing(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r := newRig(t, at("west", v))
		ops := r.accept(somebody(), r.reserve(r.accounts), r.accounts...)
		pass(31 * time.Second) // between the mark and the first byte
		r.d.Go(tenant, ops)
		synctest.Wait()
		if len(v.seen("")) != 0 {
			t.Error("an attempt began after its time")
		}
		pass(time.Minute)
		r.wants(ops[0].GetLeadId(), "ACTIVE", "")
	})
}

func TestAStopReachesTheOtherProcess(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v, w := newVendor(keyed, fails(adapters.KindCredentials)), newVendor(keyed, took)
		r := sharedRig(t, at("west", v))
		other := at("west", w)
		d := r.join(other)
		r.create(somebody())
		pass(2 * time.Second)
		if !other.Line.Health().GetStopped() {
			t.Error("the other process knows nothing of the stop")
		}
		var waiting []string
		for range 3 {
			waiting = append(waiting, r.create(somebody()))
		}
		pass(time.Hour)
		if n := len(v.seen("")) + len(w.seen("")); n != 1 {
			t.Errorf("%d attempts at the stopped account", n)
		}
		v.answer = took
		if err := d.Resume(t.Context(), other); err != nil { // the test was made there
			t.Fatal(err)
		}
		pass(3 * time.Second)
		if r.accounts[0].Line.Health().GetStopped() {
			t.Error("the first process knows nothing of the end of the stop")
		}
		for _, id := range waiting {
			r.wants(id, "ACTIVE", "")
		}
	})
}

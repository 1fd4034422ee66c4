package delivery_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
)

func TestAnOutcomeThatCannotBeStoredIsNotLost(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(atMostOnce, took)
		r := newRig(t, at("west", v))
		ops := r.accept(somebody(), r.reserve(r.accounts), r.accounts...)
		id := ops[0].GetLeadId()
		r.store.set(func(w *watched) { w.failUpdates = 5 })
		r.d.Go(tenant, ops)
		pass(4500 * time.Millisecond)
		r.wants(id, "SENDING", "")
		pass(time.Second)
		r.wants(id, "ACTIVE", "")
		if got := len(v.seen(id)); got != 1 {
			t.Errorf("%d attempts", got)
		}
	})
}

// A commit may be durable though its answer is an error, as when the disk fails right behind it.
func TestAnOutcomeIsStoredOnce(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(atMostOnce, took)
		r := newRig(t, at("west", v))
		ops := r.accept(somebody(), r.reserve(r.accounts), r.accounts...)
		id := ops[0].GetLeadId()
		r.store.set(func(w *watched) { w.forget = 1 })
		r.d.Go(tenant, ops)
		pass(10 * time.Second)
		r.wants(id, "ACTIVE", "")
		equal(t, "events", r.events(id), []string{"lead.engagement_changed"})
		if writes := r.store.count(); writes != 3 {
			t.Errorf("%d changes of the index, want the acceptance, the outcome and one look", writes)
		}
	})
}

func TestP2NothingIsSentBeforeItsStartIsStored(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(atMostOnce, took)
		r := newRig(t, at("west", v))
		r.stop()
		id := r.create(somebody())
		synctest.Wait()
		r.store.set(func(w *watched) { w.failUpdates = 5 })
		r.resume()
		pass(4500 * time.Millisecond)
		r.wants(id, "QUEUED", "ACCOUNT_STOPPED")
		if got := len(v.seen(id)); got != 0 {
			t.Errorf("%d attempts that no index knows of", got)
		}
		pass(time.Second)
		r.wants(id, "ACTIVE", "")
	})
}

func TestALongFailureOfTheIndexUsesNothingUp(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, took)))
		r.stop()
		id := r.create(somebody())
		r.store.set(func(w *watched) { w.failUpdates = 100 }) // more than may be under way at once
		r.resume()
		pass(101 * time.Second)
		r.wants(id, "ACTIVE", "")
	})
}

func TestAQueueThatCannotBeReadIsReadAgain(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, took)))
		r.stop()
		id := r.create(somebody())
		synctest.Wait()
		r.store.set(func(w *watched) { w.failViews = 3 })
		r.resume()
		pass(5 * time.Second)
		r.wants(id, "ACTIVE", "")
	})
}

// A lead that could not be read was not sent, so a later conflict is not ours.
func TestAnAttemptThatCouldNotReadItsLeadHadNoEffect(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(detectable, fails(adapters.KindConflict))
		r := newRig(t, at("west", v))
		ops := r.accept(somebody(), r.reserve(r.accounts), r.accounts...)
		id := ops[0].GetLeadId()
		r.store.set(func(w *watched) { w.failViews = 1 })
		r.d.Go(tenant, ops)
		pass(time.Minute)
		r.wants(id, "REJECTED", "DUPLICATE_AT_VENDOR")
		if first := r.op(id).GetAttempts()[0]; outcomeName(first.GetOutcome()) != "NO_EFFECT" || len(v.seen(id)) != 1 {
			t.Errorf("the attempt is %v, the vendor saw %d", first, len(v.seen(id)))
		}
	})
}

func TestAFailureThatNobodyClassifiedIsUnsure(t *testing.T) {
	for name, answer := range map[string]answer{
		"a plain error": func(context.Context, attempt) (adapters.LeadResult, error) {
			return adapters.LeadResult{}, errors.New("something else")
		},
		"a panic": panics,
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				r := newRig(t, at("west", newVendor(atMostOnce, answer)))
				id := r.create(somebody())
				synctest.Wait()
				if e := r.engagement(id); stateName(e.GetState()) != "IN_DOUBT" {
					t.Errorf("the engagement is %v", e)
				}
			})
		})
	}
}

// panics is an adapter with a fault of its own.
func panics(_ context.Context, a attempt) (adapters.LeadResult, error) {
	return adapters.LeadResult{VendorURL: a.lead.GetTags()[a.n]}, nil
}

func TestAnAdapterThatPanicsOnOneLeadStillSendsOthers(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
			if a.lead.GetExternalId() == "odd" {
				return panics(ctx, a)
			}
			return took(ctx, a)
		})))
		odd := somebody()
		odd.ExternalId = "odd"
		first, second := r.create(odd), r.create(somebody())
		pass(100 * time.Hour)
		r.wants(first, "IN_DOUBT", "VENDOR_ANSWER_UNREADABLE")
		r.wants(second, "ACTIVE", "")
	})
}

// An operation whose data key is gone, as after an erasure or a restore, cannot be taken. It must not keep the queue busy, nor
// the others in it from leaving.
func TestAnOperationThatCannotBeReadDoesNotBlockTheQueue(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r := newRig(t, at("west", v))
		r.stop()
		r.create(somebody())
		r.close(0)
		r.dropKeys()
		r.accounts[0] = at("west", v)
		r.start()
		before := r.store.count()
		pass(10 * time.Minute)
		if looks := r.store.count() - before; looks > 20 {
			t.Errorf("%d looks at the queue in 10 minutes", looks)
		}
		r.stop()
		id := r.create(somebody())
		r.resume()
		pass(2 * time.Minute)
		r.wants(id, "ACTIVE", "")
	})
}

// dropKeys removes every data key from the key file, as if all leads so far had been erased.
func (r *rig) dropKeys() {
	r.t.Helper()
	if err := r.index.Close(); err != nil {
		r.t.Fatal(err)
	}
	db, err := bbolt.Open(filepath.Join(r.dir, boltmap.KeysFile), 0o600, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		if err := tx.DeleteBucket([]byte("keys")); err != nil {
			return err
		}
		_, err := tx.CreateBucket([]byte("keys"))
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

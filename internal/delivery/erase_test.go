package delivery_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// erase erases a lead as the service does.
func (r *rig) erase(id string) {
	r.t.Helper()
	var ops []*leadmuxv1.Operation
	r.put(func(tx idmap.Tx) error {
		lead, err := tx.Lead(tenant, id)
		if err == nil {
			_, ops, err = r.d.Erase(tx, tenant, lead)
		}
		return err
	})
	if err := r.store.DropErased(context.Background()); err != nil {
		r.t.Fatal(err)
	}
	r.d.Go(tenant, ops)
}

// wantsReceipt checks what the receipt of an erased lead says, as "account STATE", and whether anything of the lead is left.
func (r *rig) wantsReceipt(id string, complete bool, want ...string) *leadmuxv1.ErasureReceipt {
	r.t.Helper()
	var receipt *leadmuxv1.ErasureReceipt
	var left, lead error
	r.view(func(index idmap.Reader) (err error) {
		_, left = index.Leaving(tenant, id)
		_, lead = index.Lead(tenant, id)
		receipt, err = index.Erasure(tenant, id)
		return err
	})
	var got []string
	for _, at := range receipt.GetAccounts() {
		got = append(got, at.GetAccount()+" "+strings.TrimPrefix(at.GetState().String(), "VENDOR_ERASURE_STATE_"))
	}
	equal(r.t, "the receipt", got, want)
	if (receipt.GetCompleteTime() != nil) != complete || errors.Is(left, idmap.ErrNotFound) != complete || !errors.Is(lead, idmap.ErrErased) {
		r.t.Errorf("complete %v; what is left: %v; the lead: %v", receipt.GetCompleteTime(), left, lead)
	}
	if report, err := r.index.Verify(context.Background()); err != nil || len(report.Problems) > 0 {
		r.t.Errorf("the index: %v, %v", report.Problems, err)
	}
	return receipt
}

// commented is somebody with something that no vendor needs for an opt-out.
func commented() *leadmuxv1.Lead {
	lead := caller("+14155550101")
	lead.Comment, lead.Address = "calls from the garden", &leadmuxv1.Address{Street: "1 Birdcage Walk"}
	return lead
}

// TestP10AnOptOutReachesItsVendorAfterAnErasure erases a lead while one vendor has still to be told, over a restart.
func TestP10AnOptOutReachesItsVendorAfterAnErasure(t *testing.T) {
	for name, crash := range map[string]bool{"in one go": false, "over a crash": true} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				east, west := newVendor(keyed, took), newVendor(keyed, took)
				r := newRig(t, at("east", east), at("west", west))
				id := r.create(commented())
				synctest.Wait()
				west.on[delivery.OptOutLead] = inTurn(fails(adapters.KindUnavailable), took)
				s := r.suppress(delivery.Person{LeadID: id})
				synctest.Wait()
				r.wantsNotices(s.GetSuppressionId(), "east ACKNOWLEDGED", "west REQUESTED")
				r.erase(id)
				r.wantsReceipt(id, false, "east NO_DELETE", "west PENDING")
				if crash {
					r.crash()
					r.wantsReceipt(id, false, "east NO_DELETE", "west PENDING")
					r.start()
				}
				pass(time.Hour)
				receipt := r.wantsReceipt(id, true, "east NO_DELETE", "west NO_DELETE")
				if note := receipt.GetAccounts()[1].GetNote(); !strings.HasPrefix(note, "the vendor was told of the opt-out; ") {
					t.Errorf("the note is %q", note)
				}
				r.wantsNotices(s.GetSuppressionId(), "east ACKNOWLEDGED", "west ACKNOWLEDGED")
				equal(t, "west saw", sayings(west, id), []string{"CreateLead", "OptOutLead", "OptOutLead"})
				equal(t, "east saw", sayings(east, id), []string{"CreateLead", "OptOutLead"})
				told := west.seen(id)[2].lead
				if told.GetPhone() == "" || told.GetComment() != "" || told.GetAddress() != nil {
					t.Errorf("west was told with %v", told)
				}
				if events := r.events(id); !slices.Equal(events, []string{"lead.erased"}) {
					t.Errorf("events %v", events)
				}
			})
		})
	}
}

// TestAnOptOutBehindACreateIsTold erases a lead whose create is under way, with an opt-out behind it.
func TestAnOptOutBehindACreateIsTold(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, hangs)
		v.on[delivery.OptOutLead] = took
		r := newRig(t, at("west", v))
		id := r.create(commented())
		synctest.Wait()
		r.suppress(delivery.Person{LeadID: id})
		r.erase(id)
		pass(10 * time.Second)
		r.wantsReceipt(id, false, "west PENDING")
		pass(time.Hour)
		receipt := r.wantsReceipt(id, true, "west UNKNOWN")
		if !receipt.GetAccounts()[0].GetUnsure() {
			t.Error("it is not unsure")
		}
		equal(t, "west saw", sayings(v, id), []string{"CreateLead", "OptOutLead"})
	})
}

// TestAnOptOutUnderWayIsNotToldTwice erases a lead in the middle of the telling.
func TestAnOptOutUnderWayIsNotToldTwice(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		v.on[delivery.OptOutLead] = func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
			pass(5 * time.Second)
			return took(ctx, a)
		}
		r := newRig(t, at("west", v))
		id := r.create(commented())
		synctest.Wait()
		r.suppress(delivery.Person{LeadID: id})
		synctest.Wait()
		r.erase(id)
		r.wantsReceipt(id, false, "west PENDING")
		pass(time.Hour)
		r.wantsReceipt(id, true, "west NO_DELETE")
		equal(t, "west saw", sayings(v, id), []string{"CreateLead", "OptOutLead"})
	})
}

// TestAVendorThatCanDeleteIsAskedTo has what a vendor can delete deleted, after what the person declared.
func TestAVendorThatCanDeleteIsAskedTo(t *testing.T) {
	for name, c := range map[string]struct {
		optOut   bool
		deletion answer
		state    string
		saw      []string
	}{
		"it does":                {false, took, "DELETED", []string{"CreateLead", "EraseLead"}},
		"it does at last":        {false, inTurn(fails(adapters.KindUnavailable), took), "DELETED", []string{"CreateLead", "EraseLead", "EraseLead"}},
		"it refuses":             {false, fails(adapters.KindInvalid), "FAILED", []string{"CreateLead", "EraseLead"}},
		"the opt-out goes first": {true, took, "DELETED", []string{"CreateLead", "OptOutLead", "EraseLead"}},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, took)
				v.deletes = true
				v.on[delivery.EraseLead] = c.deletion
				r := newRig(t, at("west", v))
				id := r.create(commented())
				synctest.Wait()
				if c.optOut {
					r.stop()
					r.suppress(delivery.Person{LeadID: id})
					r.erase(id)
					r.wantsReceipt(id, false, "west PENDING")
					r.resume()
				} else {
					r.erase(id)
				}
				pass(2 * time.Hour)
				r.wantsReceipt(id, true, "west "+c.state)
				equal(t, "west saw", sayings(v, id), c.saw)
			})
		})
	}
}

// TestWaitErasedWaitsForTheVendors returns with the last vendor, or with the wait.
func TestWaitErasedWaitsForTheVendors(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		v.deletes = true
		v.on[delivery.EraseLead] = func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
			pass(5 * time.Second)
			return took(ctx, a)
		}
		r := newRig(t, at("west", v))
		id := r.create(commented())
		synctest.Wait()
		r.erase(id)
		began := time.Now()
		receipt, err := r.d.WaitErased(t.Context(), tenant, id, 2*time.Second)
		if err != nil || receipt.GetCompleteTime() != nil || time.Since(began) != 2*time.Second {
			t.Errorf("after %s: %v, %v", time.Since(began), receipt, err)
		}
		receipt, err = r.d.WaitErased(t.Context(), tenant, id, 20*time.Second)
		if err != nil || receipt.GetCompleteTime() == nil || time.Since(began) != 5*time.Second {
			t.Errorf("after %s: %v, %v", time.Since(began), receipt, err)
		}
	})
}

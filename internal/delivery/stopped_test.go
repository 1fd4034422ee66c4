package delivery_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
)

func TestRefusedCredentialsStopTheAccountForAllLeads(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		v.answer = fails(adapters.KindCredentials)
		other := newVendor(keyed, took)
		r := newRig(t, at("west", v), at("east", other))
		first := r.createAt(somebody(), r.accounts[0])
		synctest.Wait()
		r.wants(first, "REJECTED", "VENDOR_CREDENTIALS_REFUSED")

		var later []string
		for range 5 {
			later = append(later, r.create(somebody()))
		}
		pass(24 * time.Hour)
		if got := len(v.seen("")); got != 1 {
			t.Errorf("%d attempts at the stopped account", got)
		}
		for _, id := range later {
			e := r.engagement(id, "west")
			if stateName(e.GetState()) != "QUEUED" || e.GetError().GetReason() != "ACCOUNT_STOPPED" || !strings.Contains(e.GetError().GetMessage(), "VENDOR_CREDENTIALS_REFUSED") {
				t.Errorf("at the stopped account: %v", e)
			}
			if e := r.engagement(id, "east"); stateName(e.GetState()) != "ACTIVE" {
				t.Errorf("at the other account: %v", e)
			}
		}

		v.answer = took
		r.resume()
		synctest.Wait()
		for _, id := range later {
			if e := r.engagement(id, "west"); stateName(e.GetState()) != "ACTIVE" || e.GetError() != nil {
				t.Errorf("after the account was resumed: %v", e)
			}
		}
		r.wants(first, "REJECTED", "VENDOR_CREDENTIALS_REFUSED")
	})
}

func TestAnAccountOnHoldKeepsItsLeads(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(atMostOnce, fails(adapters.KindOnHold), took)
		r := newRig(t, at("west", v))
		first := r.create(somebody())
		synctest.Wait()
		second := r.create(somebody())
		pass(100 * time.Hour) // longer than anything else is tried
		r.wants(first, "QUEUED", "VENDOR_ACCOUNT_ON_HOLD")
		r.wants(second, "QUEUED", "ACCOUNT_STOPPED")
		if got := len(v.seen("")); got != 1 {
			t.Errorf("%d attempts", got)
		}
		r.resume()
		pass(time.Hour)
		r.wants(first, "ACTIVE", "")
		r.wants(second, "QUEUED", "VENDOR_ACCOUNT_ON_HOLD") // its own first attempt met the hold again
		r.resume()
		synctest.Wait()
		r.wants(second, "ACTIVE", "")
	})
}

func TestAResumedAccountIsNotStoppedAgainByAnOldFailure(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, fails(adapters.KindCredentials))
		r := newRig(t, at("west", v))
		slots := r.reserve(r.accounts)
		ops := r.accept(somebody(), slots, r.accounts...)
		r.store.set(func(w *watched) { w.failUpdates = 3 })
		r.d.Go(tenant, ops)
		pass(1500 * time.Millisecond) // the failure is known, and not stored yet
		if !r.accounts[0].Line.Health().GetStopped() {
			t.Fatal("the account is not stopped")
		}
		r.resume()
		pass(10 * time.Second)
		r.wants(ops[0].GetLeadId(), "REJECTED", "VENDOR_CREDENTIALS_REFUSED")
		if r.accounts[0].Line.Health().GetStopped() {
			t.Error("the account is stopped again")
		}
	})
}

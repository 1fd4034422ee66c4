package delivery_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// many accepts n leads at accounts as a batch or an import does, and returns their IDs.
func (r *rig) many(n int, write delivery.Write, accounts ...*adapters.Account) []string {
	r.t.Helper()
	var ids []string
	lot := delivery.Lot{}
	for len(ids) < n {
		var ops []*leadmuxv1.Operation
		var turns delivery.Lot
		err := r.index.Update(context.Background(), func(tx idmap.Tx) error {
			ops, turns = nil, maps.Clone(lot)
			for range min(n-len(ids), 500) {
				lead := somebody()
				lead.LeadId, lead.CreateTime = typeid.New(typeid.Lead), timestamppb.Now()
				write.Method, write.Lot = delivery.CreateLead, turns
				more, err := r.d.Accept(tx, tenant, lead, accounts, write, nil)
				if err != nil {
					return err
				}
				ops = append(ops, more...)
			}
			return nil
		})
		if err != nil {
			r.t.Fatal(err)
		}
		lot = turns
		r.d.Go(tenant, ops)
		for i := 0; i < len(ops); i += len(accounts) {
			ids = append(ids, ops[i].GetLeadId())
		}
	}
	return ids
}

// TestP9ABacklogOf10000DelaysNobodyElse runs in real time: what it costs to find one's way past the backlog counts.
func TestP9ABacklogOf10000DelaysNobodyElse(t *testing.T) {
	slow, quick := newVendor(keyed, took), newVendor(keyed, took)
	r := newRig(t, limited("slow", slow, 1), at("quick", quick))
	known := r.createAt(somebody(), r.accounts[0])
	if lead, _ := r.waited(t.Context(), known, 10*time.Second); stateName(lead.GetEngagements()[0].GetState()) != "ACTIVE" {
		t.Fatalf("before the backlog: %v", lead)
	}
	backlog := r.many(10_000, delivery.Write{Priority: bulk}, r.accounts[0])

	other := r.createAt(somebody(), r.accounts[1])
	if lead, took := r.waited(t.Context(), other, 10*time.Second); took > 2*time.Second || stateName(lead.GetEngagements()[0].GetState()) != "ACTIVE" {
		t.Errorf("another account's lead: %v after %s", lead, took)
	}
	last := backlog[len(backlog)-1] // opts out while it waits, so that it is never sent
	r.suppress(delivery.Person{LeadID: last})
	told := r.suppress(delivery.Person{LeadID: known})
	out, sentBefore := time.Now(), len(slow.seen(""))
	single := r.createAt(somebody(), r.accounts[0])
	sent := len(slow.seen(""))
	for _, id := range []string{known, single} {
		if _, err := r.d.Wait(t.Context(), tenant, id, 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	r.wantsNotices(told.GetSuppressionId(), "slow ACKNOWLEDGED")
	if e := r.engagement(last); stateName(e.GetState()) != "OPTED_OUT" || len(slow.seen(last)) != 0 {
		t.Errorf("who opted out of the backlog is %v and was sent %d times", e, len(slow.seen(last)))
	}
	order := map[string]int{}
	for i, a := range slow.seen("") {
		order[a.rpc+a.lead.GetLeadId()] = i
	}
	urgent, later := order[delivery.OptOutLead+known], order[delivery.CreateLead+single]
	wait := slow.seen(known)[1].at.Sub(out)
	t.Logf("the opt-out waited %s and was number %d, the single call number %d, behind %d of 10,000", wait, urgent+1, later+1, sent)
	if wait > 2*time.Second || urgent > sentBefore+1 || later > sent+2 { // one of the backlog may have been on its way, and the opt-out
		t.Error("a backlog was not overtaken")
	}
}

func TestP9AccountsThatShareALimitTakeTurns(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		shared := vendorhttp.NewSlots(1)
		var accounts []*adapters.Account
		for _, name := range []string{"busy", "calm"} {
			line := vendorhttp.NewLine(vendorhttp.LineConfig{Slots: shared})
			accounts = append(accounts, &adapters.Account{Name: name, Tenant: tenant, Vendor: "verse", Adapter: v, Line: line, Limit: "one"})
		}
		r := newRig(t, accounts...)
		r.many(500, delivery.Write{}, accounts[0])
		pass(20 * time.Second)
		few := r.many(5, delivery.Write{}, accounts[1])
		pass(11*gap + time.Second)
		for _, id := range few {
			if e := r.engagement(id); stateName(e.GetState()) != "ACTIVE" {
				t.Errorf("the calm account's lead is %s after two rounds each", stateName(e.GetState()))
			}
		}
		for range 10 { // the next slot is its, each time
			ops := r.acceptWrite(somebody(), delivery.Write{Method: delivery.CreateLead, Priority: optOut}, nil, accounts[1])
			r.d.Go(tenant, ops)
			pass(gap + 10*time.Millisecond)
			r.wants(ops[0].GetLeadId(), "ACTIVE", "")
		}
		r.many(5, delivery.Write{}, accounts[1])
		if slots, err := r.d.Reserve(t.Context(), accounts[:1], interactive); err != nil || slots["busy"] {
			t.Errorf("a new arrival took the slot that another account waits for: %v, %v", slots, err)
		}
		accounts[1].Line.Stop(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ACCOUNT_ON_HOLD)
		sent := len(v.seen(""))
		pass(10 * gap)
		if n := len(v.seen("")) - sent; n < 9 {
			t.Errorf("%d leads in ten slots while the other account is stopped", n)
		}
	})
}

func TestP9ALaterLotHasItsTurnBetweenThoseOfAnEarlierOne(t *testing.T) {
	for _, lag := range []time.Duration{0, time.Minute} { // the queue may be behind its own pace
		t.Run(fmt.Sprint(lag), func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, took)
				r := newRig(t, limited("west", v, 1))
				r.many(400, delivery.Write{Priority: bulk}, r.accounts...)
				pass(30 * time.Second)
				r.stop()
				pass(lag)
				r.resume()
				few := r.many(10, delivery.Write{Priority: bulk}, r.accounts...)
				pass(25 * gap)
				for i, id := range few {
					if e := r.engagement(id); stateName(e.GetState()) != "ACTIVE" {
						t.Errorf("lead %d of the small lot is %s", i, stateName(e.GetState()))
					}
				}
				sent := len(v.seen(""))
				pass(10 * gap)
				if n := len(v.seen("")) - sent; n < 9 {
					t.Errorf("%d leads of the large lot in ten slots: its pace wastes them", n)
				}
			})
		})
	}
}

func TestAFullAccountKeepsPlacesForWhatIsUrgent(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, hangs)
		r := newRig(t, at("west", v))
		r.many(100, delivery.Write{Priority: bulk}, r.accounts...)
		pass(time.Second)
		v.answer = took
		single := r.queued(interactive)
		synctest.Wait()
		r.wants(single, "ACTIVE", "")
		if n := len(v.seen("")); n != 57 {
			t.Errorf("%d attempts, want 56 and the single one", n)
		}
	})
}

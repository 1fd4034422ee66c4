package service_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// erase is EraseLead in tenant "full".
func (r *rig) erase(id string) *leadmuxv1.ErasureReceipt {
	r.t.Helper()
	got, err := r.EraseLead(r.full, &leadmuxv1.EraseLeadRequest{LeadId: id})
	if err != nil {
		r.t.Fatal(err)
	}
	return got.GetReceipt()
}

// left is a receipt's states by account.
func left(receipt *leadmuxv1.ErasureReceipt) string {
	var list []string
	for _, at := range receipt.GetAccounts() {
		list = append(list, at.GetAccount()+" "+strings.TrimPrefix(at.GetState().String(), "VENDOR_ERASURE_STATE_"))
	}
	return strings.Join(list, ", ")
}

// gone wants a lead to be erased for every reader.
func (r *rig) gone(id string) {
	r.t.Helper()
	_, err := r.GetLead(r.full, &leadmuxv1.GetLeadRequest{LeadId: id})
	refused(r.t, err, codes.NotFound, "LEAD_ERASED")
	r.sound()
}

// queued are the depths of the queues of tenant "full" together.
func (r *rig) queued() (depth int) {
	r.t.Helper()
	err := r.store.View(context.Background(), func(index idmap.Reader) error {
		for _, account := range r.set.Of("full") {
			queue, err := index.Queue("full", account.Name)
			if err != nil {
				return err
			}
			depth += queue.Depth
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return depth
}

func TestEraseWhatIsActive(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.give(ada1(), "all", "plain")
		receipt := r.erase(lead.GetLeadId())
		if left(receipt) != "all NO_DELETE, plain NO_DELETE" || receipt.GetAccounts()[0].GetVendorLeadIds()[0] != "v-"+lead.GetLeadId() {
			t.Errorf("receipt %v", receipt)
		}
		r.gone(lead.GetLeadId())
		if kinds := r.events("full"); len(kinds) != 1 || kinds[0] != "lead.erased" {
			t.Errorf("events %v", kinds)
		}
		pass(time.Hour)
		if again := r.erase(lead.GetLeadId()); again.String() != receipt.String() {
			t.Errorf("again: %v", again)
		}
	})
}

// TestEraseWhileAnAttemptIsUnderWay erases before the vendor's answer: the caller who waits is told, the answer changes nothing,
// and the receipt says that the vendor may have the person.
func TestEraseWhileAnAttemptIsUnderWay(t *testing.T) {
	for name, then := range map[string]answer{"taken": took, "refused": fails(adapters.KindInvalid), "failed": fails(adapters.KindTimeout)} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				r.all.answer = late(10*time.Second, then)
				lead := r.give(ada1(), "all")
				created := make(chan error, 1)
				go func() {
					_, err := r.CreateLead(r.full, &leadmuxv1.CreateLeadRequest{
						Lead: ada1(), Accounts: []string{"all"}, DuplicatePolicy: leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_RETURN_EXISTING, Wait: seconds(25),
					})
					created <- err
				}()
				synctest.Wait()
				if receipt := r.erase(lead.GetLeadId()); left(receipt) != "all UNKNOWN" {
					t.Errorf("receipt %v", receipt)
				}
				began := time.Now()
				refused(t, <-created, codes.NotFound, "LEAD_ERASED")
				if time.Since(began) > 0 {
					t.Error("the caller was left waiting")
				}
				pass(100 * time.Hour)
				synctest.Wait()
				if r.all.seen() != 1 || r.queued() != 0 {
					t.Errorf("%d calls, %d queued", r.all.seen(), r.queued())
				}
				r.gone(lead.GetLeadId())
			})
		})
	}
}

// TestEraseWhatWaits erases a lead with operations that wait for their next attempt and behind it: nothing is sent any more.
func TestEraseWhatWaits(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.all.answer = fails(adapters.KindRateLimited)
		lead := r.give(ada1(), "all")
		if _, err := r.end(lead.GetLeadId(), "all"); err != nil {
			t.Fatal(err)
		}
		if r.queued() != 1 {
			t.Fatalf("%d queued", r.queued())
		}
		if receipt := r.erase(lead.GetLeadId()); left(receipt) != "all NO_DELETE" {
			t.Errorf("receipt %v", receipt)
		}
		pass(100 * time.Hour)
		synctest.Wait()
		if r.all.seen() != 1 || r.queued() != 0 {
			t.Errorf("%d calls, %d queued", r.all.seen(), r.queued())
		}
		r.gone(lead.GetLeadId())
	})
}

func TestEraseInEveryState(t *testing.T) {
	for state, name := range leadmuxv1.EngagementState_name {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				lead := r.give(ada1(), "all")
				r.standing(lead.GetLeadId(), "all", leadmuxv1.EngagementState(state))
				want := "all NO_DELETE"
				if name == "ENGAGEMENT_STATE_IN_DOUBT" {
					want = "all UNKNOWN"
				}
				if receipt := r.erase(lead.GetLeadId()); left(receipt) != want {
					t.Errorf("receipt %v", receipt)
				}
				r.gone(lead.GetLeadId())
			})
		})
	}
}

// TestNothingRaisesAnErasedLead lists it at the vendor, under the ID that it was known by and under another one that carries our
// ID, asks the vendor for it, and creates the person anew.
func TestNothingRaisesAnErasedLead(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.give(ada1(), "bot", "desk")
		id := lead.GetLeadId()
		r.erase(id)
		visitors := r.newVisitors(1, 10)
		visitors.records = append(visitors.records,
			adapters.VendorLead{VendorLeadID: "v-" + id, Lead: ada1()}, adapters.VendorLead{VendorLeadID: "other", LeadID: id, Lead: ada1()})
		if found := r.walk(10); len(found) != 1 {
			t.Errorf("the walk found %v", found)
		}
		r.desk.owner = id
		_, err := r.LookupLead(r.full, &leadmuxv1.LookupLeadRequest{Account: "desk", VendorLeadId: "77"})
		refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
		_, err = r.LookupLead(r.full, &leadmuxv1.LookupLeadRequest{Account: "desk", VendorLeadId: "v-" + id})
		refused(t, err, codes.NotFound, "LEAD_ERASED")
		anew, err := r.CreateLead(r.full, &leadmuxv1.CreateLeadRequest{Lead: ada1(), Accounts: []string{"bot"}})
		if err != nil || anew.GetLead().GetLeadId() == id || stateAt(anew.GetLead(), "bot") != "ACTIVE" {
			t.Errorf("anew: %v, %v", anew, err)
		}
		r.gone(id)
	})
}

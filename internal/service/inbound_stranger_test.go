package service_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// about says whom an event is about, as the vendor knows them.
func about(phone, email string) func(*adapters.VendorEvent) {
	return func(e *adapters.VendorEvent) { e.Lead = &leadmuxv1.Lead{Phone: phone, Email: email} }
}

func born(e *adapters.VendorEvent) { e.Born, e.VendorStatus = true, "Lead Created" }

func undated(e *adapters.VendorEvent) { e.Event.VendorTime = nil }

// takenForOurs is a lead whose creation was answered with nothing, and then with "I have this person already".
func (r *rig) takenForOurs() string {
	r.t.Helper()
	lost := true
	r.verse.class = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE
	r.verse.answer = func(context.Context, adapters.LeadInput) (adapters.LeadResult, error) {
		if lost {
			lost = false
			return adapters.LeadResult{}, &adapters.Error{Vendor: "verse", Kind: adapters.KindTimeout, Ambiguous: true}
		}
		return adapters.LeadResult{}, &adapters.Error{Vendor: "verse", Kind: adapters.KindConflict}
	}
	id := r.create(&leadmuxv1.Lead{Phone: "4155550142", Email: "ada@example.com"}).GetLeadId()
	pass(3 * time.Hour)
	if e := r.lead(id).GetEngagements()[0]; stateAt(r.lead(id), "west") != "ACTIVE" || !pending(e) {
		r.t.Fatalf("%v", e)
	}
	return id
}

func pending(e *leadmuxv1.Engagement) bool {
	return slices.ContainsFunc(e.GetWarnings(), func(w *leadmuxv1.Warning) bool { return w.GetCode() == "VENDOR_ID_PENDING" })
}

// What a vendor tells of a conversation that is not ours shows whose the duplicate was that it reported.
func TestP3AStrangersConversationIsNotTakenForOurs(t *testing.T) {
	const phone, email = "+14155550142", "Ada@Example.com"
	for name, c := range map[string]struct {
		ago      time.Duration // the lead was given 3 h ago, and the duplicate reported within 2 h of that
		changes  []func(*adapters.VendorEvent)
		rejected bool
	}{
		"a message since":                       {0, []func(*adapters.VendorEvent){about(phone, email), wrote("Hello")}, true},
		"no date, by arrival":                   {0, []func(*adapters.VendorEvent){about(phone, email), wrote("Hello"), undated}, true},
		"its end":                               {0, []func(*adapters.VendorEvent){about(phone, email), state(qualified)}, true},
		"of another's lead":                     {0, []func(*adapters.VendorEvent){about(phone, email), wrote("Hello"), named("lead_00000000000000000000000001")}, true},
		"it began before the duplicate":         {3 * time.Hour, []func(*adapters.VendorEvent){about(phone, email), born}, true},
		"it began after the duplicate":          {0, []func(*adapters.VendorEvent){about(phone, email), born}, false},
		"a message from before":                 {4 * time.Hour, []func(*adapters.VendorEvent){about(phone, email), wrote("Hello")}, false},
		"another phone":                         {0, []func(*adapters.VendorEvent){about("+14155550143", email), wrote("Hello")}, false},
		"another address":                       {0, []func(*adapters.VendorEvent){about(phone, "grace@example.com"), wrote("Hello")}, false},
		"no address: it need not be in the way": {0, []func(*adapters.VendorEvent){about(phone, ""), wrote("Hello")}, false},
		"nobody":                                {0, []func(*adapters.VendorEvent){wrote("Hello")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				id := r.takenForOurs()
				before := len(r.log())
				r.receive(says("a", "theirs-1", time.Now().Add(-c.ago), c.changes...))
				e := r.lead(id).GetEngagements()[0]
				if e.GetVendorLeadId() != "" {
					t.Errorf("it has the ID %s of the stranger's", e.GetVendorLeadId())
				}
				refused(t, second(r.LookupLead(r.ctx, &leadmuxv1.LookupLeadRequest{ExternalId: "theirs-1"})), codes.NotFound, "LEAD_NOT_FOUND")
				log := strings.Join(r.log()[before:], ", ")
				if !c.rejected {
					if stateAt(r.lead(id), "west") != "ACTIVE" || !pending(e) || strings.Contains(log, "operation.failed") {
						t.Errorf("%v, events %s", e, log)
					}
					return
				}
				if stateAt(r.lead(id), "west") != "REJECTED" || pending(e) || e.GetError().GetReason() != "DUPLICATE_AT_VENDOR" {
					t.Errorf("%v", e)
				}
				if !strings.HasPrefix(log, "operation.failed, lead.engagement_changed REJECTED") {
					t.Errorf("events %s", log)
				}
				r.wantsTakenBack(e.GetOperationId())
			})
		})
	}
}

// wantsTakenBack checks the operation, and that nothing more is sent of it.
func (r *rig) wantsTakenBack(operationID string) {
	r.t.Helper()
	sent := r.verse.seen()
	pass(100 * time.Hour)
	if n := r.verse.seen(); n != sent {
		r.t.Errorf("it was sent again %d times", n-sent)
	}
	err := r.store.View(context.Background(), func(index idmap.Reader) error {
		op, err := index.Operation("default", operationID)
		if op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_FAILED || !strings.HasPrefix(op.GetDecision(), "taken back") {
			r.t.Errorf("%v", op)
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func named(leadID string) func(*adapters.VendorEvent) {
	return func(e *adapters.VendorEvent) { e.LeadID = leadID }
}

// A conversation under our ID settles what was pending, whatever a stranger's says afterwards.
func TestP3OurOwnConversationStays(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.takenForOurs()
		r.receive(says("a", "ours-1", time.Now(), about("+14155550142", "ada@example.com"), born, named(id)))
		r.receive(says("b", "theirs-1", time.Now(), about("+14155550142", "ada@example.com"), wrote("Hello")))
		if e := r.lead(id).GetEngagements()[0]; stateAt(r.lead(id), "west") != "ACTIVE" || e.GetVendorLeadId() != "ours-1" || pending(e) {
			t.Errorf("%v", e)
		}
	})
}

// A lead that was refused so can be given to the vendor anew, once the other conversation is over.
func TestALeadTakenBackCanBeEngagedAgain(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.takenForOurs()
		r.receive(says("b", "theirs-1", time.Now(), about("+14155550142", "ada@example.com"), state(qualified)))
		r.verse.answer = nil
		if _, err := r.EngageLead(r.ctx, &leadmuxv1.EngageLeadRequest{LeadId: id, Accounts: []string{"west"}}); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if e := r.lead(id).GetEngagements()[0]; stateAt(r.lead(id), "west") != "ACTIVE" || e.GetVendorLeadId() != "v-"+id {
			t.Errorf("%v", e)
		}
	})
}

func second[T any](_ T, err error) error { return err }

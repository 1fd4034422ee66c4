package delivery_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// The person of every lead in these tests, but for what a test changes.
const (
	phone = "+14155550142"
	email = "Ada@example.com"
)

// twin is another lead that the index holds beside the one under test.
type twin struct {
	tenant, account string
	phone, email    string
	state           leadmuxv1.EngagementState
	unsure          bool   // its operation may have reached the vendor
	vendorID        string // that the vendor told
}

// add stores the twin as it is.
func (r *rig) add(w twin) string {
	r.t.Helper()
	now := timestamppb.Now()
	id, opID := typeid.New(typeid.Lead), typeid.New(typeid.Operation)
	op := &leadmuxv1.Operation{
		OperationId: opID, LeadId: id, Account: w.account, Ambiguous: w.unsure, AttemptCount: 1, CreateTime: now,
		State: leadmuxv1.OperationState_OPERATION_STATE_FAILED,
	}
	if stateName(w.state) == "QUEUED" {
		op.State = leadmuxv1.OperationState_OPERATION_STATE_QUEUED
		op.NextAttemptTime = timestamppb.New(time.Now().Add(1000 * time.Hour))
	}
	lead := &leadmuxv1.Lead{LeadId: id, Phone: w.phone, Email: w.email, CreateTime: now, UpdateTime: now,
		Engagements: []*leadmuxv1.Engagement{{Account: w.account, Vendor: "verse", State: w.state, OperationId: opID, Attempts: 1, VendorLeadId: w.vendorID}}}
	r.put(func(tx idmap.Tx) error {
		if err := tx.PutLead(w.tenant, lead); err != nil {
			return err
		}
		return tx.PutOperation(w.tenant, op)
	})
	return id
}

// conflicting is a vendor that has the person already, asked after answers.
func conflicting(answers ...answer) *vendor {
	return newVendor(detectable, append(answers, fails(adapters.KindConflict))...)
}

func TestP2AConflictIsOursAfterAnUnsureAttemptOnly(t *testing.T) {
	for name, c := range map[string]struct {
		vendor        *vendor
		state, reason string
	}{
		"the first attempt":           {conflicting(), "REJECTED", "DUPLICATE_AT_VENDOR"},
		"after one without effect":    {conflicting(fails(adapters.KindUnavailable)), "REJECTED", "DUPLICATE_AT_VENDOR"},
		"after one that may have had": {conflicting(loses(adapters.KindTimeout)), "ACTIVE", ""},
		"two attempts later":          {conflicting(loses(adapters.KindBadAnswer), fails(adapters.KindRateLimited)), "ACTIVE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				r := newRig(t, at("west", c.vendor))
				id := r.create(&leadmuxv1.Lead{Phone: phone, Email: email})
				pass(time.Minute)
				r.wants(id, c.state, c.reason)
				e, op := r.engagement(id), r.op(id)
				last := op.GetAttempts()[len(op.GetAttempts())-1]
				if c.state == "REJECTED" {
					if strings.Contains(e.GetError().GetMessage(), "lead_") || outcomeName(last.GetOutcome()) != "REFUSED" {
						t.Errorf("the error is %v, the attempt %v", e.GetError(), last)
					}
					return
				}
				if len(e.GetWarnings()) != 1 || e.GetWarnings()[0].GetCode() != "VENDOR_ID_PENDING" || e.GetVendorLeadId() != "" {
					t.Errorf("the engagement is %v", e)
				}
				if outcomeName(last.GetOutcome()) != "NO_EFFECT" || last.GetReason() != "DUPLICATE_AT_VENDOR" || opName(op.GetState()) != "SUCCEEDED" {
					t.Errorf("the operation is %v", op)
				}
				for i, a := range c.vendor.seen(id) {
					if a.recheck != (i > 0) {
						t.Errorf("attempt %d was told to look first: %t", i+1, a.recheck)
					}
				}
			})
		})
	}
}

// Where the vendor told the other lead's ID, that is the one it has; where not, it may be either.
func TestAConflictIsAnothersWhileAnotherMayBeThere(t *testing.T) {
	const none = leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNSPECIFIED
	here := func(state leadmuxv1.EngagementState) twin {
		return twin{tenant: tenant, account: "west", phone: phone, state: state}
	}
	sure := here(leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUEUED)
	unsure := sure
	unsure.unsure = true
	cases := map[string]struct {
		twin  twin
		there bool
	}{
		"a twin that waits and never had an effect": {sure, false},
		"a twin that waits and may be there":        {unsure, true},
		"by e-mail in other capitals": {
			twin{tenant, "west", "", "aDA@EXAMPLE.com", leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, false, ""}, true},
		"another person":      {twin{tenant, "west", "+14155550143", "grace@example.com", leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, false, ""}, false},
		"at another account":  {twin{tenant, "east", phone, email, leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, false, ""}, false},
		"of another tenant":   {twin{"other", "west", phone, email, leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, false, ""}, false},
		"without an engaging": {here(none), false},
	}
	for value := range leadmuxv1.EngagementState_name {
		state := leadmuxv1.EngagementState(value)
		switch name := stateName(state); name {
		case "UNSPECIFIED", "QUEUED": // above
		default:
			there := name == "SENDING" || name == "ACTIVE" || name == "SUPPRESSED" || name == "IN_DOUBT"
			cases["a twin that is "+name] = struct {
				twin  twin
				there bool
			}{here(state), there}
		}
	}
	for name, c := range cases {
		for vendorID, state := range map[string]string{"77": "REJECTED", "": "IN_DOUBT"} {
			t.Run(name+", "+state, func(t *testing.T) {
				inTime(t, func(t *testing.T) {
					r := newRig(t, at("west", conflicting(loses(adapters.KindTimeout))))
					twin := c.twin // the subtests run side by side
					twin.vendorID = vendorID
					other := r.add(twin)
					id := r.create(&leadmuxv1.Lead{Phone: phone, Email: email})
					pass(time.Minute)
					if !c.there {
						r.wants(id, "ACTIVE", "")
						return
					}
					r.wants(id, state, "DUPLICATE_AT_VENDOR")
					if message := r.engagement(id).GetError().GetMessage(); !strings.Contains(message, other) {
						t.Errorf("the error does not name %s: %s", other, message)
					}
				})
			})
		}
	}
}

// Two leads of one person, both sent without learning the outcome: the vendor has one of them, and nobody can say which. Neither
// is given what the vendor has of the other.
func TestTwoOfUnknownOutcomeStayInDoubt(t *testing.T) {
	inTime(t, func(t *testing.T) {
		sent := map[string]int{}
		r := newRig(t, at("west", newVendor(detectable, func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
			if sent[a.lead.GetLeadId()]++; sent[a.lead.GetLeadId()] == 1 {
				return loses(adapters.KindTimeout)(ctx, a)
			}
			return fails(adapters.KindConflict)(ctx, a)
		})))
		first := r.create(&leadmuxv1.Lead{Phone: phone})
		second := r.create(&leadmuxv1.Lead{Phone: phone})
		pass(time.Hour)
		r.wants(first, "IN_DOUBT", "DUPLICATE_AT_VENDOR")
		r.wants(second, "IN_DOUBT", "DUPLICATE_AT_VENDOR")
	})
}

func TestACleanConflictNamesOurOtherLead(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(detectable, func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
			if a.lead.GetExternalId() == "second" {
				return fails(adapters.KindConflict)(ctx, a)
			}
			return took(ctx, a)
		})))
		first := r.create(&leadmuxv1.Lead{Phone: phone})
		synctest.Wait()
		second := r.create(&leadmuxv1.Lead{Phone: phone, ExternalId: "second"})
		synctest.Wait()
		r.wants(first, "ACTIVE", "")
		r.wants(second, "REJECTED", "DUPLICATE_AT_VENDOR")
		if message := r.engagement(second).GetError().GetMessage(); !strings.Contains(message, first) {
			t.Errorf("the error does not name %s: %s", first, message)
		}
	})
}

func TestAVendorsIDBelongsToOneLead(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, tookAs("77"))))
		first := r.create(somebody())
		synctest.Wait()
		second := r.create(somebody())
		synctest.Wait()
		r.wants(first, "ACTIVE", "")
		r.wants(second, "REJECTED", "DUPLICATE_AT_VENDOR")
		e, op := r.engagement(second), r.op(second)
		if !strings.Contains(e.GetError().GetMessage(), first) || e.GetVendorLeadId() != "" {
			t.Errorf("the engagement is %v", e)
		}
		last := op.GetAttempts()[0]
		if last.GetHttpStatus() != 201 || last.GetVendorRequestId() != "req-201" || last.GetReason() != "DUPLICATE_AT_VENDOR" || outcomeName(last.GetOutcome()) != "REFUSED" {
			t.Errorf("the attempt is %v", last)
		}
		equal(t, "events", r.events(second), []string{"operation.failed", "lead.engagement_changed"})
		r.view(func(index idmap.Reader) error {
			owner, err := index.Owner(tenant, idmap.VendorRef{Account: "west", Kind: idmap.KindLead, VendorID: "77"})
			if owner != first {
				t.Errorf("the vendor's ID belongs to %q", owner)
			}
			return err
		})
	})
}

func TestAnUpsertSentAgainKeepsItsID(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r := newRig(t, at("west", newVendor(keyed, loses(adapters.KindTimeout), tookAs("77"))))
		id := r.create(somebody())
		r.put(func(tx idmap.Tx) error { // as an event about the first attempt may have done
			return tx.Bind(tenant, idmap.VendorRef{Account: "west", Kind: idmap.KindLead, VendorID: "77"}, id)
		})
		pass(time.Minute)
		r.wants(id, "ACTIVE", "")
	})
}

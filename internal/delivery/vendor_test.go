package delivery_test

import (
	"context"
	"sync"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
)

// The classes under short names.
const (
	keyed      = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
	detectable = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE
	atMostOnce = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_AT_MOST_ONCE
)

// vendor is an adapter whose answers are given by the test.
type vendor struct {
	class  leadmuxv1.IdempotencyClass // of CreateLead; the others have that of others
	answer answer
	others leadmuxv1.IdempotencyClass
	on     map[string]answer // by RPC, instead of answer
	// deletes: there is something of each lead that it can delete.
	deletes bool

	mu       sync.Mutex
	attempts []attempt
	open     int // attempts under way
	mostOpen int
}

// attempt is one call of Send.
type attempt struct {
	rpc     string
	at      time.Time
	lead    *leadmuxv1.Lead
	e       *leadmuxv1.Engagement
	reason  string
	n       int // of this lead and RPC, from 1
	recheck bool
	slot    bool // the context held a rate slot
}

// answer is what the vendor does with an attempt.
type answer func(ctx context.Context, a attempt) (adapters.LeadResult, error)

var _ adapters.LeadWriter = (*vendor)(nil)

// newVendor answers the nth attempt for each lead with the nth answer, and with the last one from then on.
func newVendor(class leadmuxv1.IdempotencyClass, answers ...answer) *vendor {
	return &vendor{class: class, others: keyed, answer: inTurn(answers...), on: map[string]answer{}}
}

func inTurn(answers ...answer) answer {
	return func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
		return answers[min(a.n, len(answers))-1](ctx, a)
	}
}

func (v *vendor) Vendor() string { return "verse" }

// LeadWrite is much the same for every RPC: what differs between them is the delivery's.
func (v *vendor) LeadWrite(rpc string) (adapters.LeadWrite, bool) {
	return adapters.LeadWrite{
		Class: func(adapters.LeadInput) leadmuxv1.IdempotencyClass {
			if rpc == delivery.CreateLead {
				return v.class
			}
			return v.others
		},
		Preview: func(adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
			if v.deletes && rpc == delivery.EraseLead {
				return []*leadmuxv1.VendorRequest{{Method: "DELETE"}}, nil, nil
			}
			return nil, nil, nil
		},
		Send: func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			return v.send(ctx, rpc, in)
		},
	}, true
}

func (v *vendor) send(ctx context.Context, rpc string, in adapters.LeadInput) (adapters.LeadResult, error) {
	a := attempt{
		rpc: rpc, at: time.Now(), lead: in.Lead, e: in.Engagement, reason: in.Reason, n: 1, recheck: in.Recheck, slot: adapters.UseSlot(ctx),
	}
	v.mu.Lock()
	for _, before := range v.attempts {
		if before.lead.GetLeadId() == in.Lead.GetLeadId() && before.rpc == rpc {
			a.n++
		}
	}
	v.attempts = append(v.attempts, a)
	v.open++
	v.mostOpen = max(v.mostOpen, v.open)
	answer := v.on[rpc]
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		v.open--
		v.mu.Unlock()
	}()
	if answer != nil {
		return answer(ctx, a)
	}
	return v.answer(ctx, a)
}

// from changes how an RPC is answered from now on.
func (v *vendor) from(rpc string, to answer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.on[rpc] = to
}

// rpcs are the RPCs of all attempts for a lead, in order, each with how the vendor should name the person.
func (v *vendor) rpcs(leadID string) []string {
	var rpcs []string
	for _, a := range v.seen(leadID) {
		rpcs = append(rpcs, a.rpc+" "+a.lead.GetFirstName())
	}
	return rpcs
}

// seen is every attempt so far, of one lead or, for "", of all.
func (v *vendor) seen(leadID string) []attempt {
	v.mu.Lock()
	defer v.mu.Unlock()
	var seen []attempt
	for _, a := range v.attempts {
		if leadID == "" || a.lead.GetLeadId() == leadID {
			seen = append(seen, a)
		}
	}
	return seen
}

// took is a vendor that has the lead, under an ID made of ours.
func took(_ context.Context, a attempt) (adapters.LeadResult, error) {
	return adapters.LeadResult{
		VendorLeadID: "v-" + a.lead.GetLeadId(), VendorStatus: "open", VendorURL: "https://vendor.example.com/leads/1",
		State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, HTTPStatus: 201, RequestID: "req-201",
	}, nil
}

// tookAs is a vendor that has the lead under this ID.
func tookAs(id string) answer {
	return func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
		result, err := took(ctx, a)
		result.VendorLeadID = id
		return result, err
	}
}

func failure(e adapters.Error) answer {
	return func(context.Context, attempt) (adapters.LeadResult, error) {
		failed := e // the delivery may keep what it gets
		failed.Vendor, failed.Op = "verse", "CreateLead"
		return adapters.LeadResult{}, &failed
	}
}

// fails is a failure that for certain had no effect.
func fails(kind adapters.Kind) answer { return failure(adapters.Error{Kind: kind}) }

// loses is a failure that may have had its effect.
func loses(kind adapters.Kind) answer { return failure(adapters.Error{Kind: kind, Ambiguous: true}) }

// hangs never answers: it ends with its context.
func hangs(ctx context.Context, _ attempt) (adapters.LeadResult, error) {
	<-ctx.Done()
	kind := adapters.KindUnavailable
	if ctx.Err() == context.DeadlineExceeded {
		kind = adapters.KindTimeout
	}
	return adapters.LeadResult{}, &adapters.Error{Vendor: "verse", Op: "CreateLead", Kind: kind, Ambiguous: true, Cause: ctx.Err()}
}

// after answers late.
func after(d time.Duration, then answer) answer {
	return func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
		select {
		case <-time.After(d):
			return then(ctx, a)
		case <-ctx.Done():
			return hangs(ctx, a)
		}
	}
}

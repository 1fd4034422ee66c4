package service_test

import (
	"cmp"
	"context"
	"slices"
	"sync"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// vendor is an adapter whose answers are given by the test; without, it takes every lead.
type vendor struct {
	name   string
	rpcs   []string                   // that it has; none: only CreateLead
	class  leadmuxv1.IdempotencyClass // unset: KEYED
	answer answer
	on     map[string]answer // by RPC, instead of answer
	test   error

	mu    sync.Mutex
	sent  []*leadmuxv1.Lead
	calls []call
}

type answer = func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error)

// call is one call of Send.
type call struct {
	rpc string
	in  adapters.LeadInput
}

var (
	_ adapters.LeadWriter = (*vendor)(nil)
	_ adapters.Tester     = (*vendor)(nil)
	_ adapters.Describer  = (*vendor)(nil)
)

func (v *vendor) Vendor() string { return v.name }

func (v *vendor) LeadWrite(rpc string) (adapters.LeadWrite, bool) {
	write := adapters.LeadWrite{
		Class: func(adapters.LeadInput) leadmuxv1.IdempotencyClass {
			return cmp.Or(v.class, leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED)
		},
		Preview: func(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
			return v.preview(rpc, in)
		},
		Send: func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			return v.send(ctx, rpc, in)
		},
	}
	return write, rpc == "CreateLead" || slices.Contains(v.rpcs, rpc)
}

func (v *vendor) send(ctx context.Context, rpc string, in adapters.LeadInput) (adapters.LeadResult, error) {
	v.mu.Lock()
	v.sent = append(v.sent, in.Lead)
	v.calls = append(v.calls, call{rpc, in})
	answer := v.answer
	if v.on[rpc] != nil {
		answer = v.on[rpc]
	}
	v.mu.Unlock()
	if answer != nil {
		return answer(ctx, in)
	}
	return took(ctx, in)
}

// took is a vendor that does what it is asked, and knows the lead by an ID made of ours.
func took(_ context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
	return adapters.LeadResult{
		VendorLeadID: "v-" + in.Lead.GetLeadId(), State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, HTTPStatus: 201,
	}, nil
}

func (v *vendor) preview(rpc string, in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
	if in.Lead.GetFirstName() == "" {
		return nil, nil, &adapters.Error{Vendor: v.name, Op: rpc, Kind: adapters.KindInvalid, Message: "a name is needed"}
	}
	return []*leadmuxv1.VendorRequest{{Method: "POST", Url: "https://vendor.example.com/" + v.name, Body: rpc}}, nil, nil
}

func (v *vendor) Test(context.Context) error { return v.test }

func (v *vendor) Capabilities() []*leadmuxv1.Capability {
	return []*leadmuxv1.Capability{{Rpc: "CreateLead", Route: "POST /" + v.name}}
}

// seen is how many attempts were made.
func (v *vendor) seen() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.sent)
}

// rpcsSeen are the RPCs of all attempts, in order.
func (v *vendor) rpcsSeen() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var rpcs []string
	for _, c := range v.calls {
		rpcs = append(rpcs, c.rpc)
	}
	return rpcs
}

// last is the last attempt.
func (v *vendor) last() call {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls[len(v.calls)-1]
}

// fails is a failure that for certain had no effect.
func fails(kind adapters.Kind) func(context.Context, adapters.LeadInput) (adapters.LeadResult, error) {
	return func(context.Context, adapters.LeadInput) (adapters.LeadResult, error) {
		return adapters.LeadResult{}, &adapters.Error{Vendor: "verse", Op: "CreateLead", Kind: kind}
	}
}

// mute is a vendor of which nothing is known but that it has no capability.
type mute struct{}

func (mute) Vendor() string { return "mute" }

// writes are all RPCs that write leads, but for CreateLead.
var writes = []string{"UpdateLead", "EndConversation", "StopConversation", "DeferConversation"}

// lister is a vendor whose leads can be read.
type lister struct {
	*vendor
	page func(page int) ([]adapters.VendorLead, error)
}

func (l *lister) ListLeads(_ context.Context, page int) ([]adapters.VendorLead, error) {
	return l.page(page)
}

// finder is a vendor that can be asked whose its lead is.
type finder struct {
	*vendor
	owner string
	err   error
}

func (f *finder) FindLead(context.Context, string) (string, error) { return f.owner, f.err }

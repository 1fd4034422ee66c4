package convertalk

import (
	"context"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// optedOutTag marks a person who opted out. The vendor has no such notion; agents and bot flows can be made to go by a tag, and
// the word is ours (assumed).
const optedOutTag = "opted-out"

// optingOut is how a person's chat is closed for good: the status says so to the vendor, the tag to people. There is no way
// back: no document says how a tag is taken away.
func (a *Adapter) optingOut() adapters.LeadWrite {
	want := func(in adapters.LeadInput) (wish, error) {
		b, err := a.address(opOptOutLead, in)
		b.Status = statusClosed
		return wish{op: opOptOutLead, body: b, tags: []string{optedOutTag}, notices: newNotices(in.Lead)}, err
	}
	return adapters.LeadWrite{
		Class: keyed,
		Preview: func(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
			w, err := want(in)
			if err != nil {
				return nil, nil, err
			}
			calls := []vendorhttp.Call{a.upsert(opOptOutLead, a.body(w))}
			if a.looks(w, in) {
				calls = slices.Insert(calls, 0, a.listing(opOptOutLead, 1))
			}
			return a.preview(calls, nil)
		},
		Send: func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			w, err := want(in)
			if err != nil {
				return adapters.LeadResult{}, err
			}
			if a.looks(w, in) {
				if w, err = a.merge(ctx, w); err != nil {
					return adapters.LeadResult{}, err
				}
			}
			return a.put(ctx, opOptOutLead, a.body(w))
		},
	}
}

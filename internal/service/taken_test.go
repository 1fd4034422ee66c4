package service_test

import (
	"slices"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// What an update takes away stays at a vendor that was told before, and that is said until it is set again.
func TestWhatIsTakenAwayIsSaid(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.give(&leadmuxv1.Lead{
			FirstName: "Ada", Email: "ada@example.com", Comment: "Call me", Tags: []string{"hot", "new"},
			Owner: &leadmuxv1.Owner{FirstName: "Tomas", Team: "West"}, Attributes: map[string]string{"city": "Uppsala"},
		}, "all")
		id := lead.GetLeadId()
		lead = r.updated(&leadmuxv1.Lead{LeadId: id, Tags: []string{"new", "old"}, Attributes: map[string]string{"town": "Uppsala"}},
			"comment", "tags", "attributes", "owner.team")
		if got, want := toldFields(lead), []string{"lead.attributes", "lead.comment", "lead.owner.team", "lead.tags"}; !slices.Equal(got, want) {
			t.Errorf("said to be taken away: %v, want %v", got, want)
		}
		lead = r.updated(&leadmuxv1.Lead{LeadId: id, Comment: "Do call"}, "comment")
		if got, want := toldFields(lead), []string{"lead.attributes", "lead.owner.team", "lead.tags"}; !slices.Equal(got, want) {
			t.Errorf("after the comment was set again: %v, want %v", got, want)
		}
	})
}

// toldFields are the fields that the vendor was not told of, ordered.
func toldFields(lead *leadmuxv1.Lead) (fields []string) {
	for _, w := range lead.GetEngagements()[0].GetWarnings() {
		if w.GetCode() == "VENDOR_NOT_TOLD" {
			fields = append(fields, w.GetField())
		}
	}
	slices.Sort(fields)
	return fields
}

// An update without a change reaches the vendors that an earlier one did not reach, and nobody else.
func TestTheSameUpdateAgainReachesWhoWasNotReached(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.give(ada1(), "all")
		r.all.answer = fails(adapters.KindInvalid)
		change := &leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: "Grace"}
		if got := r.updated(change).GetEngagements()[0].GetError().GetReason(); got != "VENDOR_REFUSED" {
			t.Fatalf("the error is %q", got)
		}
		r.all.answer = nil
		before := r.all.seen()
		lead = r.updated(change)
		if e := lead.GetEngagements()[0]; e.GetError() != nil || r.all.seen() != before+1 {
			t.Errorf("%d more sent, error %v", r.all.seen()-before, e.GetError())
		}
		r.nothingNew(func() { r.updated(change) })
	})
}

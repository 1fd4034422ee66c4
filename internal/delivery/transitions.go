package delivery

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/mutant"
)

// Short names for the table below.
const (
	unset       = leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNSPECIFIED
	queued      = leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUEUED
	sending     = leadmuxv1.EngagementState_ENGAGEMENT_STATE_SENDING
	active      = leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE
	rejected    = leadmuxv1.EngagementState_ENGAGEMENT_STATE_REJECTED
	inDoubt     = leadmuxv1.EngagementState_ENGAGEMENT_STATE_IN_DOUBT
	suppressed  = leadmuxv1.EngagementState_ENGAGEMENT_STATE_SUPPRESSED
	qualified   = leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED
	unqualified = leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNQUALIFIED
	ended       = leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED
	optedOut    = leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT
)

// transitions is the one table of an engagement's moves. Any state may also become OPTED_OUT, which is final.
// SENDING → QUEUED is an attempt that failed and waits for its next try (docs/decisions/0003-engagement-states.md).
var transitions = map[leadmuxv1.EngagementState][]leadmuxv1.EngagementState{
	// ACTIVE at once: linked by hand, or first seen at the vendor. SUPPRESSED at once: the person had opted out before.
	unset:   {queued, sending, active, suppressed},
	queued:  {sending, rejected, inDoubt},
	sending: {active, rejected, inDoubt, suppressed, queued},
	inDoubt: {active, rejected, queued},
	// IN_DOUBT: only what was taken for ours by the vendor's report of a duplicate, and never confirmed (docs/decisions/0004-what-is-ambiguous.md).
	active: {qualified, unqualified, ended, rejected, inDoubt},
	ended:  {active},
}

// MayMove says whether an engagement may go from one state to another.
func MayMove(from, to leadmuxv1.EngagementState) bool {
	if to == optedOut {
		return from != optedOut
	}
	return mutant.LateEventMovesBack || slices.Contains(transitions[from], to)
}

// Move changes an engagement's state along the table, for what the service learned elsewhere than from an attempt, and returns
// the event to append. What the last attempt of the creation failed with is no reason for it.
func (d *Dispatcher) Move(lead *leadmuxv1.Lead, e *leadmuxv1.Engagement, to leadmuxv1.EngagementState) (*leadmuxv1.Event, error) {
	before := e.GetState()
	if before == queued || before == sending || before == inDoubt {
		e.Error = nil
	}
	if err := move(e, to, d.now()); err != nil {
		return nil, err
	}
	return d.engagementChanged(lead, e, before), nil
}

// move changes an engagement's state along the table.
func move(e *leadmuxv1.Engagement, to leadmuxv1.EngagementState, now time.Time) error {
	if !MayMove(e.GetState(), to) {
		return fmt.Errorf("engagement at %s cannot go from %s to %s", e.GetAccount(), e.GetState(), to)
	}
	e.State = to
	e.UpdateTime = stamp(now)
	return nil
}

func stamp(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t) }

func etag(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 36) }

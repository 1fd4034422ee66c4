package delivery_test

import (
	"strings"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
)

// moves is every move an engagement may make, written down a second time: rows from, columns to. The reasons stand in
// docs/decisions/0003-engagement-states.md.
const moves = `
            QUEUED SENDING ACTIVE REJECTED IN_DOUBT SUPPRESSED QUALIFIED UNQUALIFIED ENDED OPTED_OUT
UNSPECIFIED yes    yes     yes    -        -        yes        -         -           -     yes
QUEUED      -      yes     -      yes      yes      -          -         -           -     yes
SENDING     yes    -       yes    yes      yes      yes        -         -           -     yes
ACTIVE      -      -       -      yes      yes      -          yes       yes         yes   yes
REJECTED    -      -       -      -        -        -          -         -           -     yes
IN_DOUBT    yes    -       yes    yes      -        -          -         -           -     yes
SUPPRESSED  -      -       -      -        -        -          -         -           -     yes
QUALIFIED   -      -       -      -        -        -          -         -           -     yes
UNQUALIFIED -      -       -      -        -        -          -         -           -     yes
ENDED       -      -       yes    -        -        -          -         -           -     yes
OPTED_OUT   -      -       -      -        -        -          -         -           -     -
`

type move struct{ from, to string }

// declared is the table above.
func declared(t *testing.T) map[move]bool {
	t.Helper()
	may := map[move]bool{}
	lines := strings.Split(strings.TrimSpace(moves), "\n")
	to := strings.Fields(lines[0])
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		if len(cells) != len(to)+1 {
			t.Fatalf("the row %q has another number of columns", cells[0])
		}
		for i, cell := range cells[1:] {
			may[move{cells[0], to[i]}] = cell == "yes"
		}
	}
	return may
}

func TestMovesAreThoseOfTheTable(t *testing.T) {
	t.Parallel()
	may := declared(t)
	for from := range leadmuxv1.EngagementState_name {
		for to := range leadmuxv1.EngagementState_name {
			from, to := leadmuxv1.EngagementState(from), leadmuxv1.EngagementState(to)
			if got, want := delivery.MayMove(from, to), may[move{stateName(from), stateName(to)}]; got != want {
				t.Errorf("from %s to %s: %t, want %t", stateName(from), stateName(to), got, want)
			}
		}
	}
}

package delivery

import (
	"math/rand/v2"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/mutant"
)

// Schedule says when a failed operation is tried again and when it is given up.
type Schedule struct {
	Min         time.Duration // ceiling of the first wait
	Max         time.Duration // ceiling of every later one
	GiveUpAfter time.Duration // since the operation was accepted
}

// The wait for a vendor that takes no leads at this time of day; asking more often would not open it.
const (
	slowMin = 15 * time.Minute
	slowMax = 60 * time.Minute
)

// step is what follows a failed attempt.
type step uint8

const (
	refuse        step = iota // the vendor's last word: REJECTED
	retry                     // try again on the schedule
	retrySlowly               // try again when somebody may have changed something: opened the intake, corrected the path
	stopAndRefuse             // REJECTED, and nothing more goes to this account until it is tested
	stopAndKeep               // nothing more goes to this account until it is tested; the operation waits for that
	keep                      // nothing was sent: wait for the line
)

// steps is the one table from a failure's kind to what follows.
//
// Credentials are terminal for the lead that met them and stop the account for all others: vendors lock an account, or ban an
// address, after repeated wrong passwords. So is a path that the vendor does not know: it would cost every lead.
var steps = map[adapters.Kind]step{
	adapters.KindUnknown:        refuse,
	adapters.KindInvalid:        refuse,
	adapters.KindNotFound:       refuse,
	adapters.KindConflict:       refuse,
	adapters.KindNotSupported:   refuse,
	adapters.KindWrongState:     refuse,
	adapters.KindRouteUnknown:   stopAndRefuse,
	adapters.KindRouteDoubted:   refuse,
	adapters.KindRateLimited:    retry,
	adapters.KindUnavailable:    retry,
	adapters.KindTimeout:        retry,
	adapters.KindBadAnswer:      retry,
	adapters.KindIntakeClosed:   retrySlowly,
	adapters.KindCredentials:    stopAndRefuse,
	adapters.KindOnHold:         stopAndKeep,
	adapters.KindAccountStopped: keep,
}

// resendable says whether an operation of this class may be sent again after an attempt whose outcome is not known.
func resendable(class leadmuxv1.IdempotencyClass) bool {
	return mutant.ResendBlindly ||
		class == leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED ||
		class == leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE
}

// settlesEarlier says whether a refusal would have met every earlier attempt as well, so that an earlier attempt of unknown
// outcome cannot have had an effect: it is about values, and itself beyond doubt.
func settlesEarlier(failure *adapters.Error) bool {
	return failure.Kind == adapters.KindInvalid && !failure.Ambiguous
}

// wait is how long to wait after attempt number n, from 1: full jitter under a doubling ceiling, and never less than the
// vendor asked for.
func (s Schedule) wait(n int, asked time.Duration) time.Duration {
	ceiling := s.Max
	if shift := n - 1; s.Min <= s.Max>>shift { // compared this way round, for Min<<shift overflows within days
		ceiling = s.Min << shift
	}
	return max(asked, rand.N(ceiling)+1)
}

func slowWait() time.Duration { return slowMin + rand.N(slowMax-slowMin) }

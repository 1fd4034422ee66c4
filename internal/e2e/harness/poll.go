package harness

import (
	"testing"
	"time"
)

// pollEvery is how often a condition is looked at.
const pollEvery = 10 * time.Millisecond

// Eventually looks until probe says that it is content, and fails the test when that does not happen within the time given.
// The last thing probe returned is what it returns or shows.
func Eventually[T any](tb testing.TB, within time.Duration, what string, probe func() (T, bool)) T {
	tb.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		last, ok := probe()
		if ok {
			return last
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			tb.Fatalf("not within %s: %s; at last: %+v", within, what, last)
		}
	}
}

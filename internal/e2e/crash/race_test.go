//go:build race

package crash_test

// raceEnabled makes the service a race build too, and the run a short one.
const raceEnabled = true

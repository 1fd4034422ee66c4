//go:build race

package e2e_test

// raceEnabled builds the service with the race detector as well.
const raceEnabled = true

// visitorsThere are fewer than a long list has: what is slow then shows nothing more about races.
const visitorsThere = 2_000

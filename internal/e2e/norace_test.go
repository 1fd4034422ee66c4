//go:build !race

package e2e_test

const raceEnabled = false

// visitorsThere is how many visitors a vendor lists that lists many.
const visitorsThere = 10_000

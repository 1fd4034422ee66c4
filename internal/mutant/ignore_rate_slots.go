//go:build mutant_ignore_rate_slots

package mutant

const planted = "ignore_rate_slots"

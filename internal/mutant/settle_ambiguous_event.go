//go:build mutant_settle_ambiguous_event

package mutant

const planted = "settle_ambiguous_event"

//go:build mutant_advance_mark_early

package mutant

const planted = "advance_mark_early"

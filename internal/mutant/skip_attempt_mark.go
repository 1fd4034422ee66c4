//go:build mutant_skip_attempt_mark

package mutant

const planted = "skip_attempt_mark"

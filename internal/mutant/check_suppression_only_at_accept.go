//go:build mutant_check_suppression_only_at_accept

package mutant

const planted = "check_suppression_only_at_accept"

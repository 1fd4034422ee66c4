//go:build mutant_acknowledge_before_commit

package mutant

const planted = "acknowledge_before_commit"

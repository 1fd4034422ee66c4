//go:build mutant_bind_one_way

package mutant

const planted = "bind_one_way"

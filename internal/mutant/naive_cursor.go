//go:build mutant_naive_cursor

package mutant

const planted = "naive_cursor"

//go:build mutant_overlook_early_word

package mutant

const planted = "overlook_early_word"

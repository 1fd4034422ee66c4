//go:build mutant_silent_doubt

package mutant

const planted = "silent_doubt"

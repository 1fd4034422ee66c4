//go:build mutant_adopt_every_conflict

package mutant

const planted = "adopt_every_conflict"

//go:build mutant_trust_every_not_found

package mutant

const planted = "trust_every_not_found"

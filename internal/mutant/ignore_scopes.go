//go:build mutant_ignore_scopes

package mutant

const planted = "ignore_scopes"

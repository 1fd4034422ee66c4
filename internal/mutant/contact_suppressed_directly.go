//go:build mutant_contact_suppressed_directly

package mutant

const planted = "contact_suppressed_directly"

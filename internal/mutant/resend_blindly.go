//go:build mutant_resend_blindly

package mutant

const planted = "resend_blindly"

//go:build mutant_skip_vendor_in_opt_out

package mutant

const planted = "skip_vendor_in_opt_out"

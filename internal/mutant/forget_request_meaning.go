//go:build mutant_forget_request_meaning

package mutant

const planted = "forget_request_meaning"

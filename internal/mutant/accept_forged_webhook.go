//go:build mutant_accept_forged_webhook

package mutant

const planted = "accept_forged_webhook"

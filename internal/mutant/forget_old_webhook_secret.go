//go:build mutant_forget_old_webhook_secret

package mutant

const planted = "forget_old_webhook_secret"

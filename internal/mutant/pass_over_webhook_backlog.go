//go:build mutant_pass_over_webhook_backlog

package mutant

const planted = "pass_over_webhook_backlog"

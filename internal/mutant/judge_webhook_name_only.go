//go:build mutant_judge_webhook_name_only

package mutant

const planted = "judge_webhook_name_only"

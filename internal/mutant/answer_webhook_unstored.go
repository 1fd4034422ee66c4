//go:build mutant_answer_webhook_unstored

package mutant

const planted = "answer_webhook_unstored"

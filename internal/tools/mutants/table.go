package main

// planted is a fault of package mutant with the test that must fail when it is planted.
type planted struct {
	name string // as in the tag mutant_<name>
	pkg  string // of the test
	test string // its whole name
}

// table has every fault. A test here draws nothing at random: it must fail every time.
var table = []planted{
	{"accept_forged_webhook", "./internal/webhook", "TestP12OnlyWhatTheVendorSentIsStored"},
	{"acknowledge_before_commit", "./internal/idmap/boltmap", "TestP1AChangeIsAcknowledgedOnlyOnceItIsDurable"},
	{"adopt_every_conflict", "./internal/delivery", "TestP2AConflictIsOursAfterAnUnsureAttemptOnly"},
	{"advance_mark_early", "./internal/service", "TestP11APollThatIsCutOffBeginsWhereItBegan"},
	{"answer_webhook_unstored", "./internal/webhook", "TestP11WhatCannotBeStoredIsToComeAgain"},
	{"bind_one_way", "./internal/idmap/boltmap", "TestP5VerifyCountsASoundIndex"},
	{"check_suppression_only_at_accept", "./internal/delivery", "TestP10ASuppressionIsLookedAtAgainWhenAnAttemptBegins"},
	{"contact_suppressed_directly", "./internal/service", "TestP10ADirectWriteToWhoOptedOutIsNotMade"},
	{"forget_old_webhook_secret", "./internal/subscription", "TestP14ARotationUnderLoadFailsNoDelivery"},
	{"forget_request_meaning", "./internal/service", "TestP4AnotherRequestIsRefused"},
	{"ignore_rate_slots", "./internal/delivery", "TestP8QueuedLeadsLeaveInStepWithTheLimit"},
	{"ignore_scopes", "./internal/auth", "TestP20EveryRPCByEveryKindOfKey"},
	{"judge_webhook_name_only", "./internal/outbound", "TestP15ANameIsJudgedByTheAddressItHasWhenItIsCalled"},
	{"late_event_moves_back", "./internal/delivery", "TestP10ALateAnswerTakesNothingBack"},
	{"leave_dropped_keys", "./internal/idmap/boltmap", "TestP24DroppedKeyIsNowhereInTheFile"},
	{"naive_cursor", "./internal/service", "TestP6AWatchSkipsNothing"},
	{"overlook_early_word", "./internal/delivery", "TestP3AVendorThatSpeaksBeforeItsAnswerIsLost"},
	{"pass_over_webhook_backlog", "./internal/subscription", "TestP14EveryEventIsDeliveredAfterAnOutage"},
	{"resend_blindly", "./internal/delivery", "TestP3AnAttemptThatAStopCutOffIsSettledByItsClass"},
	{"settle_ambiguous_event", "./internal/service", "TestP3AnAmbiguousEventSettlesNothing"},
	{"silent_doubt", "./internal/delivery", "TestP3WhatWasSentToAnAccountThatIsGoneStaysInSight"},
	{"skip_attempt_mark", "./internal/delivery", "TestP2NothingIsSentBeforeItsStartIsStored"},
	{"skip_vendor_in_opt_out", "./internal/delivery", "TestP10EveryVendorIsToldOfAnOptOut"},
	{"trust_every_not_found", "./internal/adapters/verse", "TestP10AnUnknownPathIsNoAnswerAboutThePerson"},
}

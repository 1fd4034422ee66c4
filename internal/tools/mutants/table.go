package main

// planted is a fault of package mutant with the test that must fail when it is planted.
type planted struct {
	name string // as in the tag mutant_<name>
	pkg  string // of the test
	test string // its whole name
}

// table has every fault. A test here draws nothing at random: it must fail every time.
var table = []planted{
	{"acknowledge_before_commit", "./internal/idmap/boltmap", "TestP1AChangeIsAcknowledgedOnlyOnceItIsDurable"},
	{"adopt_every_conflict", "./internal/delivery", "TestP2AConflictIsOursAfterAnUnsureAttemptOnly"},
	{"check_suppression_only_at_accept", "./internal/delivery", "TestP10ASuppressionIsLookedAtAgainWhenAnAttemptBegins"},
	{"late_event_moves_back", "./internal/delivery", "TestP10ALateAnswerTakesNothingBack"},
	{"resend_blindly", "./internal/delivery", "TestP3AnAttemptThatAStopCutOffIsSettledByItsClass"},
	{"skip_attempt_mark", "./internal/delivery", "TestP2NothingIsSentBeforeItsStartIsStored"},
	{"skip_vendor_in_opt_out", "./internal/delivery", "TestP10EveryVendorIsToldOfAnOptOut"},
}

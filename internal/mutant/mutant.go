// Package mutant plants faults, to prove that the tests find them: each is a constant that the code asks at the place where
// the fault would be, false in every build that ships, so that the compiler leaves nothing of it.
//
// Invariants: at most one fault is planted in a build, by the tags mutant and mutant_<name>; each has a file that says so, and
// a line in internal/tools/mutants with the test that must fail (`make mutants` proves it). Any package may ask.
package mutant

// The faults. A new one is a constant here, its file, and its line in the table of internal/tools/mutants.
const (
	// AcknowledgeBeforeCommit answers a change of the index as durable, whatever its commit comes to.
	AcknowledgeBeforeCommit = planted == "acknowledge_before_commit"
	// AcceptForgedWebhook takes what comes to a webhook's address without the vendor's proof.
	AcceptForgedWebhook = planted == "accept_forged_webhook"
	// AdoptEveryConflict takes each "I have this person already" of a vendor for our own lead.
	AdoptEveryConflict = planted == "adopt_every_conflict"
	// AdvanceMarkEarly takes a vendor's list for read to its news as soon as the first page of them is.
	AdvanceMarkEarly = planted == "advance_mark_early"
	// AnswerWebhookUnstored tells a vendor that its delivery is stored, whether it is or not.
	AnswerWebhookUnstored = planted == "answer_webhook_unstored"
	// BindOneWay ties a vendor's ID to a lead without tying the lead to it.
	BindOneWay = planted == "bind_one_way"
	// CheckSuppressionOnlyAtAccept does not look at the suppressions again when an attempt begins.
	CheckSuppressionOnlyAtAccept = planted == "check_suppression_only_at_accept"
	// ContactSuppressedDirectly makes calls, messages and contacts that reach persons who opted out.
	ContactSuppressedDirectly = planted == "contact_suppressed_directly"
	// ForgetOldWebhookSecret lets a subscription's secret sign no more as soon as there is a new one.
	ForgetOldWebhookSecret = planted == "forget_old_webhook_secret"
	// ForgetRequestMeaning takes any request with a known request_id for the one that was made under it.
	ForgetRequestMeaning = planted == "forget_request_meaning"
	// IgnoreRateSlots sends without waiting for the rate's next slot.
	IgnoreRateSlots = planted == "ignore_rate_slots"
	// IgnoreScopes lets every valid key do everything.
	IgnoreScopes = planted == "ignore_scopes"
	// JudgeWebhookNameOnly looks at the URL of a webhook of ours, and not at the address that its name has when it is called.
	JudgeWebhookNameOnly = planted == "judge_webhook_name_only"
	// LateEventMovesBack lets what is learned late move an engagement from where it had gone meanwhile.
	LateEventMovesBack = planted == "late_event_moves_back"
	// LeaveDroppedKeys leaves the pages as they are that held an erased lead's key.
	LeaveDroppedKeys = planted == "leave_dropped_keys"
	// NaiveCursor moves a watcher on to the end of the log as it is after the read, past what came meanwhile.
	NaiveCursor = planted == "naive_cursor"
	// OverlookEarlyWord forgets, when an attempt ends, that the vendor has told of the lead meanwhile.
	OverlookEarlyWord = planted == "overlook_early_word"
	// PassOverWebhookBacklog moves a subscription on to the end of the log, past what was not put in line yet.
	PassOverWebhookBacklog = planted == "pass_over_webhook_backlog"
	// ResendBlindly sends again after an unknown outcome, whatever the operation's class.
	ResendBlindly = planted == "resend_blindly"
	// SettleAmbiguousEvent takes a vendor's event for that of a write that is in doubt, whichever of several it may be.
	SettleAmbiguousEvent = planted == "settle_ambiguous_event"
	// SilentDoubt puts an operation in doubt without an event.
	SilentDoubt = planted == "silent_doubt"
	// SkipAttemptMark sends without storing that an attempt began.
	SkipAttemptMark = planted == "skip_attempt_mark"
	// SkipVendorInOptOut leaves one vendor out when all are told of an opt-out.
	SkipVendorInOptOut = planted == "skip_vendor_in_opt_out"
	// TrustEveryNotFound takes each "not found" for one about the person, and none for one about the path.
	TrustEveryNotFound = planted == "trust_every_not_found"
)

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
	// AdoptEveryConflict takes each "I have this person already" of a vendor for our own lead.
	AdoptEveryConflict = planted == "adopt_every_conflict"
	// CheckSuppressionOnlyAtAccept does not look at the suppressions again when an attempt begins.
	CheckSuppressionOnlyAtAccept = planted == "check_suppression_only_at_accept"
	// LateEventMovesBack lets what is learned late move an engagement from where it had gone meanwhile.
	LateEventMovesBack = planted == "late_event_moves_back"
	// ResendBlindly sends again after an unknown outcome, whatever the operation's class.
	ResendBlindly = planted == "resend_blindly"
	// SkipAttemptMark sends without storing that an attempt began.
	SkipAttemptMark = planted == "skip_attempt_mark"
	// SkipVendorInOptOut leaves one vendor out when all are told of an opt-out.
	SkipVendorInOptOut = planted == "skip_vendor_in_opt_out"
)

package idmap

import "time"

// TrimReader reads what can be removed, and what was.
type TrimReader interface {
	// Tenants returns the tenants that have anything stored.
	Tenants() ([]string, error)
	// Trimmed returns the cursor of the last event that was removed from the log, "" when none was: who has read up to there or
	// further has missed nothing.
	Trimmed(tenant string) (string, error)
}

// TrimTx removes what is no longer needed, a little at a time.
type TrimTx interface {
	// TrimEvents removes events received before a moment, from the front of the log, and tells how many; it looks at no more
	// than limit. What belongs to erased leads goes with them.
	TrimEvents(tenant string, before time.Time, limit int) (removed int, err error)
	// TrimOperations removes operations that are done, SUCCEEDED or FAILED, and last changed before a moment, from the operation
	// ID in after ("" for the first) on; it looks at no more than limit. next is the after of the next call, "" at the end.
	TrimOperations(tenant string, before time.Time, after string, limit int) (removed int, next string, err error)
	// TrimRequests removes request keys that have expired, at most limit, and tells how many.
	TrimRequests(tenant string, now time.Time, limit int) (removed int, err error)
}

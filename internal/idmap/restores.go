package idmap

import "time"

// RestoreReader tells of an index that was put back from a backup.
type RestoreReader interface {
	// Restored returns when the backup was made that the index was put back from, zero when it was not or when that was dealt
	// with. What is open then may have been done since, by the service that this index does not remember.
	Restored() (time.Time, error)
	// AllOpen returns open operations of all tenants, at most limit, from a position on ("" for the first). next is the position
	// of the next call, "" at the end. Only what looks at all of them asks, at the start.
	AllOpen(position string, limit int) (ops []TenantOperation, next string, err error)
}

// RestoreTx deals with an index that was put back.
type RestoreTx interface {
	// ClearRestored makes Restored return zero.
	ClearRestored() error
}

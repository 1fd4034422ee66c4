package idmap

import (
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Stop says why and since when nothing is sent to an account until it is tested.
type Stop struct {
	Reason      leadmuxv1.ErrorReason
	Time        time.Time
	OperationID string // the operation whose failure stopped it; empty when a read met it
}

// StopReader reads which accounts are stopped.
type StopReader interface {
	// AccountStop returns why an account is stopped, or ErrNotFound when it is not.
	AccountStop(tenant, account string) (Stop, error)
}

// StopTx changes which accounts are stopped.
type StopTx interface {
	// PutAccountStop stops an account, or says anew why it is stopped.
	PutAccountStop(tenant, account string, stop Stop) error
	// DeleteAccountStop ends the stop; it is no error when there is none.
	DeleteAccountStop(tenant, account string) error
}

package idmap

import (
	"context"
	"fmt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// ErrErased says that the lead, or the lead that a record belongs to, was erased. It is an ErrNotFound, too.
var ErrErased = fmt.Errorf("the lead was erased: %w", ErrNotFound)

// ErasureReader reads what is left of erased leads.
type ErasureReader interface {
	// Erasure returns the receipt of an erased lead, or ErrNotFound.
	Erasure(tenant, leadID string) (*leadmuxv1.ErasureReceipt, error)
	// Leaving returns what is left of an erased lead while vendors have still to be told something, or ErrNotFound.
	Leaving(tenant, leadID string) (*leadmuxv1.Lead, error)
}

// ErasureTx erases leads. What follows for every other method: a read of the lead, its operations or events fails with
// ErrErased or passes over them, and so does a write. Owner still leads from its vendor IDs to it, until one is bound anew. Its
// request keys keep who they belong to, without a fingerprint.
type ErasureTx interface {
	// EraseLead puts the receipt in the place of receipt.lead_id and appends event, which must name no person, to the log.
	// ErrNotFound when there is no such lead, ErrErased when it is erased already.
	EraseLead(tenant string, receipt *leadmuxv1.ErasureReceipt, event *leadmuxv1.Event) error
	// PutErasure replaces the receipt of an erased lead.
	PutErasure(tenant string, receipt *leadmuxv1.ErasureReceipt) error
	// PutLeaving keeps, or changes, what of an erased lead vendors have still to be told with, under a data key of its own. Until
	// DropLeaving the lead's operations and events can be written again, and are sealed under that key. Only Leaving reads it.
	PutLeaving(tenant string, rest *leadmuxv1.Lead) error
	// DropLeaving removes what PutLeaving kept; it is no error when there is none. Its key goes with the next DropErased.
	DropLeaving(tenant, leadID string) error
}

// Eraser drops keys.
type Eraser interface {
	// DropErased drops, durably, the data keys of all leads erased before. Until it has returned nil, copies of the index
	// can still be read. A stop of the service before is made up for when the store is opened.
	DropErased(ctx context.Context) error
}

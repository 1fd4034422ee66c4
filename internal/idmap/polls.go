package idmap

import (
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Mark says how far one of an account's lists was read.
type Mark struct {
	News     time.Time // by the vendor's clock: what it changed up to here was taken in
	ReadTime time.Time // by ours: when that was
}

// Followed is something at a vendor that is asked about until it has ended: a job, or what becomes of a lead in a campaign.
type Followed struct {
	Account    string
	Method     string // the RPC that asks for it; with Account, CampaignID and ID its key
	CampaignID string // the campaign that it belongs to; may be empty
	ID         string // the job's ID at the vendor, or our lead ID

	State       leadmuxv1.JobState // of a job, as it was last seen
	Status      string             // the vendor's word for that
	StartedBy   string             // the RPC that began it
	OperationID string             // and its operation
	Since       time.Time          // when it began to be followed
}

// PollReader reads how far accounts were read, and what is followed there.
type PollReader interface {
	// PollMark returns how far a list of an account was read, or ErrNotFound before the first time.
	PollMark(tenant, account, list string) (Mark, error)
	// ListFollowed returns what is followed at an account, ordered by its key.
	ListFollowed(tenant, account string) ([]Followed, error)
}

// PollTx changes that.
type PollTx interface {
	// PutPollMark says how far a list of an account was read. It belongs into the transaction of what was read.
	PutPollMark(tenant, account, list string, mark Mark) error
	// PutFollowed follows something, or keeps anew how it was last seen.
	PutFollowed(tenant string, followed Followed) error
	// DeleteFollowed follows something no more; it is no error when nobody does.
	DeleteFollowed(tenant string, followed Followed) error
}

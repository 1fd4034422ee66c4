package idmap

import "time"

// Delivery is what a vendor sent us, as it came, kept beside what was made of it.
type Delivery struct {
	EventID     string // the first event that it became; its key here
	Account     string // the account it came for
	Kind        string // the last part of the URL it came to; may be empty
	ReceiveTime time.Time
	Raw         []byte
	// Waiting says that nothing it tells of could be tied to a lead, call or chat, and that nobody has claimed it yet.
	Waiting bool
}

// InboxReader reads what vendors sent us.
type InboxReader interface {
	// Delivery returns a delivery by its event, or ErrNotFound when it is not kept, or not any more.
	Delivery(tenant, eventID string) (Delivery, error)
	// Waiting returns deliveries that wait to be claimed, the oldest first, behind the event ID in after ("" for the first), at most limit.
	Waiting(tenant, after string, limit int) ([]Delivery, error)
	// CountWaiting returns how many wait.
	CountWaiting(tenant string) (int, error)
}

// InboxWriter changes what is kept of it.
type InboxWriter interface {
	// PutDelivery keeps a delivery, new or changed. Its raw form is sealed under the data key of the lead leadID, which must be stored, or
	// under a key of its own where that is empty.
	PutDelivery(tenant, leadID string, delivery Delivery) error
	// TrimDeliveries forgets deliveries that were received before a moment, the oldest first, at most limit, and returns how many it
	// forgot.
	TrimDeliveries(tenant string, before time.Time, limit int) (int, error)
}

package idmap

import (
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Subscription is a subscription with what callers never see.
type Subscription struct {
	// Public is the subscription as callers set it. The facts of its line (Progress, OutgoingLine) are not in it.
	Public *leadmuxv1.Subscription
	// Keys sign its deliveries, the newest first.
	Keys []SigningKey
}

// SigningKey is a key that signs deliveries.
type SigningKey struct {
	Secret     string // its text form
	CreateTime time.Time
	ExpireTime time.Time // when it ceases to sign; zero for the newest
}

// Progress is how far a subscription is.
type Progress struct {
	Place        string    // up to where events of the log have been put in line
	FailingSince time.Time // since when nothing was taken; zero while the endpoint takes what it gets
	MissedTime   time.Time // when events were last missed, that had left the log before they were put in line
}

// OutgoingLine sums up what waits to be taken by a subscription's endpoint.
type OutgoingLine struct {
	Pending int
	Oldest  time.Time // create_time of the oldest, zero when nothing waits
	NextDue time.Time // zero when nothing is due at any time
}

// OutgoingFilter narrows a list of deliveries. Zero fields do not narrow.
type OutgoingFilter struct {
	State   leadmuxv1.WebhookDeliveryState
	EventID string
}

// SubscriptionReader reads subscriptions and their deliveries. One that was dropped is not found.
type SubscriptionReader interface {
	// Subscription returns a subscription, or ErrNotFound.
	Subscription(tenant, subscriptionID string) (Subscription, error)
	// ListSubscriptions returns subscriptions, newest first, of those before the ID in before ("" for the newest); next is the
	// before of the next call, "" at the end.
	ListSubscriptions(tenant, before string, limit int) (list []Subscription, next string, err error)
	// DroppedSubscriptions returns the subscriptions that were dropped and still have deliveries.
	DroppedSubscriptions(tenant string) ([]string, error)
	// Progress returns how far a subscription is, or ErrNotFound.
	Progress(tenant, subscriptionID string) (Progress, error)
	// OutgoingLine sums up what is PENDING; nothing for an unknown subscription.
	OutgoingLine(tenant, subscriptionID string) (OutgoingLine, error)
	// Outgoing returns a delivery, or ErrNotFound.
	Outgoing(tenant, subscriptionID, deliveryID string) (*leadmuxv1.WebhookDelivery, error)
	// ListOutgoing returns the deliveries that pass filter, newest first, of those before the ID in before. It looks at a bounded
	// number of them: next is the before of the next call, "" at the end.
	ListOutgoing(tenant, subscriptionID string, filter OutgoingFilter, before string, limit int) (list []*leadmuxv1.WebhookDelivery, next string, err error)
	// DueOutgoing returns the PENDING deliveries with next_attempt_time at or before until, the earliest first, at most limit.
	DueOutgoing(tenant, subscriptionID string, until time.Time, limit int) ([]*leadmuxv1.WebhookDelivery, error)
	// FirstOutgoing returns the PENDING delivery about a subject whose event comes first in the log, or ErrNotFound.
	FirstOutgoing(tenant, subscriptionID, subject string) (*leadmuxv1.WebhookDelivery, error)
}

// SubscriptionTx changes them.
type SubscriptionTx interface {
	// PutSubscription stores a subscription, new or changed. It is sealed, URL and all.
	PutSubscription(tenant string, subscription Subscription) error
	// PutProgress stores how far a subscription is. ErrNotFound when there is none.
	PutProgress(tenant, subscriptionID string, progress Progress) error
	// PutOutgoing stores a delivery, new or changed; its subscription must be stored. event_cursor is a place in the log. A PENDING one
	// without next_attempt_time waits for another about its subject.
	PutOutgoing(tenant string, delivery *leadmuxv1.WebhookDelivery) error
	// DropSubscription makes a subscription not found, its keys and its URL gone. Its deliveries go with ForgetOutgoing.
	// ErrNotFound when there is none.
	DropSubscription(tenant, subscriptionID string) error
	// ForgetOutgoing removes deliveries of a dropped subscription, at most limit; more says that some are left. With the last one
	// goes what is left of the subscription.
	ForgetOutgoing(tenant, subscriptionID string, limit int) (more bool, err error)
	// TrimOutgoing removes deliveries that were put in line before a moment, in whatever state: the events that they are made from are gone,
	// too. It takes at most limit and tells how many.
	TrimOutgoing(tenant string, before time.Time, limit int) (removed int, err error)
}

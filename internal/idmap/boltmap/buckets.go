package boltmap

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// bucketName is the name of a bucket within a tenant's.
type bucketName string

const (
	leadsBucket      bucketName = "leads"
	lookupsBucket    bucketName = "lookups"
	ownersBucket     bucketName = "owners"
	bindingsBucket   bucketName = "bindings"
	requestsBucket   bucketName = "requests"
	expiriesBucket   bucketName = "expiries"
	operationsBucket bucketName = "operations"
	openBucket       bucketName = "open"
	journalBucket    bucketName = "journal"
	eventsBucket     bucketName = "events"
	subjectsBucket   bucketName = "subjects"
	stopsBucket      bucketName = "stops"
	deliveriesBucket bucketName = "deliveries"
	waitingBucket    bucketName = "waiting"
	callsBucket      bucketName = "calls"
	chatsBucket      bucketName = "chats"
	erasedBucket     bucketName = "erased"
	marksBucket      bucketName = "marks"
	pollsBucket      bucketName = "polls"
	followedBucket   bucketName = "followed"

	suppressionsBucket bucketName = "suppressions"
	suppressedBucket   bucketName = "suppressed"

	subscriptionsBucket bucketName = "subscriptions"
	outgoingBucket      bucketName = "outgoing"
	outgoingRowsBucket  bucketName = "outgoingrows"
)

// Names of top-level buckets.
var (
	metaBucket    = []byte("meta")
	tenantsBucket = []byte("tenants")
	keysBucket    = []byte("keys")
	droppedBucket = []byte("dropped")
)

// fullPages is the fill of pages in time-ordered buckets: their pages are only ever appended to, so half-filled ones would
// stay half-filled.
const fullPages = 0.9

// timeOrdered are the buckets whose new keys are mostly larger than all before.
var timeOrdered = map[bucketName]bool{
	leadsBucket: true, bindingsBucket: true, expiriesBucket: true, operationsBucket: true, journalBucket: true, eventsBucket: true,
	suppressionsBucket: true,
	deliveriesBucket:   true,
	callsBucket:        true, chatsBucket: true,
}

// reader reads one transaction's picture of the index.
type reader struct {
	s   *Store
	btx *bbolt.Tx
}

// writer is a reader that also changes the index.
type writer struct {
	reader
}

// bucket returns a bucket of a tenant, nil if nothing was ever put into it.
func (r reader) bucket(tenant string, name bucketName) *bbolt.Bucket {
	t := r.btx.Bucket(tenantsBucket).Bucket([]byte(tenant))
	if t == nil {
		return nil
	}
	return t.Bucket([]byte(name))
}

// get returns the value of a key in a bucket of a tenant, nil if there is none.
func (r reader) get(tenant string, name bucketName, key []byte) []byte {
	b := r.bucket(tenant, name)
	if b == nil {
		return nil
	}
	return b.Get(key)
}

// make returns a bucket of a tenant and makes it where it is missing.
func (w writer) make(tenant string, name bucketName) (*bbolt.Bucket, error) {
	t, err := w.btx.Bucket(tenantsBucket).CreateBucketIfNotExists([]byte(tenant))
	if err != nil {
		return nil, fmt.Errorf("tenant %q: %w", tenant, err)
	}
	b, err := t.CreateBucketIfNotExists([]byte(name))
	if err != nil {
		return nil, fmt.Errorf("tenant %q, bucket %s: %w", tenant, name, err)
	}
	if timeOrdered[name] {
		b.FillPercent = fullPages
	}
	return b, nil
}

// put stores a value in a bucket of a tenant.
func (w writer) put(tenant string, name bucketName, key, value []byte) error {
	b, err := w.make(tenant, name)
	if err != nil {
		return err
	}
	if err := b.Put(key, value); err != nil {
		return fmt.Errorf("put into %s: %w", name, err)
	}
	return nil
}

// delete removes a key from a bucket of a tenant, if it is there.
func (w writer) delete(tenant string, name bucketName, key []byte) error {
	b := w.bucket(tenant, name)
	if b == nil {
		return nil
	}
	if err := b.Delete(key); err != nil {
		return fmt.Errorf("delete from %s: %w", name, err)
	}
	return nil
}

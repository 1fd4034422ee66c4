package boltmap

import (
	"errors"
)

// deliveries opens what vendors sent. One whose lead was erased is gone on purpose.
func (v *verifier) deliveries(tenant string) error {
	return v.each(tenant, deliveriesBucket, func(key, _ []byte) {
		if _, err := v.Delivery(tenant, string(key)); err != nil && !errors.Is(err, ErrKeyGone) {
			v.unreadable(tenant, "delivery "+string(key), err)
		}
	})
}

// waiting checks that what waits to be claimed is there.
func (v *verifier) waiting(tenant string) error {
	return v.each(tenant, waitingBucket, func(key, _ []byte) {
		if !v.has(tenant, deliveriesBucket, key) {
			v.problem("Tenant %q: delivery %s waits to be claimed, and is not there.", tenant, key)
		}
	})
}

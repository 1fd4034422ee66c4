package boltmap

import (
	"errors"
	"fmt"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/leadmux/leadmux/internal/mutant"
)

// erasedKey is the data key of an erased lead.
type erasedKey struct{ id, tenant, leadID string }

// erasedKeys are the keys of leads whose erasure is durable in the index and that are still in keys.db. The zero value is ready.
type erasedKeys struct {
	mu   sync.Mutex
	keys []erasedKey
}

func (e *erasedKeys) add(key erasedKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys = append(e.keys, key)
}

func (e *erasedKeys) list() []erasedKey {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.keys[:len(e.keys):len(e.keys)]
}

// forget takes the first n off.
func (e *erasedKeys) forget(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys = e.keys[n:]
}

// dropErased removes the keys of erased leads from keys.db, for good: a row in dropped says that it was deliberate and whose they
// were, and the pages that held them are overwritten.
func (r *keyring) dropErased() error {
	r.making.Lock()
	defer r.making.Unlock()
	keys := r.erased.list()
	if len(keys) == 0 {
		return nil
	}
	err := r.db.Update(func(btx *bbolt.Tx) error {
		dropped, err := btx.CreateBucketIfNotExists(droppedBucket)
		if err != nil {
			return err
		}
		for _, key := range keys {
			of := append(appendText(nil, key.tenant), key.leadID...)
			if err := errors.Join(btx.Bucket(keysBucket).Delete([]byte(key.id)), dropped.Put([]byte(key.id), of)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && !mutant.LeaveDroppedKeys {
		err = r.scrub()
	}
	if err != nil {
		return fmt.Errorf("drop the data keys of erased leads: %w", err)
	}
	for _, key := range keys {
		r.cache.drop(key.id)
	}
	r.erased.forget(len(keys))
	return nil
}

// isDropped tells whether a key was dropped.
func (r *keyring) isDropped(id string) bool {
	dropped := false
	_ = r.view(func(btx *bbolt.Tx) error { // fails only on a closed file, and then the next use says so
		dropped = isDropped(btx, id)
		return nil
	})
	return dropped
}

func isDropped(btx *bbolt.Tx, id string) bool {
	b := btx.Bucket(droppedBucket)
	return b != nil && b.Get([]byte(id)) != nil
}

// droppedKeys are all keys that were dropped.
func (r *keyring) droppedKeys() (keys []erasedKey, err error) {
	err = r.view(func(btx *bbolt.Tx) error {
		b := btx.Bucket(droppedBucket)
		if b == nil {
			return nil
		}
		return b.ForEach(func(key, of []byte) error {
			tenant, leadID, ok := cutText(of)
			if !ok {
				return errors.New("the key file holds a dropped key of no lead; it is damaged")
			}
			keys = append(keys, erasedKey{id: string(key), tenant: tenant, leadID: string(leadID)})
			return nil
		})
	})
	return keys, err
}

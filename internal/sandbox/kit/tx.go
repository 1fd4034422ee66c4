package kit

import (
	"encoding/json"
	"fmt"
	"strings"

	"go.etcd.io/bbolt"
)

// hiddenPrefix starts the kinds that are an emulator's own bookkeeping
// (indexes, settings); the control API does not show them.
const hiddenPrefix = "_"

// Tx is one transaction on a ledger's records. It must not be used after the
// function it was given to has returned.
type Tx struct {
	btx *bbolt.Tx
}

// Put stores v as the JSON document of (kind, id) and replaces what was
// there. Kinds that start with "_" do not show in the control API.
func (tx *Tx) Put(kind, id string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s record: %w", kind, err)
	}
	b, err := tx.records().CreateBucketIfNotExists([]byte(kind))
	if err != nil {
		return fmt.Errorf("open kind %q: %w", kind, err)
	}
	if err := b.Put([]byte(id), raw); err != nil {
		return fmt.Errorf("store %s record: %w", kind, err)
	}
	return nil
}

// Get decodes the document of (kind, id) into v and tells whether there is one.
func (tx *Tx) Get(kind, id string, v any) (bool, error) {
	b := tx.records().Bucket([]byte(kind))
	if b == nil {
		return false, nil
	}
	raw := b.Get([]byte(id))
	if raw == nil {
		return false, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return true, fmt.Errorf("decode %s record: %w", kind, err)
	}
	return true, nil
}

// Delete removes the document of (kind, id); a missing one is no error.
func (tx *Tx) Delete(kind, id string) error {
	b := tx.records().Bucket([]byte(kind))
	if b == nil {
		return nil
	}
	if err := b.Delete([]byte(id)); err != nil {
		return fmt.Errorf("delete %s record: %w", kind, err)
	}
	return nil
}

// Each calls fn for every document of kind in the byte order of the ids and
// stops at the first error, which it returns. raw is a copy fn may keep. fn
// must not change records of the same kind.
func (tx *Tx) Each(kind string, fn func(id string, raw json.RawMessage) error) error {
	b := tx.records().Bucket([]byte(kind))
	if b == nil {
		return nil
	}
	return b.ForEach(func(k, v []byte) error {
		return fn(string(k), append(json.RawMessage(nil), v...))
	})
}

// NextID returns 1, 2, 3, … per kind, for vendors whose ids are numbers. A
// number is used up only if the transaction commits.
func (tx *Tx) NextID(kind string) (uint64, error) {
	b, err := tx.records().CreateBucketIfNotExists([]byte(kind))
	if err != nil {
		return 0, fmt.Errorf("open kind %q: %w", kind, err)
	}
	return b.NextSequence()
}

// kinds lists the kinds the control API shows.
func (tx *Tx) kinds() ([]string, error) {
	var kinds []string
	err := tx.records().ForEachBucket(func(name []byte) error {
		if kind := string(name); !strings.HasPrefix(kind, hiddenPrefix) {
			kinds = append(kinds, kind)
		}
		return nil
	})
	return kinds, err
}

// records is the bucket that holds one bucket per kind.
func (tx *Tx) records() *bbolt.Bucket {
	return tx.btx.Bucket(bucketRecords)
}

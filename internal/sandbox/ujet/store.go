package ujet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// key is a vendor's number as the ledger's id.
func key(id int64) string { return strconv.FormatInt(id, 10) }

// load reads a record; one that is not there is answered 404.
func load[T any](tx *kit.Tx, kind string, id int64) (T, error) {
	var v T
	found, err := tx.Get(kind, key(id), &v)
	if err == nil && !found {
		err = notFound()
	}
	return v, err
}

// all reads the records of a kind, in the order of their numbers.
func all[T any](tx *kit.Tx, kind string) ([]T, error) {
	type numbered struct {
		id int64
		v  T
	}
	var found []numbered
	err := tx.Each(kind, func(id string, raw json.RawMessage) error {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return fmt.Errorf("%s %q: %w", kind, id, err)
		}
		one := numbered{id: n}
		if err := json.Unmarshal(raw, &one.v); err != nil {
			return fmt.Errorf("decode %s %q: %w", kind, id, err)
		}
		found = append(found, one)
		return nil
	})
	slices.SortFunc(found, func(a, b numbered) int { return cmp.Compare(a.id, b.id) })
	out := make([]T, len(found))
	for i, one := range found {
		out[i] = one.v
	}
	return out, err
}

// newID gives the next number of a kind.
func newID(tx *kit.Tx, kind string) (int64, error) {
	id, err := tx.NextID(kind)
	return int64(id), err
}

package ujet

import (
	"encoding/json"
	"fmt"
	"maps"
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

// numbered reads the records of a kind by their numbers.
func numbered[T any](tx *kit.Tx, kind string) (map[int64]T, error) {
	found := map[int64]T{}
	err := tx.Each(kind, func(id string, raw json.RawMessage) error {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return fmt.Errorf("%s %q: %w", kind, id, err)
		}
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return fmt.Errorf("decode %s %q: %w", kind, id, err)
		}
		found[n] = v
		return nil
	})
	return found, err
}

// all reads the records of a kind, in the order of their numbers.
func all[T any](tx *kit.Tx, kind string) ([]T, error) {
	found, err := numbered[T](tx, kind)
	out := make([]T, 0, len(found))
	for _, id := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[id])
	}
	return out, err
}

// newID gives the next number of a kind.
func newID(tx *kit.Tx, kind string) (int64, error) {
	id, err := tx.NextID(kind)
	return int64(id), err
}

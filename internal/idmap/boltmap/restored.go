package boltmap

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.etcd.io/bbolt"

	"github.com/leadmux/leadmux/internal/idmap"
)

// restoredKey in the meta bucket says that the index came from a backup, and from when, until ClearRestored.
var restoredKey = []byte("restored")

// takeBackup finds out whether the index is a backup that was put back. The data keys that were taken after it are left out: they
// may be those of leads in a newer copy.
func (s *Store) takeBackup() error {
	return s.index.Update(func(btx *bbolt.Tx) error {
		meta := btx.Bucket(metaBucket)
		made := meta.Get(backupKey)
		if made == nil {
			return nil
		}
		s.log.Warn("the index was put back from a backup; what was open then may have been done since", slog.String("backup", string(made)))
		return errors.Join(
			meta.Put(restoredKey, bytes.Clone(made)), meta.Delete(backupKey),
			meta.SetSequence(max(meta.Sequence(), s.keys.made.Load())),
		)
	})
}

// Restored implements idmap.Reader.
func (r reader) Restored() (time.Time, error) {
	text := r.btx.Bucket(metaBucket).Get(restoredKey)
	if text == nil {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return time.Time{}, fmt.Errorf("when the index was backed up: damaged record: %w", err)
	}
	return t, nil
}

// ClearRestored implements idmap.Tx.
func (w writer) ClearRestored() error { return w.btx.Bucket(metaBucket).Delete(restoredKey) }

// AllOpen implements idmap.Reader. A position is a tenant and one of its rows.
func (r reader) AllOpen(position string, limit int) ([]idmap.TenantOperation, string, error) {
	from, row, _ := cutText([]byte(position))
	var found []idmap.TenantOperation
	next := ""
	tenants := r.btx.Bucket(tenantsBucket)
	c := tenants.Cursor()
	for name, _ := c.Seek([]byte(from)); name != nil && next == ""; name, _ = c.Next() {
		if string(name) != from {
			row = nil
		}
		rest, err := r.openFrom(string(name), row, limit-len(found))
		if err != nil {
			return nil, "", err
		}
		found = append(found, rest.ops...)
		if rest.next != nil {
			next = string(append(appendText(nil, string(name)), rest.next...))
		}
	}
	return found, next, nil
}

type openPage struct {
	ops  []idmap.TenantOperation
	next []byte // the row to go on with, nil at the end
}

// openFrom reads a tenant's open operations from a row on.
func (r reader) openFrom(tenant string, row []byte, limit int) (page openPage, err error) {
	b := r.bucket(tenant, openBucket)
	if b == nil {
		return page, nil
	}
	if len(row) == 0 {
		row = []byte{leadRow}
	}
	c := b.Cursor()
	for k, _ := c.Seek(row); len(k) > 0 && k[0] == leadRow; k, _ = c.Next() {
		if len(page.ops) == limit {
			page.next = bytes.Clone(k)
			return page, nil
		}
		_, id, _ := readOpenRow(k)
		op, err := r.Operation(tenant, id)
		if errors.Is(err, ErrKeyGone) {
			continue
		}
		if err != nil {
			return page, err
		}
		page.ops = append(page.ops, idmap.TenantOperation{Tenant: tenant, Operation: op})
	}
	return page, nil
}

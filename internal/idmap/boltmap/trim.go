package boltmap

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// trimmedKey in a tenant's marks is the key of the last event that was removed from the log.
var trimmedKey = []byte("trimmed")

// Tenants implements idmap.Reader.
func (r reader) Tenants() (tenants []string, err error) {
	err = r.btx.Bucket(tenantsBucket).ForEachBucket(func(name []byte) error {
		tenants = append(tenants, string(name))
		return nil
	})
	return tenants, err
}

// Trimmed implements idmap.Reader.
func (r reader) Trimmed(tenant string) (string, error) {
	key := r.get(tenant, marksBucket, trimmedKey)
	if key == nil {
		return "", nil
	}
	n, err := readEventKey(key)
	if err != nil {
		return "", fmt.Errorf("mark of the event log: %w", err)
	}
	return cursor(n), nil
}

// TrimEvents implements idmap.Tx. An event that nobody can read is nothing that a reader could miss: it leaves no mark.
func (w writer) TrimEvents(tenant string, before time.Time, limit int) (int, error) {
	b := w.bucket(tenant, eventsBucket)
	if b == nil {
		return 0, nil
	}
	var gone [][]byte
	var mark []byte
	c := b.Cursor()
	for k, v := c.First(); k != nil && len(gone) < limit; k, v = c.Next() {
		event, err := w.openEvent(tenant, k, v)
		if err != nil && !errors.Is(err, ErrKeyGone) {
			return 0, err
		}
		if err == nil && !event.GetReceiveTime().AsTime().Before(before) {
			break
		}
		if err := w.forgetSubjects(tenant, k, v); err != nil {
			return 0, err
		}
		gone = append(gone, bytes.Clone(k))
		if err == nil {
			mark = gone[len(gone)-1]
		}
	}
	if mark != nil {
		if err := w.put(tenant, marksBucket, trimmedKey, mark); err != nil {
			return 0, err
		}
	}
	return len(gone), deleteAll(b, gone)
}

// forgetSubjects takes an event away from those of what it is about, whether it can be read or not.
func (w writer) forgetSubjects(tenant string, key, value []byte) error {
	var record storev1.SealedRecord
	if err := proto.Unmarshal(value, &record); err != nil {
		return fmt.Errorf("event log: damaged record: %w", err)
	}
	n, err := readEventKey(key)
	if err != nil {
		return err
	}
	for _, subject := range record.GetSubjects() {
		if err := w.delete(tenant, subjectsBucket, subjectRow(subject, n)); err != nil {
			return err
		}
	}
	return nil
}

// TrimOperations implements idmap.Tx.
func (w writer) TrimOperations(tenant string, before time.Time, after string, limit int) (removed int, next string, err error) {
	b := w.bucket(tenant, operationsBucket)
	if b == nil {
		return 0, "", nil
	}
	var gone [][]byte
	looked := 0
	c := b.Cursor()
	for k, _ := c.Seek(append([]byte(after), 0)); k != nil; k, _ = c.Next() {
		if looked == limit {
			return len(gone), next, w.dropOperations(tenant, gone)
		}
		looked, next = looked+1, string(k)
		op, err := w.Operation(tenant, next)
		switch {
		case errors.Is(err, idmap.ErrErased): // its rows elsewhere went with its lead
			gone = append(gone, bytes.Clone(k))
		case errors.Is(err, ErrKeyGone): // stays, for verify to tell
		case err != nil:
			return 0, "", err
		case !op.GetCreateTime().AsTime().Before(before): // and so are those behind it
			return len(gone), "", w.dropOperations(tenant, gone)
		case done(op) && op.GetUpdateTime().AsTime().Before(before):
			gone = append(gone, bytes.Clone(k))
		}
	}
	return len(gone), "", w.dropOperations(tenant, gone)
}

// dropOperations removes operations that are done, with their rows.
func (w writer) dropOperations(tenant string, keys [][]byte) error {
	for _, k := range keys {
		mark, err := w.mark(tenant, string(k))
		if err != nil {
			return err
		}
		if err := w.replaceRows(tenant, journalBucket, journalRows(mark, string(k)), nil); err != nil {
			return err
		}
		if err := w.delete(tenant, operationsBucket, k); err != nil {
			return err
		}
	}
	return nil
}

// done says whether nothing will ever be done about an operation any more.
func done(op *leadmuxv1.Operation) bool {
	return op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED && op.GetConfirmTime() == nil || op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_FAILED
}

// TrimRequests implements idmap.Tx.
func (w writer) TrimRequests(tenant string, now time.Time, limit int) (int, error) {
	if w.bucket(tenant, expiriesBucket) == nil {
		return 0, nil
	}
	return w.forgetExpired(tenant, now, limit)
}

// deleteAll removes keys that a cursor found; it may not be used while they go.
func deleteAll(b *bbolt.Bucket, keys [][]byte) error {
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

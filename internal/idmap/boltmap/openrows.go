package boltmap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// First bytes of the rows in the open bucket. Together in one bucket they mostly share one page, which an operation on its
// way from QUEUED to closed writes several times.
const (
	dueRow      = 'd'
	acceptedRow = 'a'
	depthRow    = 'n'
	startedRow  = 's'
	leadRow     = 'l'
	doubtRow    = 'i'
	confirmRow  = 'c'
)

// openRows are the rows that an operation has in the open bucket, beside its part in the depth of its account.
func openRows(op *leadmuxv1.Operation) [][]byte {
	id := op.GetOperationId()
	if op.GetDirect() { // in nobody's way: it is never queued, and what is queued does not wait for it
		if op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_STARTED {
			return [][]byte{append([]byte{startedRow}, id...)}
		}
		return nil
	}
	ofLead := append(leadPrefix(op.GetLeadId(), op.GetAccount()), id...)
	switch op.GetState() {
	case leadmuxv1.OperationState_OPERATION_STATE_QUEUED:
		return [][]byte{
			ofLead,
			append(appendTime(queueRow(dueRow, op.GetAccount(), idmap.PriorityOf(op)), op.GetNextAttemptTime().AsTime()), id...),
			append(appendTime(queueRow(acceptedRow, op.GetAccount(), idmap.PriorityOf(op)), op.GetCreateTime().AsTime()), id...),
		}
	case leadmuxv1.OperationState_OPERATION_STATE_STARTED:
		return [][]byte{ofLead, append([]byte{startedRow}, id...)}
	case leadmuxv1.OperationState_OPERATION_STATE_BLOCKED:
		return [][]byte{ofLead}
	case leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED:
		if op.GetConfirmTime() != nil {
			return [][]byte{append(appendTime(unconfirmedOf(op.GetAccount()), op.GetConfirmTime().AsTime()), id...)}
		}
		return nil
	default:
		return nil
	}
}

// unconfirmedOf is what the rows of an account's operations begin with that wait for the vendor's word.
func unconfirmedOf(account string) []byte {
	return queueRow(confirmRow, account, leadmuxv1.Priority_PRIORITY_UNSPECIFIED)
}

// leadPrefix is what the rows of a lead's open operations at an account begin with.
func leadPrefix(leadID, account string) []byte {
	return appendText(appendText([]byte{leadRow}, leadID), account)
}

// OpenOperations implements idmap.Reader. It passes over operations of erased leads.
func (r reader) OpenOperations(tenant, leadID, account string) ([]*leadmuxv1.Operation, error) {
	b := r.bucket(tenant, openBucket)
	if b == nil {
		return nil, nil
	}
	var ops []*leadmuxv1.Operation
	prefix := leadPrefix(leadID, account)
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		op, err := r.Operation(tenant, string(k[len(prefix):]))
		if errors.Is(err, ErrKeyGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

// queueRow is what the rows of an account's queue at one priority begin with. Higher priorities sort first.
func queueRow(kind byte, account string, priority leadmuxv1.Priority) []byte {
	return append(appendText([]byte{kind}, account), ^byte(priority))
}

// counters are the rows that count an operation.
func counters(op *leadmuxv1.Operation) [][]byte {
	switch op.GetState() {
	case leadmuxv1.OperationState_OPERATION_STATE_QUEUED:
		return [][]byte{queueRow(depthRow, op.GetAccount(), idmap.PriorityOf(op))}
	case leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT:
		return [][]byte{doubtsOf(op.GetAccount())}
	default:
		return nil
	}
}

// moveRows replaces the rows beside the operation as it was, nil if it is new, by those of it as it is, nil if it is gone.
func (w writer) moveRows(tenant string, old, op *leadmuxv1.Operation) error {
	err := errors.Join(
		w.replaceRows(tenant, openBucket, openRows(old), openRows(op)),
		w.replaceRows(tenant, journalBucket, journalRows(markOf(old), old.GetOperationId()), journalRows(markOf(op), op.GetOperationId())),
	)
	for _, row := range counters(old) {
		err = errors.Join(err, w.count(tenant, row, -1))
	}
	for _, row := range counters(op) {
		err = errors.Join(err, w.count(tenant, row, 1))
	}
	return err
}

// replaceRows puts rows in the place of others. Those in both are put again: one that was lost is then there.
func (w writer) replaceRows(tenant string, name bucketName, before, after [][]byte) error {
	for _, row := range before {
		if contains(after, row) {
			continue
		}
		if err := w.delete(tenant, name, row); err != nil {
			return err
		}
	}
	for _, row := range after {
		if err := w.put(tenant, name, row, []byte{}); err != nil {
			return err
		}
	}
	return nil
}

// count changes the number in a row of the open bucket that counts others.
func (w writer) count(tenant string, row []byte, by int64) error {
	return w.countIn(tenant, openBucket, row, by)
}

// countIn is count in any bucket.
func (w writer) countIn(tenant string, name bucketName, row []byte, by int64) error {
	n := int64(readDepth(w.get(tenant, name, row))) + by
	switch {
	case n < 0:
		return errors.New("the depth of a queue is wrong; the index is damaged")
	case n == 0:
		return w.delete(tenant, name, row)
	default:
		return w.put(tenant, name, row, binary.BigEndian.AppendUint64(nil, uint64(n)))
	}
}

func readDepth(value []byte) uint64 {
	if len(value) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(value)
}

// Due implements idmap.Reader. It passes over operations of erased leads.
func (r reader) Due(tenant, account string, until time.Time, limit int) ([]*leadmuxv1.Operation, error) {
	b := r.bucket(tenant, openBucket)
	if b == nil {
		return nil, nil
	}
	var ops []*leadmuxv1.Operation
	for _, priority := range idmap.Priorities() {
		some, err := r.due(tenant, b.Cursor(), queueRow(dueRow, account, priority), until, limit-len(ops))
		if err != nil {
			return nil, fmt.Errorf("queue of account %s: %w", account, err)
		}
		ops = append(ops, some...)
	}
	return ops, nil
}

// Unconfirmed implements idmap.Reader. It passes over operations of erased leads.
func (r reader) Unconfirmed(tenant, account string, until time.Time, limit int) ([]*leadmuxv1.Operation, error) {
	b := r.bucket(tenant, openBucket)
	if b == nil {
		return nil, nil
	}
	return r.due(tenant, b.Cursor(), unconfirmedOf(account), until, limit)
}

// due is Due for the rows with one prefix.
func (r reader) due(tenant string, c *bbolt.Cursor, prefix []byte, until time.Time, limit int) ([]*leadmuxv1.Operation, error) {
	var ops []*leadmuxv1.Operation
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(ops) < limit; k, _ = c.Next() {
		due, id, ok := readTimeRow(k[len(prefix):])
		if !ok {
			return nil, errors.New("damaged key")
		}
		if due.After(until) {
			break
		}
		op, err := r.Operation(tenant, id)
		if errors.Is(err, ErrKeyGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

// Queue implements idmap.Reader. It costs a few look-ups, whatever the depth.
func (r reader) Queue(tenant, account string) (idmap.Queue, error) {
	b := r.bucket(tenant, openBucket)
	if b == nil {
		return idmap.Queue{}, nil
	}
	var parts []idmap.Waiting
	for _, priority := range idmap.Priorities() {
		parts = append(parts, idmap.Waiting{
			Priority: priority,
			Depth:    int(readDepth(b.Get(queueRow(depthRow, account, priority)))),
			NextDue:  firstTime(b, queueRow(dueRow, account, priority)),
			Oldest:   firstTime(b, queueRow(acceptedRow, account, priority)),
		})
	}
	return idmap.QueueOf(parts), nil
}

// Started implements idmap.Reader. It passes over operations of erased leads.
func (r reader) Started() ([]idmap.TenantOperation, error) {
	var started []idmap.TenantOperation
	tenants := r.btx.Bucket(tenantsBucket)
	err := tenants.ForEachBucket(func(name []byte) error {
		b := tenants.Bucket(name).Bucket([]byte(openBucket))
		if b == nil {
			return nil
		}
		tenant := string(name)
		c := b.Cursor()
		for k, _ := c.Seek([]byte{startedRow}); len(k) > 0 && k[0] == startedRow; k, _ = c.Next() {
			op, err := r.Operation(tenant, string(k[1:]))
			if errors.Is(err, ErrKeyGone) {
				continue
			}
			if err != nil {
				return err
			}
			started = append(started, idmap.TenantOperation{Tenant: tenant, Operation: op})
		}
		return nil
	})
	return started, err
}

// readTimeRow reads the end of a row that has a time and an operation ID.
func readTimeRow(key []byte) (t time.Time, id string, ok bool) {
	if len(key) < timeSize {
		return time.Time{}, "", false
	}
	return readTime(key), string(key[timeSize:]), true
}

// firstTime is the time of the first row with a prefix, zero if there is none.
func firstTime(b *bbolt.Bucket, prefix []byte) time.Time {
	k := firstWith(b, prefix)
	if k == nil {
		return time.Time{}
	}
	t, _, _ := readTimeRow(k[len(prefix):])
	return t
}

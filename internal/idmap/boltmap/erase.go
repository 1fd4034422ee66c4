package boltmap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
)

// First bytes of the rows in the erased bucket.
const (
	erasedLeadRow = 'l'
	erasedKeyRow  = 'k'
	erasedRefRow  = 'r'
)

const receiptPlace = "receipt"

func erasedLead(leadID string) []byte { return append([]byte{erasedLeadRow}, leadID...) }

// erasedRef is the row of a vendor ID that an erased lead had: a keyed hash, for the ID may be about the person.
func (s *Store) erasedRef(tenant string, ref idmap.VendorRef) []byte {
	sum := s.secret.Sum("erased vendor ID", []byte(tenant), refKey(ref))
	return append([]byte{erasedRefRow}, sum[:hashSize]...)
}

func (r reader) isErased(tenant, leadID string) bool {
	return r.get(tenant, erasedBucket, erasedLead(leadID)) != nil
}

// dataKey returns a data key. It is ErrKeyGone, and idmap.ErrErased, from the moment of the erasure in this picture of the index,
// whether the key was dropped already or not.
func (r reader) dataKey(tenant, keyID string) (*seal.DataKey, error) {
	if r.get(tenant, erasedBucket, erasedKeyID(keyID)) != nil {
		return nil, errKeyDropped
	}
	return r.s.keys.get(keyID)
}

func erasedKeyID(keyID string) []byte { return append([]byte{erasedKeyRow}, keyID...) }

// erasedRecord returns what is left of an erased lead, or idmap.ErrNotFound.
func (r reader) erasedRecord(tenant, leadID string) (*storev1.ErasedRecord, error) {
	value := r.get(tenant, erasedBucket, erasedLead(leadID))
	if value == nil {
		return nil, fmt.Errorf("erasure of lead %s: %w", leadID, idmap.ErrNotFound)
	}
	record := new(storev1.ErasedRecord)
	if err := proto.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("erasure of lead %s: damaged record: %w", leadID, err)
	}
	return record, nil
}

// Erasure implements idmap.Reader. A lead whose erasure came back only from the key file has a receipt with nothing but its ID.
func (r reader) Erasure(tenant, leadID string) (*leadmuxv1.ErasureReceipt, error) {
	record, err := r.erasedRecord(tenant, leadID)
	if err != nil {
		return nil, err
	}
	receipt := new(leadmuxv1.ErasureReceipt)
	err = r.open(tenant, record.GetReceiptKeyId(), record.GetReceipt(), place(receiptPlace, tenant, leadID), receipt)
	return receipt, err
}

// EraseLead implements idmap.Tx. The data key is dropped by DropErased, after the commit: a change that is undone drops none.
func (w writer) EraseLead(tenant string, receipt *leadmuxv1.ErasureReceipt, event *leadmuxv1.Event) error {
	id := receipt.GetLeadId()
	record, err := w.leadRecord(tenant, id)
	if err == nil && record.GetLeaving() {
		err = fmt.Errorf("lead %s: %w", id, idmap.ErrErased)
	}
	if err != nil {
		return err
	}
	if err := w.closeOpen(tenant, id); err != nil {
		return err
	}
	if err := w.bury(tenant, id, record, receipt); err != nil {
		return err
	}
	if err := w.append(tenant, event, "", nil); err != nil {
		return err
	}
	w.dropOnCommit(tenant, id, record.GetKeyId())
	return nil
}

func (w writer) dropOnCommit(tenant, leadID, keyID string) {
	w.btx.OnCommit(func() { w.s.keys.erased.add(erasedKey{id: keyID, tenant: tenant, leadID: leadID}) })
}

// closeOpen takes the lead's operations out of the queues. What is in them stays, unreadable.
func (w writer) closeOpen(tenant, leadID string) error {
	for _, id := range w.operationsOf(tenant, leadID) {
		mark, err := w.mark(tenant, id)
		if err != nil {
			return err
		}
		op, err := w.Operation(tenant, id)
		if err != nil && mark.GetState() == leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED {
			continue // damaged, which is no reason to keep the person
		}
		if err != nil {
			return err
		}
		if err := w.replaceRows(tenant, openBucket, openRows(op), nil); err != nil {
			return err
		}
		if op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_QUEUED {
			continue // what is in doubt is counted down where it is unlisted
		}
		for _, row := range counters(op) {
			if err := w.count(tenant, row, -1); err != nil {
				return err
			}
		}
	}
	return nil
}

// operationsOf are the IDs of all operations that a lead is listed with.
func (w writer) operationsOf(tenant, leadID string) (ids []string) {
	b := w.bucket(tenant, journalBucket)
	if b == nil {
		return nil
	}
	prefix := ofLead(leadID)
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		ids = append(ids, string(k[len(prefix):]))
	}
	return ids
}

// bury replaces a lead by its receipt, which is sealed under a key of its own, and its vendor IDs by hashes; its operations are
// listed no more.
func (w writer) bury(tenant, id string, record *storev1.LeadRecord, receipt *leadmuxv1.ErasureReceipt) error {
	if err := w.unlist(tenant, id); err != nil {
		return err
	}
	if err := w.moveLookups(tenant, id, record.GetLookups(), nil); err != nil {
		return err
	}
	refs, err := w.Bindings(tenant, id)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		if err := w.Unbind(tenant, ref); err != nil {
			return err
		}
		if err := w.put(tenant, erasedBucket, w.s.erasedRef(tenant, ref), []byte(id)); err != nil {
			return err
		}
	}
	keyID, key, err := w.s.keys.take(w.btx.Bucket(metaBucket))
	if err != nil {
		return err
	}
	if err := w.putReceipt(tenant, receipt, &storev1.ErasedRecord{KeyId: record.GetKeyId(), ReceiptKeyId: keyID}, key); err != nil {
		return err
	}
	if err := w.put(tenant, erasedBucket, erasedKeyID(record.GetKeyId()), []byte(id)); err != nil {
		return err
	}
	return w.delete(tenant, leadsBucket, []byte(id))
}

// putReceipt stores a receipt in what is left of its lead.
func (w writer) putReceipt(tenant string, receipt *leadmuxv1.ErasureReceipt, record *storev1.ErasedRecord, key *seal.DataKey) error {
	plain, err := proto.Marshal(receipt)
	if err != nil {
		return err
	}
	if record.Receipt, err = key.Seal(plain, place(receiptPlace, tenant, receipt.GetLeadId())); err != nil {
		return err
	}
	value, err := proto.Marshal(record)
	if err != nil {
		return err
	}
	return w.put(tenant, erasedBucket, erasedLead(receipt.GetLeadId()), value)
}

// PutErasure implements idmap.Tx.
func (w writer) PutErasure(tenant string, receipt *leadmuxv1.ErasureReceipt) error {
	record, err := w.erasedRecord(tenant, receipt.GetLeadId())
	if err != nil {
		return err
	}
	key, err := w.s.keys.get(record.GetReceiptKeyId())
	if err != nil {
		return err
	}
	return w.putReceipt(tenant, receipt, record, key)
}

// DropErased implements idmap.Store.
func (s *Store) DropErased(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.keys.dropErased()
}

// isLost tells whether a record cannot be read although its lead was not erased.
func isLost(err error) bool { return errors.Is(err, ErrKeyGone) && !errors.Is(err, idmap.ErrErased) }

// erased checks what is left of erased leads: nothing but the receipt, which opens, and a key that is dropped.
func (v *verifier) erased(tenant string) error {
	return v.each(tenant, erasedBucket, func(key, value []byte) {
		switch {
		case key[0] != erasedLeadRow && !v.isErased(tenant, string(value)):
			v.problem("Tenant %q: a row of an erasure leads to lead %s, which is not erased.", tenant, value)
		case key[0] == erasedLeadRow:
			v.report.Erased++
			v.tombstone(tenant, string(key[1:]))
		}
	})
}

func (v *verifier) tombstone(tenant, id string) {
	record, err := v.erasedRecord(tenant, id)
	if err == nil {
		_, err = v.Erasure(tenant, id)
	}
	if err != nil {
		v.unreadable(tenant, "the receipt of lead "+id, err)
		return
	}
	if !v.has(tenant, erasedBucket, erasedKeyID(record.GetKeyId())) {
		v.problem("Tenant %q: records of the erased lead %s are not known to be its.", tenant, id)
	}
	if left, err := v.leadRecord(tenant, id); err == nil && !left.GetLeaving() {
		v.problem("Tenant %q: lead %s is erased and stored.", tenant, id)
	}
	if refs, err := v.Bindings(tenant, id); err == nil && len(refs) > 0 {
		v.problem("Tenant %q: lead %s is erased and bound.", tenant, id)
	}
	if key := record.GetKeyId(); !v.s.keys.isDropped(key) && !slices.ContainsFunc(v.s.keys.erased.list(), func(e erasedKey) bool { return e.id == key }) {
		v.problem("Tenant %q: lead %s is erased, and its data key is still there; start the service once.", tenant, id)
	}
}

package boltmap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// reconcile makes an erasure that only one of the two files knows of known to the other: a stop came between their commits, or
// one of them was put back to an older state. It runs before anybody reads.
func (s *Store) reconcile() error {
	undropped, err := s.undropped()
	if err != nil {
		return err
	}
	for _, key := range undropped {
		s.keys.erased.add(key)
	}
	if err := s.keys.dropErased(); err != nil {
		return err
	}
	risen, err := s.risen()
	if err != nil || len(risen) == 0 {
		return err
	}
	s.log.Warn("the index is older than the key file; leads erased since then are erased again", slog.Int("leads", len(risen)))
	return s.index.Update(func(btx *bbolt.Tx) error {
		w := writer{reader{s: s, btx: btx}}
		tenants := map[string]bool{}
		for _, key := range risen {
			if err := w.buryAgain(key); err != nil {
				return err
			}
			tenants[key.tenant] = true
		}
		for tenant := range tenants {
			if err := w.purgeOpen(tenant); err != nil {
				return err
			}
		}
		return nil
	})
}

// undropped are the keys of leads that are erased in the index and that keys.db has nonetheless.
func (s *Store) undropped() (keys []erasedKey, err error) {
	err = s.index.View(func(btx *bbolt.Tx) error {
		r := reader{s: s, btx: btx}
		return btx.Bucket(tenantsBucket).ForEachBucket(func(name []byte) error {
			b := r.bucket(string(name), erasedBucket)
			if b == nil {
				return nil
			}
			c := b.Cursor()
			for k, leadID := c.Seek([]byte{erasedKeyRow}); len(k) > 0 && k[0] == erasedKeyRow; k, leadID = c.Next() {
				if id := string(k[1:]); !s.keys.isDropped(id) {
					keys = append(keys, erasedKey{id: id, tenant: string(name), leadID: string(leadID)})
				}
			}
			return nil
		})
	})
	return keys, err
}

// risen are the dropped keys of leads that the index has.
func (s *Store) risen() (risen []erasedKey, err error) {
	dropped, err := s.keys.droppedKeys()
	if err != nil {
		return nil, err
	}
	err = s.index.View(func(btx *bbolt.Tx) error {
		r := reader{s: s, btx: btx}
		for _, key := range dropped {
			if record, err := r.leadRecord(key.tenant, key.leadID); err == nil && record.GetKeyId() == key.id {
				risen = append(risen, key)
			}
		}
		return nil
	})
	return risen, err
}

// buryAgain buries a lead that nothing can be read of. Its receipt is lost with the state of the index that had it.
func (w writer) buryAgain(key erasedKey) error {
	record, err := w.leadRecord(key.tenant, key.leadID)
	if err != nil {
		return err
	}
	if record.GetLeaving() {
		return errors.Join(w.unlist(key.tenant, key.leadID), w.put(key.tenant, erasedBucket, erasedKeyID(key.id), []byte(key.leadID)),
			w.delete(key.tenant, leadsBucket, []byte(key.leadID)))
	}
	return w.bury(key.tenant, key.leadID, record, &leadmuxv1.ErasureReceipt{LeadId: key.leadID})
}

// purgeOpen takes the operations that cannot be read because their leads are erased out of a tenant's queues, and counts anew.
func (w writer) purgeOpen(tenant string) error {
	b := w.bucket(tenant, openBucket)
	if b == nil {
		return nil
	}
	var gone [][]byte
	depths := map[string]uint64{}
	c := b.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		if k[0] == depthRow {
			gone = append(gone, bytes.Clone(k)) // those that remain are written below
			continue
		}
		if k[0] == doubtRow { // counted down with its lead
			continue
		}
		queue, id, _ := readOpenRow(k)
		switch erased, err := w.ofErased(tenant, id); {
		case err != nil:
			return err
		case erased:
			gone = append(gone, bytes.Clone(k))
		case k[0] == dueRow:
			depths[queue]++
		}
	}
	for _, k := range gone {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	for queue, n := range depths {
		if err := b.Put(append([]byte{depthRow}, queue...), binary.BigEndian.AppendUint64(nil, n)); err != nil {
			return err
		}
	}
	return nil
}

// ofErased tells whether an operation is one of an erased lead.
func (w writer) ofErased(tenant, operationID string) (bool, error) {
	var record storev1.SealedRecord
	if err := proto.Unmarshal(w.get(tenant, operationsBucket, []byte(operationID)), &record); err != nil {
		return false, err
	}
	_, err := w.dataKey(tenant, record.GetKeyId())
	if errors.Is(err, idmap.ErrErased) {
		return true, nil
	}
	if errors.Is(err, ErrKeyGone) {
		err = nil
	}
	return false, err
}

package boltmap

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
)

const deliveryPlace = "delivery"

// Delivery implements idmap.InboxReader. One of an erased lead is not found.
func (r reader) Delivery(tenant, eventID string) (idmap.Delivery, error) {
	record, err := r.deliveryRecord(tenant, eventID)
	if err != nil {
		return idmap.Delivery{}, err
	}
	key, err := r.dataKey(tenant, record.GetKeyId())
	if err != nil {
		return idmap.Delivery{}, fmt.Errorf("delivery %s: %w", eventID, err)
	}
	raw, err := key.Open(record.GetSealed(), place(deliveryPlace, tenant, eventID))
	if err != nil {
		return idmap.Delivery{}, err
	}
	return idmap.Delivery{
		EventID: eventID, Account: record.GetAccount(), Kind: record.GetKind(), ReceiveTime: record.GetReceiveTime().AsTime(), Raw: raw,
		Waiting: r.get(tenant, waitingBucket, []byte(eventID)) != nil,
	}, nil
}

func (r reader) deliveryRecord(tenant, eventID string) (*storev1.DeliveryRecord, error) {
	value := r.get(tenant, deliveriesBucket, []byte(eventID))
	if value == nil {
		return nil, fmt.Errorf("delivery %s: %w", eventID, idmap.ErrNotFound)
	}
	record := new(storev1.DeliveryRecord)
	if err := proto.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("delivery %s: damaged record: %w", eventID, err)
	}
	return record, nil
}

// Waiting implements idmap.InboxReader.
func (r reader) Waiting(tenant, after string, limit int) ([]idmap.Delivery, error) {
	b := r.bucket(tenant, waitingBucket)
	if b == nil {
		return nil, nil
	}
	var found []idmap.Delivery
	c := b.Cursor()
	for k, _ := c.Seek([]byte(after)); k != nil && len(found) < limit; k, _ = c.Next() {
		if string(k) == after {
			continue
		}
		delivery, err := r.Delivery(tenant, string(k))
		if errors.Is(err, ErrKeyGone) { // it came with something of a lead that was erased since
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, delivery)
	}
	return found, nil
}

// CountWaiting implements idmap.InboxReader.
func (r reader) CountWaiting(tenant string) (int, error) {
	b := r.bucket(tenant, waitingBucket)
	if b == nil {
		return 0, nil
	}
	return b.Stats().KeyN, nil
}

// PutDelivery implements idmap.InboxWriter.
func (w writer) PutDelivery(tenant, leadID string, delivery idmap.Delivery) error {
	keyID, key, err := w.deliveryKey(tenant, leadID)
	if err != nil {
		return fmt.Errorf("delivery %s: %w", delivery.EventID, err)
	}
	sealed, err := key.Seal(delivery.Raw, place(deliveryPlace, tenant, delivery.EventID))
	if err != nil {
		return fmt.Errorf("delivery %s: %w", delivery.EventID, err)
	}
	value, err := proto.Marshal(&storev1.DeliveryRecord{
		KeyId: keyID, Sealed: sealed, Account: delivery.Account, Kind: delivery.Kind, ReceiveTime: timestamppb.New(delivery.ReceiveTime),
	})
	if err != nil {
		return fmt.Errorf("delivery %s: %w", delivery.EventID, err)
	}
	if err := w.put(tenant, deliveriesBucket, []byte(delivery.EventID), value); err != nil {
		return err
	}
	if delivery.Waiting {
		return w.put(tenant, waitingBucket, []byte(delivery.EventID), []byte{})
	}
	return w.delete(tenant, waitingBucket, []byte(delivery.EventID))
}

func (w writer) deliveryKey(tenant, leadID string) (string, *seal.DataKey, error) {
	if leadID == "" {
		return w.s.keys.take(w.btx.Bucket(metaBucket))
	}
	return w.leadKey(tenant, leadID)
}

// TrimDeliveries implements idmap.InboxWriter. Their keys are in the order of time.
func (w writer) TrimDeliveries(tenant string, before time.Time, limit int) (int, error) {
	b := w.bucket(tenant, deliveriesBucket)
	if b == nil {
		return 0, nil
	}
	var old [][]byte
	c := b.Cursor()
	for k, _ := c.First(); k != nil && len(old) < limit; k, _ = c.Next() {
		record, err := w.deliveryRecord(tenant, string(k))
		if err != nil {
			return 0, err
		}
		if !record.GetReceiveTime().AsTime().Before(before) {
			break
		}
		old = append(old, bytes.Clone(k))
	}
	for _, key := range old {
		if err := w.delete(tenant, waitingBucket, key); err != nil {
			return 0, err
		}
		if err := w.delete(tenant, deliveriesBucket, key); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}

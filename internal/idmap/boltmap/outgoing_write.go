package boltmap

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// PutOutgoing implements idmap.SubscriptionTx.
func (w writer) PutOutgoing(tenant string, delivery *leadmuxv1.WebhookDelivery) error {
	sub, id := delivery.GetSubscriptionId(), delivery.GetDeliveryId()
	if w.get(tenant, subscriptionsBucket, subscriptionRow(contentRow, sub)) == nil {
		return fmt.Errorf("subscription %s: %w", sub, idmap.ErrNotFound)
	}
	old, err := w.Outgoing(tenant, sub, id)
	if err != nil && !errors.Is(err, idmap.ErrNotFound) {
		return err
	}
	if err := w.moveOutgoing(tenant, old, delivery); err != nil {
		return err
	}
	value, err := proto.Marshal(delivery)
	if err != nil {
		return fmt.Errorf("delivery %s: %w", id, err)
	}
	return w.put(tenant, outgoingBucket, outgoingKey(sub, id), value)
}

// moveOutgoing makes the rows of a delivery those of what it is now; either may be nil, for one that was or will be not there.
func (w writer) moveOutgoing(tenant string, old, now *leadmuxv1.WebhookDelivery) error {
	var before, after [][]byte
	change, sub := int64(0), now.GetSubscriptionId()
	if old != nil {
		before, sub = outgoingRows(old), old.GetSubscriptionId()
		change -= pendingOne(old)
	}
	if now != nil {
		after = outgoingRows(now)
		change += pendingOne(now)
	}
	if err := w.replaceRows(tenant, outgoingRowsBucket, before, after); err != nil || change == 0 {
		return err
	}
	return w.countIn(tenant, outgoingRowsBucket, outRow(outCountRow, sub), change)
}

func pendingOne(d *leadmuxv1.WebhookDelivery) int64 {
	if d.GetState() == outPending {
		return 1
	}
	return 0
}

// TrimOutgoing implements idmap.SubscriptionTx.
func (w writer) TrimOutgoing(tenant string, before time.Time, limit int) (removed int, err error) {
	b := w.bucket(tenant, outgoingBucket)
	if b == nil {
		return 0, nil
	}
	for prefix, c := []byte(nil), b.Cursor(); removed < limit; c = b.Cursor() {
		k, _ := c.Seek(prefix)
		sub, _, ok := cutText(k)
		if !ok {
			return removed, nil
		}
		n, err := w.removeOutgoing(tenant, sub, before, limit-removed)
		if err != nil {
			return 0, err
		}
		removed += n
		if prefix = behind(appendText(nil, sub)); prefix == nil {
			return removed, nil
		}
	}
	return removed, nil
}

// removeOutgoing removes deliveries of a subscription that were put in line before a moment, all when it is zero, the oldest first.
func (w writer) removeOutgoing(tenant, subscriptionID string, before time.Time, limit int) (int, error) {
	b := w.bucket(tenant, outgoingBucket)
	if b == nil {
		return 0, nil
	}
	var gone []*leadmuxv1.WebhookDelivery
	prefix := appendText(nil, subscriptionID)
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(gone) < limit; k, _ = c.Next() {
		delivery, err := w.Outgoing(tenant, subscriptionID, string(k[len(prefix):]))
		if err != nil {
			return 0, err
		}
		if !before.IsZero() && !delivery.GetCreateTime().AsTime().Before(before) {
			break
		}
		gone = append(gone, delivery)
	}
	for _, delivery := range gone {
		if err := w.moveOutgoing(tenant, delivery, nil); err != nil {
			return 0, err
		}
		if err := w.delete(tenant, outgoingBucket, outgoingKey(subscriptionID, delivery.GetDeliveryId())); err != nil {
			return 0, err
		}
	}
	return len(gone), nil
}

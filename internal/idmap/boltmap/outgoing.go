package boltmap

import (
	"bytes"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// First bytes of the rows in the outgoingrows bucket; each goes on with the subscription's ID.
const (
	outDueRow     = 'd'
	outAgeRow     = 'a'
	outSubjectRow = 'o'
	outEventRow   = 'e'
	outCountRow   = 'n'
)

const outPending = leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_PENDING

func outRow(kind byte, subscriptionID string) []byte { return appendText([]byte{kind}, subscriptionID) }

func outgoingKey(subscriptionID, deliveryID string) []byte {
	return append(appendText(nil, subscriptionID), deliveryID...)
}

// outgoingRows are the rows that a delivery has.
func outgoingRows(d *leadmuxv1.WebhookDelivery) [][]byte {
	sub, id := d.GetSubscriptionId(), d.GetDeliveryId()
	rows := [][]byte{append(appendText(outRow(outEventRow, sub), d.GetEventId()), id...)}
	if d.GetState() != outPending {
		return rows
	}
	rows = append(rows, append(outRow(outAgeRow, sub), id...))
	if d.GetNextAttemptTime() != nil {
		rows = append(rows, append(appendTime(outRow(outDueRow, sub), d.GetNextAttemptTime().AsTime()), id...))
	}
	if d.GetSubject() != "" {
		rows = append(rows, append(appendText(appendText(outRow(outSubjectRow, sub), d.GetSubject()), d.GetEventCursor()), id...))
	}
	return rows
}

// Outgoing implements idmap.SubscriptionReader.
func (r reader) Outgoing(tenant, subscriptionID, deliveryID string) (*leadmuxv1.WebhookDelivery, error) {
	value := r.get(tenant, outgoingBucket, outgoingKey(subscriptionID, deliveryID))
	if value == nil {
		return nil, fmt.Errorf("delivery %s: %w", deliveryID, idmap.ErrNotFound)
	}
	delivery := new(leadmuxv1.WebhookDelivery)
	if err := proto.Unmarshal(value, delivery); err != nil {
		return nil, fmt.Errorf("delivery %s: damaged record: %w", deliveryID, err)
	}
	return delivery, nil
}

// OutgoingLine implements idmap.SubscriptionReader.
func (r reader) OutgoingLine(tenant, subscriptionID string) (line idmap.OutgoingLine, err error) {
	b := r.bucket(tenant, outgoingRowsBucket)
	if b == nil {
		return line, nil
	}
	line.Pending = int(readDepth(b.Get(outRow(outCountRow, subscriptionID))))
	prefix := outRow(outDueRow, subscriptionID)
	if k := firstWith(b, prefix); len(k) >= len(prefix)+timeSize {
		line.NextDue = readTime(k[len(prefix):])
	}
	prefix = outRow(outAgeRow, subscriptionID)
	if k := firstWith(b, prefix); k != nil {
		oldest, err := r.Outgoing(tenant, subscriptionID, string(k[len(prefix):]))
		if err != nil {
			return line, err
		}
		line.Oldest = oldest.GetCreateTime().AsTime()
	}
	return line, nil
}

// DueOutgoing implements idmap.SubscriptionReader.
func (r reader) DueOutgoing(tenant, subscriptionID string, until time.Time, limit int) ([]*leadmuxv1.WebhookDelivery, error) {
	b := r.bucket(tenant, outgoingRowsBucket)
	if b == nil {
		return nil, nil
	}
	var due []*leadmuxv1.WebhookDelivery
	prefix := outRow(outDueRow, subscriptionID)
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(due) < limit; k, _ = c.Next() {
		if len(k) < len(prefix)+timeSize || readTime(k[len(prefix):]).After(until) {
			break
		}
		delivery, err := r.Outgoing(tenant, subscriptionID, string(k[len(prefix)+timeSize:]))
		if err != nil {
			return nil, err
		}
		due = append(due, delivery)
	}
	return due, nil
}

// FirstOutgoing implements idmap.SubscriptionReader.
func (r reader) FirstOutgoing(tenant, subscriptionID, subject string) (*leadmuxv1.WebhookDelivery, error) {
	prefix := appendText(outRow(outSubjectRow, subscriptionID), subject)
	if b := r.bucket(tenant, outgoingRowsBucket); b != nil {
		if k := firstWith(b, prefix); k != nil {
			_, id, _ := cutText(k[len(prefix):])
			return r.Outgoing(tenant, subscriptionID, string(id))
		}
	}
	return nil, fmt.Errorf("delivery about %s: %w", subject, idmap.ErrNotFound)
}

// ListOutgoing implements idmap.SubscriptionReader. Those of one event are found without reading the others.
func (r reader) ListOutgoing(tenant, subscriptionID string, filter idmap.OutgoingFilter, before string, limit int) ([]*leadmuxv1.WebhookDelivery, string, error) {
	bucket, prefix := outgoingBucket, appendText(nil, subscriptionID)
	if filter.EventID != "" {
		bucket, prefix = outgoingRowsBucket, appendText(outRow(outEventRow, subscriptionID), filter.EventID)
	}
	b := r.bucket(tenant, bucket)
	if b == nil || limit < 1 {
		return nil, "", nil
	}
	bound := append(bytes.Clone(prefix), before...)
	if before == "" {
		bound = behind(prefix)
	}
	var list []*leadmuxv1.WebhookDelivery
	last, looked := "", 0
	c := b.Cursor()
	for k, _ := lastBefore(c, bound); bytes.HasPrefix(k, prefix); k, _ = c.Prev() {
		if len(list) == limit || looked == lookAtMost {
			return list, last, nil
		}
		looked++
		last = string(k[len(prefix):])
		delivery, err := r.Outgoing(tenant, subscriptionID, last)
		if err != nil {
			return nil, "", err
		}
		if filter.State == 0 || delivery.GetState() == filter.State {
			list = append(list, delivery)
		}
	}
	return list, "", nil
}

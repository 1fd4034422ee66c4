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
)

const subscriptionPlace = "subscription"

// First bytes of the rows in the subscriptions bucket.
const (
	contentRow  = 's'
	progressRow = 'p'
	droppedRow  = 'x'
)

func subscriptionRow(kind byte, id string) []byte { return append([]byte{kind}, id...) }

// Subscription implements idmap.SubscriptionReader.
func (r reader) Subscription(tenant, id string) (idmap.Subscription, error) {
	value := r.get(tenant, subscriptionsBucket, subscriptionRow(contentRow, id))
	if value == nil {
		return idmap.Subscription{}, fmt.Errorf("subscription %s: %w", id, idmap.ErrNotFound)
	}
	return r.openSubscription(tenant, id, value)
}

func (r reader) openSubscription(tenant, id string, sealed []byte) (idmap.Subscription, error) {
	plain, err := r.s.secret.Open(sealed, place(subscriptionPlace, tenant, id))
	if err != nil {
		return idmap.Subscription{}, err
	}
	var content storev1.SubscriptionContent
	if err := proto.Unmarshal(plain, &content); err != nil {
		return idmap.Subscription{}, fmt.Errorf("subscription %s: damaged record: %w", id, err)
	}
	subscription := idmap.Subscription{Public: content.GetSubscription()}
	for _, key := range content.GetKeys() {
		subscription.Keys = append(subscription.Keys, idmap.SigningKey{
			Secret: key.GetSecret(), CreateTime: momentOf(key.GetCreateTime()), ExpireTime: momentOf(key.GetExpireTime()),
		})
	}
	return subscription, nil
}

// ListSubscriptions implements idmap.SubscriptionReader.
func (r reader) ListSubscriptions(tenant, before string, limit int) ([]idmap.Subscription, string, error) {
	b := r.bucket(tenant, subscriptionsBucket)
	if b == nil || limit < 1 {
		return nil, "", nil
	}
	bound := subscriptionRow(contentRow, before)
	if before == "" {
		bound = []byte{contentRow + 1}
	}
	var list []idmap.Subscription
	last := ""
	c := b.Cursor()
	for k, v := lastBefore(c, bound); len(k) > 0 && k[0] == contentRow; k, v = c.Prev() {
		if len(list) == limit {
			return list, last, nil
		}
		last = string(k[1:])
		subscription, err := r.openSubscription(tenant, last, v)
		if err != nil {
			return nil, "", err
		}
		list = append(list, subscription)
	}
	return list, "", nil
}

// DroppedSubscriptions implements idmap.SubscriptionReader.
func (r reader) DroppedSubscriptions(tenant string) (ids []string, err error) {
	b := r.bucket(tenant, subscriptionsBucket)
	if b == nil {
		return nil, nil
	}
	c := b.Cursor()
	for k, _ := c.Seek([]byte{droppedRow}); len(k) > 0 && k[0] == droppedRow; k, _ = c.Next() {
		ids = append(ids, string(k[1:]))
	}
	return ids, nil
}

// Progress implements idmap.SubscriptionReader.
func (r reader) Progress(tenant, id string) (idmap.Progress, error) {
	value := r.get(tenant, subscriptionsBucket, subscriptionRow(progressRow, id))
	if value == nil {
		return idmap.Progress{}, fmt.Errorf("progress of subscription %s: %w", id, idmap.ErrNotFound)
	}
	var record storev1.ProgressRecord
	if err := proto.Unmarshal(value, &record); err != nil {
		return idmap.Progress{}, fmt.Errorf("progress of subscription %s: damaged record: %w", id, err)
	}
	return idmap.Progress{
		Place: record.GetPlace(), FailingSince: momentOf(record.GetFailingSince()), MissedTime: momentOf(record.GetMissedTime()),
	}, nil
}

// PutSubscription implements idmap.SubscriptionTx.
func (w writer) PutSubscription(tenant string, subscription idmap.Subscription) error {
	id := subscription.Public.GetSubscriptionId()
	content := &storev1.SubscriptionContent{Subscription: subscription.Public}
	for _, key := range subscription.Keys {
		content.Keys = append(content.Keys, &storev1.SigningKey{
			Secret: key.Secret, CreateTime: stampOf(key.CreateTime), ExpireTime: stampOf(key.ExpireTime),
		})
	}
	plain, err := proto.Marshal(content)
	if err != nil {
		return fmt.Errorf("subscription %s: %w", id, err)
	}
	sealed, err := w.s.secret.Seal(plain, place(subscriptionPlace, tenant, id))
	if err != nil {
		return fmt.Errorf("subscription %s: %w", id, err)
	}
	return w.put(tenant, subscriptionsBucket, subscriptionRow(contentRow, id), sealed)
}

// PutProgress implements idmap.SubscriptionTx.
func (w writer) PutProgress(tenant, id string, progress idmap.Progress) error {
	if w.get(tenant, subscriptionsBucket, subscriptionRow(contentRow, id)) == nil {
		return fmt.Errorf("subscription %s: %w", id, idmap.ErrNotFound)
	}
	value, err := proto.Marshal(&storev1.ProgressRecord{
		Place: progress.Place, FailingSince: stampOf(progress.FailingSince), MissedTime: stampOf(progress.MissedTime),
	})
	if err != nil {
		return fmt.Errorf("progress of subscription %s: %w", id, err)
	}
	return w.put(tenant, subscriptionsBucket, subscriptionRow(progressRow, id), value)
}

// DropSubscription implements idmap.SubscriptionTx.
func (w writer) DropSubscription(tenant, id string) error {
	if w.get(tenant, subscriptionsBucket, subscriptionRow(contentRow, id)) == nil {
		return fmt.Errorf("subscription %s: %w", id, idmap.ErrNotFound)
	}
	return errors.Join(
		w.delete(tenant, subscriptionsBucket, subscriptionRow(contentRow, id)),
		w.delete(tenant, subscriptionsBucket, subscriptionRow(progressRow, id)),
		w.put(tenant, subscriptionsBucket, subscriptionRow(droppedRow, id), []byte{}),
	)
}

// ForgetOutgoing implements idmap.SubscriptionTx.
func (w writer) ForgetOutgoing(tenant, id string, limit int) (bool, error) {
	if w.get(tenant, subscriptionsBucket, subscriptionRow(droppedRow, id)) == nil {
		return false, nil
	}
	gone, err := w.removeOutgoing(tenant, id, time.Time{}, limit)
	if err != nil || gone == limit {
		return true, err
	}
	return false, w.delete(tenant, subscriptionsBucket, subscriptionRow(droppedRow, id))
}

// stampOf is a time as a record holds it; nil for none.
func stampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func momentOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// subscriptions checks that every subscription opens and has its progress.
func (v *verifier) subscriptions(tenant string) error {
	return v.each(tenant, subscriptionsBucket, func(key, _ []byte) {
		id := string(key[1:])
		switch {
		case key[0] == contentRow:
			v.report.Subscriptions++
			if _, err := v.Subscription(tenant, id); err != nil {
				v.unreadable(tenant, "subscription "+id, err)
			}
			if progress, err := v.Progress(tenant, id); err != nil {
				v.problem("Tenant %q: it is not known how far subscription %s is.", tenant, id)
			} else if _, err := parseCursor(progress.Place); err != nil {
				v.problem("Tenant %q: subscription %s stands at no place of the log.", tenant, id)
			}
		case key[0] == progressRow && !v.has(tenant, subscriptionsBucket, subscriptionRow(contentRow, id)):
			v.problem("Tenant %q: subscription %s, which is not there, has a place in the log.", tenant, id)
		case !bytes.ContainsRune([]byte{contentRow, progressRow, droppedRow}, rune(key[0])):
			v.problem("Tenant %q: a row of the subscriptions is damaged.", tenant)
		}
	})
}

package boltmap

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// outgoing checks that every delivery has its subscription and its rows.
func (v *verifier) outgoing(tenant string) error {
	return v.each(tenant, outgoingBucket, func(key, value []byte) {
		v.report.Outgoing++
		var delivery leadmuxv1.WebhookDelivery
		sub, id, ok := cutText(key)
		if !ok || proto.Unmarshal(value, &delivery) != nil {
			v.problem("Tenant %q: a delivery of subscription %s is damaged.", tenant, sub)
			return
		}
		if delivery.GetSubscriptionId() != sub || delivery.GetDeliveryId() != string(id) {
			v.problem("Tenant %q: delivery %s has another ID inside.", tenant, id)
		}
		if !v.has(tenant, subscriptionsBucket, subscriptionRow(contentRow, sub)) && !v.has(tenant, subscriptionsBucket, subscriptionRow(droppedRow, sub)) {
			v.problem("Tenant %q: delivery %s belongs to subscription %s, which is not there.", tenant, id, sub)
		}
		for _, row := range outgoingRows(&delivery) {
			if !v.has(tenant, outgoingRowsBucket, row) {
				v.problem("Tenant %q: delivery %s is missing in a list of deliveries.", tenant, id)
			}
		}
		if delivery.GetState() == outPending && delivery.GetNextAttemptTime() == nil && !v.waitsForAnother(tenant, &delivery) {
			v.problem("Tenant %q: delivery %s waits for nothing and would never be sent.", tenant, id)
		}
	})
}

// waitsForAnother says whether another delivery about the subject of one is to go first.
func (v *verifier) waitsForAnother(tenant string, delivery *leadmuxv1.WebhookDelivery) bool {
	b := v.bucket(tenant, outgoingRowsBucket)
	if b == nil || delivery.GetSubject() == "" {
		return false
	}
	prefix := appendText(outRow(outSubjectRow, delivery.GetSubscriptionId()), delivery.GetSubject())
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		_, id, _ := cutText(k[len(prefix):])
		if other, err := v.Outgoing(tenant, delivery.GetSubscriptionId(), string(id)); err == nil && other.GetNextAttemptTime() != nil {
			return true
		}
	}
	return false
}

// outgoingRows checks that every row leads to a delivery that has it, and that what is PENDING is counted right.
func (v *verifier) outgoingRows(tenant string) error {
	held, counted := map[string]uint64{}, map[string]uint64{}
	err := v.each(tenant, outgoingRowsBucket, func(key, value []byte) {
		sub, rest, ok := cutText(key[1:])
		switch key[0] {
		case outCountRow:
			counted[sub] = readDepth(value)
			return
		case outAgeRow:
			held[sub]++
		case outDueRow:
			_, id, timed := readTimeRow(rest)
			ok, rest = ok && timed, []byte(id)
		case outSubjectRow:
			_, rest, _ = cutText(rest)
			_, rest, ok = cutText(rest)
		case outEventRow:
			_, rest, ok = cutText(rest)
		default:
			ok = false
		}
		delivery, err := v.Outgoing(tenant, sub, string(rest))
		if !ok || err != nil || !contains(outgoingRows(delivery), key) {
			v.problem("Tenant %q: a row of the deliveries of subscription %s leads to none that has it.", tenant, sub)
		}
	})
	for sub := range held {
		counted[sub] += 0 // so that one without a count is seen
	}
	for sub, n := range counted {
		if held[sub] != n {
			v.problem("Tenant %q: subscription %s has %d deliveries in line and is said to have %d.", tenant, sub, held[sub], n)
		}
	}
	return err
}

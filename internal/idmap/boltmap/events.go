package boltmap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/seal"
)

const (
	eventPlace = "event"
	// cursorDigits is the length of a cursor: the event's sequence number in hex.
	cursorDigits = 16
)

// errCursor is returned for a text that is no cursor.
var errCursor = errors.New("not a cursor of the event log")

// Events implements idmap.Reader. It passes over events of erased leads.
func (r reader) Events(tenant, after string, limit int) ([]*leadmuxv1.Event, error) {
	first := eventKey(0)
	if after != "" {
		n, err := parseCursor(after)
		if err != nil {
			return nil, err
		}
		first = append(eventKey(n), 0) // the smallest key behind it
	}
	b := r.bucket(tenant, eventsBucket)
	if b == nil {
		return nil, nil
	}
	var events []*leadmuxv1.Event
	c := b.Cursor()
	for k, v := c.Seek(first); k != nil && len(events) < limit; k, v = c.Next() {
		event, err := r.openEvent(tenant, k, v)
		if errors.Is(err, ErrKeyGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

// AppendEvent implements idmap.Tx. An event of no lead is stored in clear: it names no person.
func (w writer) AppendEvent(tenant string, event *leadmuxv1.Event) error {
	var keyID string
	var key *seal.DataKey
	if leadID := event.GetLeadId(); leadID != "" {
		var err error
		if keyID, key, err = w.leadKey(tenant, leadID); err != nil {
			return fmt.Errorf("event %s: %w", event.GetEventId(), err)
		}
	}
	return w.append(tenant, event, keyID, key)
}

// append stores an event, sealed under a key; in clear without one.
func (w writer) append(tenant string, event *leadmuxv1.Event, keyID string, key *seal.DataKey) error {
	b, err := w.make(tenant, eventsBucket)
	if err != nil {
		return err
	}
	n, err := b.NextSequence()
	if err != nil {
		return fmt.Errorf("event %s: %w", event.GetEventId(), err)
	}
	event.Cursor = cursor(n)
	value, err := sealRecord(keyID, key, event, place(eventPlace, tenant, event.Cursor))
	if err != nil {
		return err
	}
	return w.put(tenant, eventsBucket, eventKey(n), value)
}

func (r reader) openEvent(tenant string, key, value []byte) (*leadmuxv1.Event, error) {
	n, err := readEventKey(key)
	if err != nil {
		return nil, err
	}
	event := new(leadmuxv1.Event)
	if err := r.openRecord(tenant, value, place(eventPlace, tenant, cursor(n)), event); err != nil {
		return nil, err
	}
	return event, nil
}

func eventKey(n uint64) []byte {
	return binary.BigEndian.AppendUint64(nil, n)
}

func readEventKey(key []byte) (uint64, error) {
	if len(key) != 8 {
		return 0, errors.New("event log: damaged key")
	}
	return binary.BigEndian.Uint64(key), nil
}

func cursor(n uint64) string {
	return fmt.Sprintf("%0*x", cursorDigits, n)
}

func parseCursor(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil || text != cursor(n) {
		return 0, errCursor
	}
	return n, nil
}

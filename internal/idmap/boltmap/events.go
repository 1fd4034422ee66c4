package boltmap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
)

const (
	eventPlace = "event"
	// cursorDigits is the length of a cursor: the event's sequence number in hex.
	cursorDigits = 16
)

// Events implements idmap.Reader. It passes over events of erased leads.
func (r reader) Events(tenant, after string, limit int) ([]*leadmuxv1.Event, error) {
	var events []*leadmuxv1.Event
	for {
		page, err := r.ListEvents(tenant, idmap.EventFilter{}, after, limit-len(events))
		if err != nil {
			return nil, err
		}
		if events = append(events, page.Events...); !page.More || len(events) == limit {
			return events, nil
		}
		after = page.Last
	}
}

// AppendEvent implements idmap.Tx. An event of no lead, call or chat is stored in clear: it names no person.
func (w writer) AppendEvent(tenant string, event *leadmuxv1.Event) error {
	keyID, key, err := w.keyOfEvent(tenant, event)
	if err != nil {
		return fmt.Errorf("event %s: %w", event.GetEventId(), err)
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
	value, err := sealEvent(keyID, key, event, place(eventPlace, tenant, event.Cursor))
	if err != nil {
		return err
	}
	for _, subject := range subjects(event) {
		if err := w.put(tenant, subjectsBucket, subjectRow(subject, n), []byte{}); err != nil {
			return err
		}
	}
	w.btx.OnCommit(func() { w.s.appended.publish(tenant) })
	return w.put(tenant, eventsBucket, eventKey(n), value)
}

// sealEvent makes the record of an event.
func sealEvent(keyID string, key *seal.DataKey, event *leadmuxv1.Event, place string) ([]byte, error) {
	sealed, err := sealRecord(keyID, key, event, place)
	if err != nil {
		return nil, err
	}
	inClear, err := proto.Marshal(&storev1.SealedRecord{Subjects: subjects(event)})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	return append(sealed, inClear...), nil // two messages on end are one with the fields of both
}

// subjects are the IDs of what an event is about.
func subjects(event *leadmuxv1.Event) []string {
	var ids []string
	for _, id := range []string{event.GetLeadId(), event.GetCallId(), event.GetChatId()} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// subjectRow is the row of an event among those of what it is about.
func subjectRow(id string, n uint64) []byte {
	return binary.BigEndian.AppendUint64(appendText(nil, id), n)
}

// keyOfEvent is the data key of what an event is about; none for an event of nobody.
func (r reader) keyOfEvent(tenant string, event *leadmuxv1.Event) (string, *seal.DataKey, error) {
	if leadID := event.GetLeadId(); leadID != "" {
		return r.leadKey(tenant, leadID)
	}
	return r.sessionKey(tenant, event.GetCallId(), event.GetChatId())
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
		return 0, idmap.ErrCursor
	}
	return n, nil
}

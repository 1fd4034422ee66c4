package boltmap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// maxLooked is how many events one ListEvents looks at.
const maxLooked = 5000

// ListEvents implements idmap.Reader. What is about one lead, call or chat is found without reading the rest of the log.
func (r reader) ListEvents(tenant string, filter idmap.EventFilter, after string, limit int) (idmap.EventPage, error) {
	from, err := r.from(tenant, after)
	if err != nil {
		return idmap.EventPage{}, err
	}
	page := idmap.EventPage{Last: cursor(from)}
	log := r.bucket(tenant, eventsBucket)
	if log == nil {
		return page, nil
	}
	looked := 0
	for n := range r.numbers(tenant, log, filter, from) {
		if looked == maxLooked || len(page.Events) == limit {
			page.More = true
			return page, nil
		}
		looked++
		event, err := r.event(tenant, log, n)
		switch {
		case errors.Is(err, ErrKeyGone): // of an erased lead
		case err != nil:
			return idmap.EventPage{}, err
		case eventPasses(filter, event):
			page.Events = append(page.Events, event)
		}
		page.Last = cursor(n)
	}
	page.Last = cursor(max(from, log.Sequence())) // what the filter keeps out is read, too
	return page, nil
}

// from is the number of the event that a cursor stands behind.
func (r reader) from(tenant, after string) (uint64, error) {
	start, end := r.bounds(tenant)
	if after == "" {
		return start, nil
	}
	n, err := parseCursor(after)
	switch {
	case err != nil:
		return 0, err
	case n > end:
		return 0, idmap.ErrCursor
	case n < start:
		return 0, idmap.ErrEventsGone
	}
	return n, nil
}

// bounds are the numbers of the newest event that was trimmed and of the newest of all; 0 for none.
func (r reader) bounds(tenant string) (start, end uint64) {
	if key := r.get(tenant, marksBucket, trimmedKey); len(key) == 8 {
		start = binary.BigEndian.Uint64(key)
	}
	if log := r.bucket(tenant, eventsBucket); log != nil {
		end = log.Sequence()
	}
	return start, end
}

// LogBounds implements idmap.Reader.
func (r reader) LogBounds(tenant string) (start, end string, err error) {
	first, last := r.bounds(tenant)
	return cursor(first), cursor(last), nil
}

// EventAt implements idmap.EventReader.
func (r reader) EventAt(tenant, place string) (*leadmuxv1.Event, error) {
	n, err := parseCursor(place)
	if err != nil {
		return nil, err
	}
	log := r.bucket(tenant, eventsBucket)
	if log == nil || log.Get(eventKey(n)) == nil {
		return nil, fmt.Errorf("event at %s: %w", place, idmap.ErrNotFound)
	}
	return r.event(tenant, log, n)
}

// clockSlack is how far a clock may have stepped back without PlaceBefore passing over an event.
const clockSlack = time.Hour

// PlaceBefore implements idmap.EventReader. Events stand in the order of time but for such steps, so that halving finds the place.
func (r reader) PlaceBefore(tenant string, moment time.Time) (string, error) {
	low, high := r.bounds(tenant)
	log := r.bucket(tenant, eventsBucket)
	for moment = moment.Add(-clockSlack); log != nil && low < high; {
		middle := low + (high-low+1)/2
		n, event, err := r.readableUpTo(tenant, log, low, middle)
		switch {
		case err != nil:
			return "", err
		case event == nil: // nothing to be read between, and so nothing to be passed over
			low = middle
		case event.GetReceiveTime().AsTime().Before(moment):
			low = middle
		default:
			high = n - 1
		}
	}
	return cursor(low), nil
}

// readableUpTo is the last event behind low and up to high that can be read; nil for none.
func (r reader) readableUpTo(tenant string, log *bbolt.Bucket, low, high uint64) (uint64, *leadmuxv1.Event, error) {
	for n := high; n > low; n-- {
		if log.Get(eventKey(n)) == nil {
			continue
		}
		event, err := r.event(tenant, log, n)
		if err == nil || !errors.Is(err, ErrKeyGone) {
			return n, event, err
		}
	}
	return low, nil, nil
}

// numbers are the numbers of the events behind from, in order: those about the first subject that filter names, or all.
func (r reader) numbers(tenant string, log *bbolt.Bucket, filter idmap.EventFilter, from uint64) func(func(uint64) bool) {
	b, prefix := log, []byte(nil)
	for _, id := range []string{filter.LeadID, filter.CallID, filter.ChatID} {
		if id != "" {
			b, prefix = r.bucket(tenant, subjectsBucket), appendText(nil, id)
			break
		}
	}
	return func(yield func(uint64) bool) {
		if b == nil {
			return
		}
		c := b.Cursor()
		for k, _ := c.Seek(binary.BigEndian.AppendUint64(bytes.Clone(prefix), from+1)); bytes.HasPrefix(k, prefix) && k != nil; k, _ = c.Next() {
			if len(k) == len(prefix)+8 && !yield(binary.BigEndian.Uint64(k[len(prefix):])) {
				return
			}
		}
	}
}

// event reads the event with a number.
func (r reader) event(tenant string, log *bbolt.Bucket, n uint64) (*leadmuxv1.Event, error) {
	return r.openEvent(tenant, eventKey(n), log.Get(eventKey(n)))
}

func eventPasses(f idmap.EventFilter, e *leadmuxv1.Event) bool {
	return (f.LeadID == "" || e.GetLeadId() == f.LeadID) && (f.CallID == "" || e.GetCallId() == f.CallID) &&
		(f.ChatID == "" || e.GetChatId() == f.ChatID) && (f.Account == "" || e.GetAccount() == f.Account) &&
		(len(f.Types) == 0 || slices.Contains(f.Types, e.GetType()))
}

package idmap

import (
	"errors"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Errors of reading the event log, to be recognised with errors.Is.
var (
	// ErrCursor says that a text is no place in the log, or lies behind its end: after an older copy of the index was put back,
	// what is still to come would be taken for read.
	ErrCursor = errors.New("not a cursor of the event log")
	// ErrEventsGone says that events after the cursor have been trimmed (TrimTx).
	ErrEventsGone = errors.New("events after the cursor are gone")
)

// EventFilter narrows the reading of the log. Zero fields do not narrow.
type EventFilter struct {
	LeadID, CallID, ChatID, Account string
	Types                           []string // any of these
}

// EventPage is a part of the log.
type EventPage struct {
	Events []*leadmuxv1.Event
	// Last is the place up to which the log was read: every event that passes the filter and does not lie behind it is among
	// Events, or came before the part.
	Last string
	// More says that the log goes on behind Last.
	More bool
}

// EventReader reads the event log. Places sort as texts.
type EventReader interface {
	// Events returns the events after cursor ("" for the first that is kept), in order, at most limit. ErrCursor, ErrEventsGone.
	Events(tenant, after string, limit int) ([]*leadmuxv1.Event, error)
	// ListEvents returns at most limit events that pass filter, after a place. It looks at a bounded number of events. Errors as
	// of Events.
	ListEvents(tenant string, filter EventFilter, after string, limit int) (EventPage, error)
	// EventAt returns the event at a place, or ErrNotFound; ErrErased where it was about an erased person.
	EventAt(tenant, place string) (*leadmuxv1.Event, error)
	// PlaceBefore returns a place behind which every event lies that was received at or after a moment, as long as no clock stepped
	// back by more than an hour.
	PlaceBefore(tenant string, moment time.Time) (string, error)
	// LogBounds returns the places from which on the log can be read: before its first event that is kept, and at its end.
	LogBounds(tenant string) (start, end string, err error)
}

// EventTx changes the event log.
type EventTx interface {
	// AppendEvent stores an event at the end of the tenant's log and sets its cursor. An event with a lead_id needs that
	// lead stored.
	AppendEvent(tenant string, event *leadmuxv1.Event) error
}

// EventLog tells when there are new events. A store that can is one.
type EventLog interface {
	// Appended returns a channel that is closed once an event is durable that was appended to the tenant's log after this call.
	// Ask first and read the log then: nothing can come between.
	Appended(tenant string) <-chan struct{}
}

package service

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

const (
	// defaultHeartbeat is how long a watch is silent at most when the caller does not say.
	defaultHeartbeat = 15 * time.Second
	// watchBatch is how many events a watch reads at once: what it holds in memory, however far it is behind.
	watchBatch = 100
)

// watch is one WatchEvents under way.
type watch struct {
	s         *EventService
	tenant    string
	filter    idmap.EventFilter
	place     string // up to which everything was sent
	heartbeat time.Duration
	stream    grpc.ServerStreamingServer[leadmuxv1.WatchEventsResponse]
}

// run sends what there is, then waits for more.
func (w *watch) run() error {
	beat := time.NewTimer(w.heartbeat)
	defer beat.Stop()
	for first := true; ; first = false {
		appended := w.s.log.Appended(w.tenant) // before the log is read: nothing can come between
		sent, err := w.catchUp()
		if err != nil {
			return w.ended(err)
		}
		if first && !sent { // so that the caller knows that it is listened to, and has a cursor
			if err := w.send(nil); err != nil {
				return w.ended(err)
			}
		}
		if sent {
			beat.Reset(w.heartbeat)
		}
		if err := w.wait(appended, beat); err != nil {
			return w.ended(err)
		}
	}
}

// wait returns when there is something to read. It sends heartbeats meanwhile.
func (w *watch) wait(appended <-chan struct{}, beat *time.Timer) error {
	ctx := w.stream.Context()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-appended:
			return nil
		case <-beat.C:
			if err := w.send(nil); err != nil {
				return err
			}
			beat.Reset(w.heartbeat)
		}
	}
}

// catchUp sends all events that are in the log behind the place, and says whether there were any.
func (w *watch) catchUp() (sent bool, err error) {
	ctx := w.stream.Context()
	for {
		page, err := w.s.read(ctx, w.tenant, w.filter, w.place, watchBatch)
		if err != nil {
			return sent, err
		}
		for _, event := range page.Events {
			if err := w.send(event); err != nil {
				return sent, err
			}
			sent = true
		}
		w.place = page.Last
		if mutant.NaiveCursor {
			if w.place, err = w.s.end(ctx, w.tenant); err != nil {
				return sent, err
			}
		}
		if !page.More {
			return sent, nil
		}
	}
}

// send sends an event, or a heartbeat. The place moves on only behind what was sent.
func (w *watch) send(event *leadmuxv1.Event) error {
	message := &leadmuxv1.WatchEventsResponse{Event: event, Cursor: event.GetCursor()}
	if event == nil {
		message.Cursor = w.cursor()
	}
	if err := w.stream.Send(message); err != nil {
		return err
	}
	if event != nil {
		place, err := w.s.cursors(w.tenant).place(event.GetCursor())
		if err != nil {
			return err
		}
		w.place = place
	}
	return nil
}

func (w *watch) cursor() string {
	return w.s.cursors(w.tenant).cursor(w.place)
}

// ended says from where to go on where the service ends the stream.
func (w *watch) ended(err error) error {
	if gone := status.Code(err); gone == codes.Canceled || gone == codes.Unavailable { // of the sending: the caller went, and the context follows
		return context.Canceled
	}
	if !errors.Is(err, context.Canceled) && w.stream.Context().Err() == nil {
		return err
	}
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SHUTTING_DOWN, "the service is stopping; take up the stream again from the cursor").
		With("cursor", w.cursor())
}

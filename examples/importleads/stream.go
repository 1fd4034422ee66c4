package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// The pause before a broken stream is taken up again.
const (
	pauseMin = 200 * time.Millisecond
	pauseMax = 10 * time.Second
)

// saveEvery is how often the state is written.
const saveEvery = 200 * time.Millisecond

// importer imports one file.
type importer struct {
	options
	client  leadmuxv1.LeadServiceClient
	journal *journal
	screen  *screen
}

// untilDone streams until every lead has its result. A stream that breaks is taken up behind the last result.
func (i *importer) untilDone(ctx context.Context) error {
	pause, lost := pauseMin, time.Time{}
	for {
		before := i.journal.state.Done
		err := i.once(ctx)
		if err == nil || ctx.Err() != nil || !passing(err) {
			return err
		}
		if i.journal.state.Done > before || lost.IsZero() {
			pause, lost = pauseMin, time.Now()
		}
		if time.Since(lost) > i.GiveUp {
			return fmt.Errorf("given up after %s: %w", i.GiveUp, err)
		}
		i.screen.lost(err)
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause = min(2*pause, pauseMax)
	}
}

// passing says whether what broke a stream may be over soon.
func passing(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.ResourceExhausted, codes.Aborted, codes.Internal, codes.DeadlineExceeded, codes.Canceled:
		return true
	default:
		return false
	}
}

// once streams from where the journal stands. One goroutine sends, as fast as the service takes it; this one reads results.
func (i *importer) once(ctx context.Context) error {
	from, err := openRows(i.File, i.journal.state.Done)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := i.client.ImportLeads(i.authorized(ctx))
	if err != nil {
		return errors.Join(err, from.close())
	}
	sent := make(chan error, 1)
	go func() {
		err := errors.Join(i.send(stream, from), from.close())
		if err != nil {
			cancel() // and receive with it
		}
		sent <- err
	}()
	err = i.receive(stream)
	cancel()
	if unread := <-sent; err == nil || status.Code(err) == codes.Canceled && unread != nil {
		err = unread
	}
	return err
}

// send sends the rest of the file. Its error is that of the file; what ends the stream, receive is told.
func (i *importer) send(stream leadmuxv1.LeadService_ImportLeadsClient, from *rows) error {
	for {
		r, err := from.read()
		if errors.Is(err, io.EOF) {
			_ = stream.CloseSend() // a stream that is broken tells receive
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(i.request(r)); err != nil {
			return nil //nolint:nilerr // receive is told why
		}
	}
}

// request is a row as it is sent. One that cannot be read is sent as no lead at all, so that its result has its place among the
// others.
func (i *importer) request(r row) *leadmuxv1.ImportLeadsRequest {
	request := &leadmuxv1.CreateLeadRequest{
		Lead: r.lead, Accounts: i.Accounts, ValidateOnly: i.Check, RequestId: i.Name + "/" + strconv.Itoa(r.number),
	}
	position := strconv.Itoa(r.number)
	if r.err != nil {
		request.Lead, position = nil, position+" "+r.err.Error()
	}
	return &leadmuxv1.ImportLeadsRequest{Request: request, Position: position}
}

// receive takes in the results until the stream ends.
func (i *importer) receive(stream leadmuxv1.LeadService_ImportLeadsClient) error {
	saved := time.Now()
	defer func() { i.screen.show(i.journal.state) }()
	for {
		result, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return i.journal.save()
		}
		if err != nil {
			return errors.Join(err, i.journal.save())
		}
		if err := i.take(result); err != nil {
			return err
		}
		if time.Since(saved) > saveEvery {
			saved = time.Now()
			if err := i.journal.save(); err != nil {
				return err
			}
		}
		i.screen.show(i.journal.state)
	}
}

func (i *importer) take(result *leadmuxv1.ImportLeadsResponse) error {
	number := i.journal.state.Done + 1
	if at, _, _ := strings.Cut(result.GetPosition(), " "); at != strconv.Itoa(number) {
		return fmt.Errorf("the result of row %q came, that of row %d was to come", at, number)
	}
	i.journal.state.Done = number
	if result.GetExisted() {
		i.journal.state.Known++
	}
	if why := result.GetStatus(); why != nil {
		r := refusalOf(number, result.GetRequestId(), why)
		if _, unread, ok := strings.Cut(result.GetPosition(), " "); ok {
			r = refusal{Row: number, Reason: "UNREADABLE", Message: unread}
		}
		return i.journal.refuse(r)
	}
	return nil
}

package service

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/seal"
)

// EventService implements leadmux.v1.EventService.
type EventService struct {
	leadmuxv1.UnsafeEventServiceServer
	cfg   Config
	leads *LeadService
	log   idmap.EventLog
}

var _ leadmuxv1.EventServiceServer = (*EventService)(nil)

// NewEvents makes the service of the event log; log wakes its watchers, and what is claimed is taken in as leads does.
func NewEvents(leads *LeadService, log idmap.EventLog) *EventService {
	return &EventService{cfg: leads.cfg, leads: leads, log: log}
}

// eventQuery is what the two requests have in common.
type eventQuery interface {
	GetLeadId() string
	GetCallId() string
	GetChatId() string
	GetAccount() string
	GetTypes() []string
	GetAfter() string
}

// query is who asks for events, for which, and from which place on.
func (s *EventService) query(ctx context.Context, q eventQuery) (p auth.Principal, filter idmap.EventFilter, after string, err error) {
	if p, err = principal(ctx); err != nil {
		return p, filter, "", err
	}
	if q.GetAccount() != "" {
		if _, refusal := accountOf(s.cfg.Accounts, p, q.GetAccount()); refusal != nil {
			return p, filter, "", refusal
		}
	}
	filter = idmap.EventFilter{
		LeadID: q.GetLeadId(), CallID: q.GetCallId(), ChatID: q.GetChatId(), Account: q.GetAccount(), Types: q.GetTypes(),
	}
	after, err = s.cursors(p.Tenant).place(q.GetAfter())
	return p, filter, after, err
}

// ListEvents returns a page of events.
func (s *EventService) ListEvents(ctx context.Context, request *leadmuxv1.ListEventsRequest) (*leadmuxv1.ListEventsResponse, error) {
	p, filter, after, err := s.query(ctx, request)
	if err != nil {
		return nil, err
	}
	pages := s.cfg.pages(p.Tenant, "ListEvents", request)
	if request.GetPageToken() != "" {
		if after, err = pages.position(request.GetPageToken()); err != nil {
			return nil, err
		}
	}
	page, err := s.read(ctx, p.Tenant, filter, after, pageSize(request.GetPageSize()))
	if err != nil {
		return nil, err
	}
	response := &leadmuxv1.ListEventsResponse{Events: page.Events, Cursor: s.cursors(p.Tenant).cursor(page.Last)}
	if page.More {
		response.NextPageToken = pages.token(page.Last)
	}
	return response, nil
}

// read reads a part of the log; the cursors in it are those that callers get.
func (s *EventService) read(ctx context.Context, tenant string, filter idmap.EventFilter, after string, limit int) (idmap.EventPage, error) {
	var page idmap.EventPage
	var start string
	err := s.cfg.Store.View(ctx, func(r idmap.Reader) (err error) {
		if start, _, err = r.LogBounds(tenant); err == nil {
			page, err = r.ListEvents(tenant, filter, after, limit)
		}
		return err
	})
	switch {
	case errors.Is(err, idmap.ErrEventsGone):
		return page, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_EVENTS_GONE,
			"events after this place are gone; go on from the oldest that is kept, and read anew what you have missed").
			With("cursor", s.cursors(tenant).cursor(start))
	case errors.Is(err, idmap.ErrCursor):
		return page, errNoCursor()
	}
	for _, event := range page.Events {
		show(event, s.cursors(tenant))
	}
	return page, err
}

// show makes an event of the index what callers get.
func show(event *leadmuxv1.Event, cursors cursors) {
	event.Cursor = cursors.cursor(event.GetCursor())
	if event.GetUnattributed() {
		event.Detail = nil // it may be about anybody; the inbox shows it
	}
}

// EventBody makes the JSON of an event of the index as ListEvents answers it, for webhooks.
func EventBody(secret *seal.Secret) func(tenant string, event *leadmuxv1.Event) ([]byte, error) {
	return func(tenant string, event *leadmuxv1.Event) ([]byte, error) {
		shown := proto.CloneOf(event)
		show(shown, cursors{secret, tenant})
		return protojson.Marshal(shown)
	}
}

func errNoCursor() error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_CURSOR_INVALID,
		"after is no cursor of this log as it is now; take one that an event or a heartbeat came with").
		Field("after", "is no cursor of this log")
}

// WatchEvents sends events until the caller goes or the service ends. It holds nothing for a slow reader: what was not sent yet
// is in the log, and is read when its turn comes.
func (s *EventService) WatchEvents(request *leadmuxv1.WatchEventsRequest, stream grpc.ServerStreamingServer[leadmuxv1.WatchEventsResponse]) error {
	p, filter, after, err := s.query(stream.Context(), request)
	if err != nil {
		return err
	}
	if request.GetFromNow() {
		if request.GetAfter() != "" {
			return rpcerr.Invalid("from_now", "begins at the end of the log; give it or after, not both")
		}
		if after, err = s.end(stream.Context(), p.Tenant); err != nil {
			return err
		}
	}
	heartbeat := defaultHeartbeat
	if asked := request.GetHeartbeat(); asked != nil {
		heartbeat = asked.AsDuration()
	}
	w := &watch{s: s, tenant: p.Tenant, filter: filter, place: after, heartbeat: heartbeat, stream: stream}
	return w.run()
}

// end is the place at the end of the log.
func (s *EventService) end(ctx context.Context, tenant string) (end string, err error) {
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		_, end, err = r.LogBounds(tenant)
		return err
	})
	return end, err
}

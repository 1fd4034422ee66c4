package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/subscription"
)

// replayPage is how many events one ReplayDeliveries takes where the caller does not say.
const replayPage = 500

// ListDeliveries returns a page of a subscription's deliveries.
func (s *SubscriptionService) ListDeliveries(ctx context.Context, request *leadmuxv1.ListDeliveriesRequest) (*leadmuxv1.ListDeliveriesResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	pages := s.cfg.pages(p.Tenant, "ListDeliveries", request)
	before, err := pages.position(request.GetPageToken())
	if err != nil {
		return nil, err
	}
	filter := idmap.OutgoingFilter{State: request.GetState(), EventID: request.GetEventId()}
	response := &leadmuxv1.ListDeliveriesResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		if _, err := r.Subscription(p.Tenant, request.GetSubscriptionId()); err != nil {
			return err
		}
		list, next, err := r.ListOutgoing(p.Tenant, request.GetSubscriptionId(), filter, before, pageSize(request.GetPageSize()))
		response.Deliveries, response.NextPageToken = list, pages.token(next)
		return err
	})
	if err != nil {
		return nil, subscriptionNotFound(err)
	}
	for _, d := range response.GetDeliveries() {
		d.EventCursor = cursors{s.cfg.Secret, p.Tenant}.cursor(d.GetEventCursor())
	}
	return response, nil
}

// replay is a ReplayDeliveries under way.
type replay struct {
	s       *SubscriptionService
	tenant  string
	request *leadmuxv1.ReplayDeliveriesRequest
	after   string // the place that the page before came to; "" for the first
	to      idmap.Subscription
}

// ReplayDeliveries puts events in line again.
func (s *SubscriptionService) ReplayDeliveries(ctx context.Context, request *leadmuxv1.ReplayDeliveriesRequest) (*leadmuxv1.ReplayDeliveriesResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	if err := oneOfThree(request); err != nil {
		return nil, err
	}
	pages := s.cfg.pages(p.Tenant, "ReplayDeliveries", &leadmuxv1.ReplayDeliveriesRequest{
		SubscriptionId: request.GetSubscriptionId(), Range: request.GetRange(), ToSubscriptionId: request.GetToSubscriptionId(),
	})
	w := &replay{s: s, tenant: p.Tenant, request: request}
	if w.after, err = pages.position(request.GetPageToken()); err != nil {
		return nil, err
	}
	key, err := s.cfg.requestKey(p.Tenant, "ReplayDeliveries", request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	response := &leadmuxv1.ReplayDeliveriesResponse{}
	err = s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		before, err := key.before(tx, s.cfg.Now())
		if err != nil {
			return err
		}
		events, next, err := w.choose(tx)
		if err != nil {
			return err
		}
		response.Replayed, response.NextPageToken = int32(len(events)), pages.token(next)
		if before != "" {
			return nil
		}
		for _, event := range events {
			if err := subscription.PutInLine(tx, p.Tenant, w.to, event, true, timestamppb.New(s.cfg.Now())); err != nil {
				return err
			}
		}
		return key.put(tx, w.to.Public.GetSubscriptionId(), s.cfg.Now())
	})
	if err != nil {
		return nil, subscriptionNotFound(err)
	}
	s.hooks.Changed(p.Tenant, w.to.Public.GetSubscriptionId())
	return response, nil
}

func oneOfThree(request *leadmuxv1.ReplayDeliveriesRequest) error {
	given := 0
	for _, is := range []bool{len(request.GetDeliveryIds()) > 0, len(request.GetEventIds()) > 0, request.GetRange() != nil} {
		if is {
			given++
		}
	}
	if given == 1 {
		return nil
	}
	const rule = "give exactly one of delivery_ids, event_ids and range"
	return rpcerr.Invalid("delivery_ids", rule).Field("event_ids", rule).Field("range", rule)
}

// choose finds the events of this call, and the place that the next one goes on from.
func (w *replay) choose(r idmap.Reader) (events []*leadmuxv1.Event, next string, err error) {
	id := w.request.GetSubscriptionId()
	if w.to, err = r.Subscription(w.tenant, id); err != nil {
		return nil, "", err
	}
	if other := w.request.GetToSubscriptionId(); other != "" {
		if w.to, err = r.Subscription(w.tenant, other); err != nil {
			return nil, "", err
		}
	}
	if w.request.GetRange() != nil {
		return w.part(r)
	}
	for i, deliveryID := range w.request.GetDeliveryIds() {
		d, err := r.Outgoing(w.tenant, id, deliveryID)
		if events, err = w.add(r, events, d, err, "delivery_ids", i); err != nil {
			return nil, "", err
		}
	}
	for i, eventID := range w.request.GetEventIds() {
		var d *leadmuxv1.WebhookDelivery
		list, _, err := r.ListOutgoing(w.tenant, id, idmap.OutgoingFilter{EventID: eventID}, "", 1)
		if err == nil && len(list) == 0 {
			err = idmap.ErrNotFound
		} else if err == nil {
			d = list[0]
		}
		if events, err = w.add(r, events, d, err, "event_ids", i); err != nil {
			return nil, "", err
		}
	}
	return events, "", nil
}

// add reads the event of a delivery that item i of a field names.
func (w *replay) add(r idmap.Reader, events []*leadmuxv1.Event, d *leadmuxv1.WebhookDelivery, err error, field string, i int) ([]*leadmuxv1.Event, error) {
	at := fmt.Sprintf("%s[%d]", field, i)
	if errors.Is(err, idmap.ErrNotFound) {
		return nil, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_DELIVERY_NOT_FOUND, "the subscription has no such delivery").
			Field(at, "names no delivery of the subscription; replay a range for events that never were in line")
	}
	if err != nil {
		return nil, err
	}
	event, err := r.EventAt(w.tenant, d.GetEventCursor())
	if errors.Is(err, idmap.ErrNotFound) {
		return nil, eventsGone().Field(at, "names an event that is gone: its person was erased, or it was kept long enough")
	}
	return append(events, event), err
}

// part reads the next page of a range.
func (w *replay) part(r idmap.Reader) (events []*leadmuxv1.Event, next string, err error) {
	asked := w.request.GetRange()
	bounds := bounds{from: moment(asked.GetFromTime()), to: moment(asked.GetToTime())}
	if asked.GetUntil() != "" {
		if bounds.until, err = w.s.place(r, w.tenant, "range.until", asked.GetUntil()); err != nil {
			return nil, "", err
		}
	}
	place := w.after
	if place == "" {
		if place, err = w.first(r, asked); err != nil {
			return nil, "", err
		}
	}
	page, err := r.ListEvents(w.tenant, subscription.FilterOf(w.to), place, cmp.Or(int(w.request.GetPageSize()), replayPage))
	if errors.Is(err, idmap.ErrEventsGone) {
		err = eventsGone()
	}
	if err != nil {
		return nil, "", err
	}
	for _, event := range page.Events {
		if bounds.behind(event) {
			return events, "", nil
		}
		if subscription.Passes(w.to, event) && bounds.within(event) {
			events = append(events, event)
		}
	}
	if !page.More || bounds.until != "" && page.Last >= bounds.until {
		return events, "", nil
	}
	return events, page.Last, nil
}

// bounds of a range. Zero fields do not bound.
type bounds struct {
	until    string
	from, to time.Time
}

// behind says whether the range ends before an event, and so before all that follow.
func (b bounds) behind(event *leadmuxv1.Event) bool {
	return b.until != "" && event.GetCursor() > b.until || !b.to.IsZero() && event.GetReceiveTime().AsTime().After(b.to.Add(clockSlack))
}

// within says whether an event that is not behind the range was received in it.
func (b bounds) within(event *leadmuxv1.Event) bool {
	received := event.GetReceiveTime().AsTime()
	return !received.Before(b.from) && (b.to.IsZero() || received.Before(b.to))
}

// clockSlack is how far behind the end of a range an event is looked for that was received before it: clocks step back.
const clockSlack = time.Hour

// first is the place behind which a range begins.
func (w *replay) first(r idmap.Reader, asked *leadmuxv1.ReplayRange) (string, error) {
	switch {
	case asked.GetAfter() != "":
		return w.s.place(r, w.tenant, "range.after", asked.GetAfter())
	case asked.GetFromTime() != nil:
		return r.PlaceBefore(w.tenant, asked.GetFromTime().AsTime())
	}
	start, _, err := r.LogBounds(w.tenant)
	return start, err
}

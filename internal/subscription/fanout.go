package subscription

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/typeid"
)

const (
	// batch is how many events one transaction puts in line.
	batch = 100
	// window is how many deliveries of one subscription wait in line at most; further events wait in the log, where they cost nothing.
	window = 10_000
)

// part is some of the log behind a place, for one subscription.
type part struct {
	idmap.EventPage
	missed bool // what came before it is gone
	full   bool // the line is, and nothing was read
}

// fanOut puts the next events that pass the subscription's filters in line, and says whether the log goes on behind them.
func (e *endpoint) fanOut(ctx context.Context, sub idmap.Subscription) (more bool, err error) {
	p, err := e.read(ctx, sub)
	if err != nil || p.full {
		return false, err
	}
	now := e.h.cfg.Now()
	if len(p.Events) == 0 && !p.missed && (p.Last == e.kept || now.Sub(e.stored) < idle) {
		e.place = p.Last // to read it again after a crash does no harm
		return p.More, nil
	}
	err = e.h.cfg.Store.Update(ctx, func(tx idmap.Tx) error { return e.putAll(tx, sub, p, now) })
	if errors.Is(err, errChanged) {
		return true, nil
	}
	if err == nil {
		e.stored, e.kept, e.place = now, p.Last, p.Last
	}
	if mutant.PassOverWebhookBacklog {
		e.place = ""
	}
	return p.More, err
}

// putAll puts the events of a part in line and moves the place, in one transaction.
func (e *endpoint) putAll(tx idmap.Tx, sub idmap.Subscription, p part, now time.Time) error {
	progress, err := e.unchanged(tx, sub)
	if err != nil {
		return err
	}
	for _, event := range p.Events {
		if err := PutInLine(tx, e.tenant, sub, event, false, timestamppb.New(now)); err != nil {
			return err
		}
	}
	progress.Place = p.Last
	if p.missed {
		progress.MissedTime = now
	}
	if mutant.PassOverWebhookBacklog {
		if _, progress.Place, err = tx.LogBounds(e.tenant); err != nil {
			return err
		}
	}
	return tx.PutProgress(e.tenant, e.id, progress)
}

// errChanged says that a subscription or delivery is not any more what was decided by.
var errChanged = errors.New("it has changed meanwhile")

// unchanged returns how far the subscription is, if it is what it was.
func (e *endpoint) unchanged(r idmap.Reader, sub idmap.Subscription) (idmap.Progress, error) {
	now, err := r.Subscription(e.tenant, e.id)
	if errors.Is(err, idmap.ErrNotFound) || err == nil && now.Public.GetEtag() != sub.Public.GetEtag() {
		return idmap.Progress{}, errChanged
	}
	if err != nil {
		return idmap.Progress{}, err
	}
	return r.Progress(e.tenant, e.id)
}

// read reads the log behind the place, from its oldest event on where that is gone.
func (e *endpoint) read(ctx context.Context, sub idmap.Subscription) (p part, err error) {
	err = e.h.cfg.Store.View(ctx, func(r idmap.Reader) error {
		p = part{}
		line, err := r.OutgoingLine(e.tenant, e.id)
		if err != nil || line.Pending >= window {
			p.full = true
			return err
		}
		place := e.place
		if place == "" {
			progress, err := r.Progress(e.tenant, e.id)
			if err != nil {
				return err
			}
			place, e.kept = progress.Place, progress.Place
		}
		if p.EventPage, err = r.ListEvents(e.tenant, FilterOf(sub), place, batch); errors.Is(err, idmap.ErrEventsGone) {
			p.missed = true
			p.EventPage, err = r.ListEvents(e.tenant, FilterOf(sub), "", batch)
		}
		p.Events = slices.DeleteFunc(p.Events, func(event *leadmuxv1.Event) bool { return !Passes(sub, event) })
		return err
	})
	return p, err
}

// FilterOf is the part of a subscription's filters that the index knows; Passes is the rest.
func FilterOf(sub idmap.Subscription) idmap.EventFilter {
	return idmap.EventFilter{LeadID: sub.Public.GetLeadId(), Types: sub.Public.GetTypes()}
}

// Passes says whether an event that came through FilterOf is for the subscription.
func Passes(sub idmap.Subscription, event *leadmuxv1.Event) bool {
	accounts := sub.Public.GetAccounts()
	return len(accounts) == 0 || slices.Contains(accounts, event.GetAccount())
}

// PutInLine makes a delivery of an event. Where the order is kept and another about the same subject waits, it waits behind that.
func PutInLine(tx idmap.Tx, tenant string, sub idmap.Subscription, event *leadmuxv1.Event, replay bool, now *timestamppb.Timestamp) error {
	d := &leadmuxv1.WebhookDelivery{
		DeliveryId: typeid.New(typeid.Delivery), SubscriptionId: sub.Public.GetSubscriptionId(), EventId: event.GetEventId(),
		EventType: event.GetType(), EventCursor: event.GetCursor(), Subject: subjectOf(event), Replay: replay,
		State:      leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_PENDING,
		CreateTime: now, UpdateTime: now, NextAttemptTime: now,
	}
	if sub.Public.GetOrdered() && d.GetSubject() != "" {
		switch _, err := tx.FirstOutgoing(tenant, d.GetSubscriptionId(), d.GetSubject()); {
		case err == nil:
			d.NextAttemptTime = nil
		case !errors.Is(err, idmap.ErrNotFound):
			return err
		}
	}
	return tx.PutOutgoing(tenant, d)
}

func subjectOf(event *leadmuxv1.Event) string {
	for _, id := range []string{event.GetLeadId(), event.GetCallId(), event.GetChatId()} {
		if id != "" {
			return id
		}
	}
	return ""
}

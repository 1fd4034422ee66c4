package service

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

const (
	// sameFor is how long a happening without an ID of the vendor's is known again: the same short answer a day later is a new one.
	sameFor = 24 * time.Hour
	// ahead is how far in the future a vendor may date what it tells; beyond, the time of receipt stands in.
	ahead = 2 * time.Minute
)

// Receive takes in what a vendor sent and proved to have sent: it is durable, in order and merged when Receive returns nil. Sent again, it
// changes nothing.
func (s *LeadService) Receive(ctx context.Context, account *adapters.Account, kind string, raw []byte, events []adapters.VendorEvent) error {
	if err := s.awaitSent(ctx, account, events); err != nil {
		return err
	}
	var took *receipt
	err := s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		took = &receipt{s: s, tx: tx, account: account, kind: kind, raw: raw, now: s.cfg.Now()}
		return took.all(events)
	})
	if err != nil {
		return err
	}
	took.countDrift()
	s.cfg.Dispatcher.Go(account.Tenant, took.ops)
	for _, leadID := range took.changed {
		s.cfg.Dispatcher.Changed(leadID)
	}
	if took.poll {
		s.cfg.Poll(account.Name)
	}
	return nil
}

// receipt is one delivery on its way into the index.
type receipt struct {
	s       *LeadService
	tx      idmap.Tx
	account *adapters.Account
	kind    string
	raw     []byte
	now     time.Time

	first   string   // the first event that was stored; the delivery is kept under it
	owner   string   // the lead under whose data key the delivery is sealed
	waiting bool     // something of it could be tied to nothing
	drift   int      // words for a state that mean nothing to us
	unknown []string // other parts that do
	poll    bool     // the vendor has more to tell
	ops     []*leadmuxv1.Operation
	changed []string // leads that the delivery is not about, and changed
}

// all takes in every event of the delivery and keeps the delivery itself.
func (r *receipt) all(events []adapters.VendorEvent) error {
	for _, said := range events {
		known, err := r.seen(said)
		if err == nil && !known {
			known, err = r.echo(said)
		}
		if err != nil {
			return err
		}
		if known {
			continue
		}
		if err := r.one(said); err != nil {
			return err
		}
	}
	if r.first == "" {
		return nil
	}
	return r.tx.PutDelivery(r.account.Tenant, r.owner, idmap.Delivery{
		EventID: r.first, Account: r.account.Name, Kind: r.kind, ReceiveTime: r.now, Raw: r.raw, Waiting: r.waiting,
	})
}

// countDrift counts what of the delivery meant nothing to us, once it is stored.
func (r *receipt) countDrift() {
	for range r.drift {
		r.s.cfg.Drift(r.account.Vendor, "status")
	}
	for _, part := range r.unknown {
		r.s.cfg.Drift(r.account.Vendor, part)
	}
}

// seen claims an event, and says whether it was there before.
func (r *receipt) seen(said adapters.VendorEvent) (bool, error) {
	keep := sameFor
	if said.Lasting {
		keep = r.s.cfg.KeepRequestIDs
	}
	claim := idmap.Request{Fingerprint: []byte{1}, ExpireTime: r.now.Add(keep)}
	err := r.tx.PutRequest(r.account.Tenant, "webhook/"+r.account.Name, said.Key, claim, r.now)
	if errors.Is(err, idmap.ErrClaimed) {
		return true, nil
	}
	return false, err
}

// one takes in one event: it finds what it is about, merges it, and puts it into the log.
func (r *receipt) one(said adapters.VendorEvent) error {
	r.poll = r.poll || said.Poll
	if said.UnknownStatus {
		r.drift++
	}
	if said.Unrecognised != "" {
		r.unknown = append(r.unknown, said.Unrecognised)
	}
	event := r.event(said)
	if said.Session != nil {
		return r.session(said, event, "")
	}
	lead, err := r.subject(said, event)
	switch {
	case errors.Is(err, idmap.ErrErased):
		return nil // nothing may bring back a lead that was erased, not even a line in the log
	case errors.Is(err, errStranger) && said.Poll:
		return r.append(event) // asking the vendor tells who it is
	case errors.Is(err, errStranger):
		return r.park(event)
	case err != nil:
		return err
	}
	return r.merge(lead, said, event)
}

// event is what is put into the log, without what it is about.
func (r *receipt) event(said adapters.VendorEvent) *leadmuxv1.Event {
	event := proto.CloneOf(said.Event)
	event.EventId, event.ReceiveTime = typeid.New(typeid.Event), timestamppb.New(r.now)
	event.Account, event.Vendor = r.account.Name, r.account.Vendor
	if event.GetVendorTime() != nil && event.GetVendorTime().AsTime().After(r.now.Add(ahead)) {
		event.VendorTime, event.VendorTimeCapped = timestamppb.New(r.now), true
	}
	return event
}

// append puts an event into the log.
func (r *receipt) append(event *leadmuxv1.Event) error {
	if r.first == "" {
		r.first = event.GetEventId()
	}
	if r.owner == "" {
		r.owner = event.GetLeadId()
	}
	event.DeliveryId = r.first
	return r.tx.AppendEvent(r.account.Tenant, event)
}

// park puts an event that is about nothing we know into the log without what it says of a person: that stays in the delivery, sealed,
// until somebody claims it.
func (r *receipt) park(event *leadmuxv1.Event) error {
	event.Unattributed, event.Detail = true, nil
	r.waiting = true
	return r.append(event)
}

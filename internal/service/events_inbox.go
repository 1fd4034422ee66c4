package service

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// ListUnattributedEvents returns what could be tied to nothing and waits to be claimed, read from the deliveries as they came.
func (s *EventService) ListUnattributedEvents(ctx context.Context, request *leadmuxv1.ListUnattributedEventsRequest) (*leadmuxv1.ListUnattributedEventsResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	if request.GetAccount() != "" {
		if _, refusal := accountOf(s.cfg.Accounts, p, request.GetAccount()); refusal != nil {
			return nil, refusal
		}
	}
	pages := s.cfg.pages(p.Tenant, "ListUnattributedEvents", request)
	after, err := pages.position(request.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(request.GetPageSize())
	response := &leadmuxv1.ListUnattributedEventsResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		response.Reset()
		waiting, err := r.Waiting(p.Tenant, after, size)
		if err != nil {
			return err
		}
		for _, d := range waiting {
			if request.GetAccount() != "" && d.Account != request.GetAccount() {
				continue
			}
			s.show(p.Tenant, d, response)
		}
		if len(waiting) == size {
			response.NextPageToken = pages.token(waiting[size-1].EventID)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// show adds a delivery to a page, with the events in it.
func (s *EventService) show(tenant string, d idmap.Delivery, page *leadmuxv1.ListUnattributedEventsResponse) {
	shown := &leadmuxv1.UnattributedDelivery{DeliveryId: d.EventID, Account: d.Account, Kind: d.Kind, Raw: d.Raw}
	account, said := s.cfg.reread(tenant, d)
	for _, one := range said {
		event := proto.CloneOf(one.Event)
		event.EventId, event.DeliveryId, event.Unattributed = d.EventID, d.EventID, true
		event.Account, event.Vendor, event.ReceiveTime = d.Account, account.Vendor, timestamppb.New(d.ReceiveTime)
		page.Events = append(page.Events, event)
		shown.VendorLeadId, shown.VendorCallId, shown.VendorChatId = one.VendorLeadID, one.VendorCallID, one.VendorChatID
		shown.Person = one.Lead
	}
	page.Deliveries = append(page.Deliveries, shown)
}

// ClaimEvent ties a delivery that waits to a lead, and takes in what it tells as if it had come now.
func (s *EventService) ClaimEvent(ctx context.Context, request *leadmuxv1.ClaimEventRequest) (*leadmuxv1.ClaimEventResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	key, err := s.leads.requestKey(p.Tenant, "ClaimEvent", request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	var c *claim
	err = s.cfg.Store.Update(ctx, func(tx idmap.Tx) (err error) {
		c = &claim{s: s, tx: tx, tenant: p.Tenant, receipt: &receipt{s: s.leads, tx: tx, now: s.cfg.Now()}}
		if c.lead, err = tx.Lead(p.Tenant, request.GetLeadId()); err != nil {
			return leadNotFound(err)
		}
		twin, err := key.before(tx, s.cfg.Now())
		if err != nil || twin != "" {
			return err
		}
		if err := c.claim(request.GetEventId()); err != nil {
			return err
		}
		return key.put(tx, request.GetLeadId(), s.cfg.Now())
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Dispatcher.Go(p.Tenant, c.ops)
	if c.event != nil {
		c.event.Cursor = s.cursors(p.Tenant).cursor(c.event.GetCursor())
	}
	return &leadmuxv1.ClaimEventResponse{Event: c.event, Lead: c.lead}, nil
}

// reread reads a delivery again; nothing when its account is no longer configured, or not for such.
func (c Config) reread(tenant string, d idmap.Delivery) (*adapters.Account, []adapters.VendorEvent) {
	account, ok := c.Accounts.Get(tenant, d.Account)
	if !ok {
		return &adapters.Account{Name: d.Account}, nil
	}
	reader, ok := account.Adapter.(adapters.WebhookReader)
	if !ok {
		return account, nil
	}
	hook, ok := reader.Webhook(d.Kind)
	if !ok {
		return account, nil
	}
	return account, hook.Read(d.Raw)
}

// claim is a ClaimEvent on its way into the index.
type claim struct {
	*receipt
	s      *EventService
	tx     idmap.Tx
	tenant string
	lead   *leadmuxv1.Lead
	event  *leadmuxv1.Event // the first that was put into the lead's story
}

func (c *claim) claim(eventID string) error {
	d, err := c.tx.Delivery(c.tenant, eventID)
	if errors.Is(err, idmap.ErrNotFound) || err == nil && !d.Waiting {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_EVENT_NOT_FOUND, "no such event waits to be claimed").
			Field("event_id", "is not the delivery_id of an event that waits")
	}
	if err != nil {
		return err
	}
	account, said := c.s.cfg.reread(c.tenant, d)
	if account.Adapter == nil {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_ACCOUNT_NOT_FOUND, "the account %s is no longer configured", d.Account)
	}
	c.account, c.kind, c.raw, c.first, c.owner = account, d.Kind, d.Raw, d.EventID, c.lead.GetLeadId()
	d.Waiting = false // before it is taken in: its chat takes in whatever else waits for the person
	if err := c.tx.PutDelivery(c.tenant, c.lead.GetLeadId(), d); err != nil {
		return err
	}
	for _, one := range said {
		if err := c.take(one); err != nil {
			return err
		}
	}
	c.lead, err = c.tx.Lead(c.tenant, c.lead.GetLeadId())
	return err
}

// take takes in one event of the delivery, unless it is another lead's by now.
func (c *claim) take(said adapters.VendorEvent) error {
	if person := personIn(said); person != "" {
		ref := idmap.VendorRef{Account: c.account.Name, Kind: idmap.KindLead, VendorID: person}
		owner, err := c.tx.Owner(c.tenant, ref)
		switch {
		case errors.Is(err, idmap.ErrNotFound):
			err = c.tie(person)
		case err == nil && owner != c.lead.GetLeadId():
			return vendorIDTaken(c.tx, c.tenant, ref)
		}
		if err != nil {
			return err
		}
	}
	event := c.receipt.event(said)
	if err := c.merged(said, event); err != nil {
		return err
	}
	if c.event == nil {
		c.event = event
	}
	return nil
}

// merged takes over what the event says of the lead, or of a call or chat of the lead's.
func (c *claim) merged(said adapters.VendorEvent, event *leadmuxv1.Event) error {
	if said.Session == nil {
		return c.merge(c.lead, said, event)
	}
	if err := c.session(said, event, c.lead.GetLeadId()); err != nil {
		return err
	}
	if event.GetLeadId() != c.lead.GetLeadId() {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ID_TAKEN, "the call or chat belongs to another lead").
			With("lead_id", event.GetLeadId()).Field("lead_id", "is not the lead of the call or chat that the event is about")
	}
	return nil
}

// tie makes a vendor's ID the lead's: that of its engagement, where none runs or its ID is pending; else one that its events are told
// by, and nothing more.
func (c *claim) tie(vendorLeadID string) error {
	t := tie{tenant: c.tenant, lead: c.lead, account: c.account, e: delivery.Engagement(c.lead, c.account.Name)}
	pending := t.e.GetState() == leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE && t.e.GetVendorLeadId() == ""
	if t.e.GetState() == leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT || delivery.Open(t.e) && !pending {
		ref := idmap.VendorRef{Account: c.account.Name, Kind: idmap.KindLead, VendorID: vendorLeadID}
		return c.tx.Bind(c.tenant, ref, c.lead.GetLeadId())
	}
	if err := c.s.leads.link(c.tx, t, vendorLeadID); err != nil {
		return err
	}
	delivery.Touch(c.lead, c.s.cfg.Now())
	return c.tx.PutLead(c.tenant, c.lead)
}

package service

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// defaultWait is how long a call waits for the vendors when it does not say.
const defaultWait = 5 * time.Second

// creation is one CreateLead on its way.
type creation struct {
	tenant   string
	request  *leadmuxv1.CreateLeadRequest
	lead     *leadmuxv1.Lead // normalised, without ID
	accounts []*adapters.Account
	key      requestKey
	priority leadmuxv1.Priority // unset: INTERACTIVE
	lot      delivery.Lot       // of a batch
}

// accepted is what a transaction made durable: the lead to answer with, and the operations to hand to the delivery.
type accepted struct {
	leadID  string
	ops     []*leadmuxv1.Operation
	existed bool // the lead was there before
}

// CreateLead accepts a lead, makes it durable, and gives it to the accounts.
func (s *LeadService) CreateLead(ctx context.Context, request *leadmuxv1.CreateLeadRequest) (*leadmuxv1.CreateLeadResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.prepare(p, request)
	if err != nil {
		return nil, err
	}
	if request.GetValidateOnly() {
		return s.preview(ctx, c)
	}
	leadID, err := s.repeated(ctx, c.key)
	if err != nil {
		return nil, err
	}
	if leadID == "" {
		if leadID, err = s.accept(ctx, c); err != nil {
			return nil, err
		}
	}
	lead, err := s.cfg.Dispatcher.Wait(ctx, c.tenant, leadID, waitOf(request.GetWait()))
	if err != nil {
		return nil, leadNotFound(err)
	}
	return &leadmuxv1.CreateLeadResponse{Lead: lead}, nil
}

// prepare checks and normalises everything that needs no index.
func (s *LeadService) prepare(p auth.Principal, request *leadmuxv1.CreateLeadRequest) (*creation, error) {
	lead, err := s.normalise(request.GetLead())
	if err != nil {
		return nil, err
	}
	if err := contactable(lead); err != nil {
		return nil, err
	}
	accounts, err := s.pickAccounts(p, request.GetAccounts())
	if err != nil {
		return nil, err
	}
	if err := s.allCan(p, delivery.CreateLead, accounts); err != nil {
		return nil, err
	}
	if err := checkOptions(request.GetVendorOptions(), accounts); err != nil {
		return nil, err
	}
	meaning := proto.CloneOf(request)
	meaning.Lead = lead
	key, err := s.requestKey(p.Tenant, delivery.CreateLead, request.GetRequestId(), meaning)
	return &creation{tenant: p.Tenant, request: request, lead: lead, accounts: accounts, key: key}, err
}

// accept stores lead, operations, events and the request key in one transaction, and sends what could be marked started.
func (s *LeadService) accept(ctx context.Context, c *creation) (string, error) {
	slots, err := s.reserve(ctx, c)
	if err != nil {
		return "", err
	}
	var made accepted
	err = s.cfg.Store.Update(ctx, func(tx idmap.Tx) (err error) {
		made, err = s.acceptIn(tx, c, slots)
		return err
	})
	if err != nil {
		return "", err
	}
	s.cfg.Dispatcher.Go(c.tenant, made.ops)
	return made.leadID, nil
}

// reserve takes rate slots for a lead that will most likely be sent. A slot taken in vain is lost to the leads that wait, so a
// known person takes none; the transaction looks again.
func (s *LeadService) reserve(ctx context.Context, c *creation) (delivery.Slots, error) {
	var existing string
	err := s.cfg.Store.View(ctx, func(r idmap.Reader) (err error) {
		existing, err = s.duplicate(r, c)
		return err
	})
	if err != nil || existing != "" {
		return nil, err
	}
	return s.cfg.Dispatcher.Reserve(ctx, c.accounts, leadmuxv1.Priority_PRIORITY_INTERACTIVE)
}

// acceptIn is accept within a transaction. A twin of the request that was faster, and a duplicate, are answered with their
// lead.
func (s *LeadService) acceptIn(tx idmap.Tx, c *creation, slots delivery.Slots) (accepted, error) {
	twin, err := c.key.before(tx, s.cfg.Now())
	if err != nil || twin != "" {
		return accepted{leadID: twin, existed: true}, err
	}
	existing, err := s.duplicate(tx, c)
	if err != nil {
		return accepted{}, err
	}
	if existing != "" {
		return accepted{leadID: existing, existed: true}, c.key.put(tx, existing, s.cfg.Now())
	}
	lead := proto.CloneOf(c.lead)
	lead.LeadId = typeid.New(typeid.Lead)
	lead.CreateTime = timestamppb.New(s.cfg.Now())
	write := delivery.Write{Method: delivery.CreateLead, Priority: c.priority, Lot: c.lot, Options: c.request.GetVendorOptions()}
	ops, err := s.cfg.Dispatcher.Accept(tx, c.tenant, lead, c.accounts, write, slots)
	if err != nil {
		return accepted{}, err
	}
	if err := c.key.put(tx, lead.GetLeadId(), s.cfg.Now()); err != nil {
		return accepted{}, err
	}
	return accepted{leadID: lead.GetLeadId(), ops: ops}, tx.AppendEvent(c.tenant, s.cfg.Dispatcher.NewEvent("lead.created", lead))
}

func waitOf(wait *durationpb.Duration) time.Duration {
	if wait == nil {
		return defaultWait
	}
	return wait.AsDuration()
}

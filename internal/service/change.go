package service

import (
	"cmp"
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// change is a write to a stored lead that vendors are told of: UpdateLead, EngageLead, and ending, stopping or deferring.
type change struct {
	tenant       string
	leadID       string
	key          requestKey
	write        delivery.Write
	wait         time.Duration
	validateOnly bool
	// edit checks the lead and changes it in place, and returns the accounts to tell. It has no other effect. With no account
	// and no change of the lead, nothing is written.
	edit func(r idmap.Reader, lead *leadmuxv1.Lead) ([]*adapters.Account, error)
	// updates says that what the caller knows of the person changes: an event records it.
	updates bool
}

// apply makes the change durable, hands its operations to the delivery and waits for them.
func (s *LeadService) apply(ctx context.Context, c change) (*leadmuxv1.Lead, []*leadmuxv1.VendorRequest, error) {
	if c.validateOnly {
		return s.previewChange(ctx, c)
	}
	done, err := s.repeated(ctx, c.key)
	if err != nil {
		return nil, nil, err
	}
	if done == "" {
		if err := s.applyNow(ctx, c); err != nil {
			return nil, nil, err
		}
	}
	lead, err := s.cfg.Dispatcher.Wait(ctx, c.tenant, c.leadID, c.wait)
	return lead, nil, leadNotFound(err)
}

func (s *LeadService) applyNow(ctx context.Context, c change) error {
	slots, err := s.slotsFor(ctx, c)
	if err != nil {
		return err
	}
	var ops []*leadmuxv1.Operation
	err = s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		ops = nil
		twin, err := c.key.before(tx, s.cfg.Now())
		if err != nil || twin != "" {
			return err
		}
		before, lead, accounts, err := c.edited(tx)
		if err != nil {
			return err
		}
		changed := !proto.Equal(before, lead)
		if len(accounts) > 0 || changed {
			if ops, err = s.cfg.Dispatcher.Accept(tx, c.tenant, lead, accounts, c.write, slots); err != nil {
				return keyTaken(tx, c.tenant, lead, err)
			}
		}
		if changed {
			if err := s.record(tx, c, before, lead); err != nil {
				return err
			}
		}
		return c.key.put(tx, c.leadID, s.cfg.Now())
	})
	if err != nil {
		return err
	}
	s.cfg.Dispatcher.Go(c.tenant, ops)
	return nil
}

// slotsFor takes rate slots where the change would be sent at once: where no other operation of the lead is open. What it reads
// may have changed by the time of the transaction, which decides.
func (s *LeadService) slotsFor(ctx context.Context, c change) (delivery.Slots, error) {
	var free []*adapters.Account
	err := s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		free = nil
		_, _, accounts, err := c.edited(r)
		if err != nil {
			return err
		}
		for _, account := range accounts {
			open, err := r.OpenOperations(c.tenant, c.leadID, account.Name)
			if err != nil {
				return err
			}
			if len(open) == 0 {
				free = append(free, account)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.cfg.Dispatcher.Reserve(ctx, free, cmp.Or(c.write.Priority, leadmuxv1.Priority_PRIORITY_INTERACTIVE))
}

func (c change) edited(r idmap.Reader) (before, lead *leadmuxv1.Lead, accounts []*adapters.Account, err error) {
	before, err = r.Lead(c.tenant, c.leadID)
	if err != nil {
		return nil, nil, nil, leadNotFound(err)
	}
	lead = proto.CloneOf(before)
	accounts, err = c.edit(r, lead)
	return before, lead, accounts, err
}

func (s *LeadService) record(tx idmap.Tx, c change, before, lead *leadmuxv1.Lead) error {
	if !c.updates {
		return nil
	}
	return tx.AppendEvent(c.tenant, s.updated(before, lead))
}

// previewChange shows what apply would do: the same checks, the requests as they would leave, nothing stored or sent.
func (s *LeadService) previewChange(ctx context.Context, c change) (lead *leadmuxv1.Lead, requests []*leadmuxv1.VendorRequest, err error) {
	var accounts []*adapters.Account
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		_, lead, accounts, err = c.edited(r)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for _, account := range accounts {
		kept, err := s.previewKept(ctx, c.tenant, lead, account)
		if err != nil {
			return nil, nil, err
		}
		if kept != nil { // nothing would be sent
			if c.write.Method == delivery.CreateLead {
				proto.Merge(delivery.OpenEngagement(lead, account, s.cfg.Now()), kept)
			}
			continue
		}
		if c.write.Method == delivery.CreateLead {
			e := delivery.OpenEngagement(lead, account, s.cfg.Now())
			e.State = leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUEUED
		}
		in := adapters.LeadInput{Lead: lead, Engagement: delivery.Engagement(lead, account.Name), Options: c.write.Options, Reason: c.write.Reason}
		_, shown, err := previewAt(account, c.write.Method, in)
		if err != nil {
			return nil, nil, err
		}
		requests = append(requests, shown...)
	}
	return lead, requests, nil
}

// keyTaken names the lead that has the external ID already.
func keyTaken(r idmap.Reader, tenant string, lead *leadmuxv1.Lead, err error) error {
	if !errors.Is(err, idmap.ErrKeyTaken) {
		return err
	}
	other, findErr := newest(r, tenant, idmap.LeadKey{Kind: idmap.KeyExternalID, Value: lead.GetExternalId()})
	if findErr != nil {
		return findErr
	}
	return leadExists(other, "external_id")
}

// warn adds a warning unless the engagement has it already.
func warn(e *leadmuxv1.Engagement, code leadmuxv1.WarningCode, message string) {
	delivery.Warn(e, &leadmuxv1.Warning{Code: rpcerr.WarningName(code), Message: message})
}

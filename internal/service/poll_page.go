package service

import (
	"context"
	"errors"
	"slices"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// polled is one page of a vendor's list on its way into the index.
type polled struct {
	*intake
	list  string
	leads bool // whoever is on the list is a lead
	found []adapters.VendorLead
	news  []adapters.VendorLead // those that the index does not know as they are, the earliest change first
	mark  *idmap.Mark           // stored with them; nil for none
}

// newest is the vendor's time of the last change on the page. A time in the future is no mark to go by.
func (p *polled) newest() (newest time.Time) {
	for _, record := range p.found {
		if record.UpdateTime.After(newest) {
			newest = record.UpdateTime
		}
	}
	if limit := p.asked.Add(ahead); newest.After(limit) {
		return limit
	}
	return newest
}

// look finds the news: most pages have none, and cost no change of the index.
func (p *polled) look(r idmap.Reader) error {
	p.news = nil
	for _, record := range p.found {
		is, err := p.isNews(r, record)
		if err != nil {
			return err
		}
		if is {
			p.news = append(p.news, record)
		}
	}
	slices.SortStableFunc(p.news, func(a, b adapters.VendorLead) int { return a.UpdateTime.Compare(b.UpdateTime) })
	return nil
}

func (p *polled) isNews(r idmap.Reader, record adapters.VendorLead) (bool, error) {
	lead, err := p.known(r, record)
	switch {
	case errors.Is(err, idmap.ErrErased):
		return false, nil
	case errors.Is(err, errStranger) && p.leads:
		return true, nil
	case errors.Is(err, errStranger):
		return p.isNewChat(r, record)
	case err != nil:
		return false, err
	}
	e := delivery.Engagement(lead, p.account.Name)
	if e.GetVendorLeadId() != record.VendorLeadID { // its creation is under way, or it is of an engagement before this one
		_, err := r.Owner(p.tenant, p.ref(record))
		if errors.Is(err, idmap.ErrNotFound) {
			return true, nil
		}
		return false, err
	}
	if record.UpdateTime.IsZero() {
		return e.GetVendorStatus() != record.VendorStatus, nil
	}
	return newer(e, record.UpdateTime), nil
}

// known is the lead that a record is; errStranger when it is none of ours.
func (p *polled) known(r idmap.Reader, record adapters.VendorLead) (*leadmuxv1.Lead, error) {
	id, err := r.Owner(p.tenant, p.ref(record))
	if err == nil {
		return r.Lead(p.tenant, id)
	}
	if !errors.Is(err, idmap.ErrNotFound) {
		return nil, err
	}
	if record.LeadID == "" {
		return nil, errStranger
	}
	lead, err := r.Lead(p.tenant, record.LeadID)
	if errors.Is(err, idmap.ErrNotFound) && !errors.Is(err, idmap.ErrErased) || err == nil && delivery.Engagement(lead, p.account.Name) == nil {
		return nil, errStranger
	}
	return lead, err
}

func (p *polled) ref(record adapters.VendorLead) idmap.VendorRef {
	return idmap.VendorRef{Account: p.account.Name, Kind: idmap.KindLead, VendorID: record.VendorLeadID}
}

func (p *polled) isNewChat(r idmap.Reader, record adapters.VendorLead) (bool, error) {
	chat, err := chatOf(r, p.account, record)
	if err != nil || chat == nil {
		return err == nil && record.Chat != nil, err
	}
	return changedChat(chat, record.Chat), nil
}

// chatOf is the chat of ours that a record is; nil when it is none.
func chatOf(r idmap.Reader, account *adapters.Account, record adapters.VendorLead) (*leadmuxv1.Chat, error) {
	id, err := r.Owner(account.Tenant, idmap.VendorRef{Account: account.Name, Kind: idmap.KindChat, VendorID: record.VendorLeadID})
	if errors.Is(err, idmap.ErrNotFound) {
		return nil, nil //nolint:nilnil // none is no error
	}
	if err != nil {
		return nil, err
	}
	return r.Chat(account.Tenant, id)
}

// changedChat says whether the vendor changed a chat since we last heard. Without times its status tells.
func changedChat(known, shown *leadmuxv1.Chat) bool {
	if shown.GetVendorUpdateTime() == nil {
		return known.GetVendorStatus() != shown.GetVendorStatus()
	}
	return known.GetVendorUpdateTime() == nil || shown.GetVendorUpdateTime().AsTime().After(known.GetVendorUpdateTime().AsTime())
}

// take takes the news in, and the mark with it, in one transaction; without either it does nothing.
func (p *polled) take(ctx context.Context) error {
	if len(p.news) == 0 && p.mark == nil {
		return nil
	}
	var ops []*leadmuxv1.Operation
	var drift int
	err := p.s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		ops, drift = nil, 0
		for _, record := range p.news {
			t := taking{intake: p.intake, tx: tx, record: record, drift: &drift}
			told, err := p.one(t)
			if err != nil {
				return err
			}
			ops = append(ops, told...)
		}
		if p.mark == nil {
			return nil
		}
		return tx.PutPollMark(p.tenant, p.account.Name, p.list, *p.mark)
	})
	if err != nil {
		return err
	}
	p.s.cfg.Dispatcher.Go(p.tenant, ops)
	for range drift {
		p.s.cfg.Drift(p.account.Vendor, "status")
	}
	return nil
}

// one takes in one record: as a lead if it is one, and as a chat if it is known as one or is nothing else.
func (p *polled) one(t taking) ([]*leadmuxv1.Operation, error) {
	take := t.take
	if !p.leads {
		take = t.ours
	}
	lead, err := take()
	stranger := errors.Is(err, errStranger)
	switch {
	case errors.Is(err, idmap.ErrErased) || err == nil && lead == nil:
		return nil, nil
	case err != nil && !stranger:
		return nil, err
	}
	var ops []*leadmuxv1.Operation
	if !stranger {
		if ops, err = t.heard(lead); err != nil {
			return nil, err
		}
	}
	return ops, t.chat(stranger)
}

// chat takes a record in as a chat, where it is known as one, or is to be.
func (t taking) chat(always bool) error {
	if t.record.Chat == nil {
		return nil
	}
	known, err := chatOf(t.tx, t.account, t.record)
	if err != nil || known == nil && !always || known != nil && !changedChat(known, t.record.Chat) {
		return err
	}
	return t.s.cfg.Dispatcher.LearnChat(t.tx, t.account, t.record.Chat)
}

package service

import (
	"context"
	"errors"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
)

// The lists of an account, as their marks in the index are named.
const (
	listLeads  = "leads"
	listOthers = "others"
)

const (
	// sweepPages is how many pages behind the news a poll reads on: what changed on an old record shows where that stands.
	sweepPages = 5
	// maxFrontPages bounds a first reading. What is behind it, the sweep finds.
	maxFrontPages = 5000
)

// Reading is the reading of one account's lists, again and again. It is used by one goroutine.
//
// A vendor's list has no "since" and no order that is proven. So each poll reads from the first page, where what is new is inferred to stand, to
// the first page that has nothing newer than the mark and nothing that the index does not know; then it goes on with a few of the pages
// behind, the next poll with those behind them, and so around. Only what is news is written, and the mark with the last of it: a poll that is
// cut off begins where it began.
type Reading struct {
	s       *LeadService
	account *adapters.Account
	lists   []*list
}

// list is one of a vendor's lists.
type list struct {
	name  string
	read  func(ctx context.Context, page int) ([]adapters.VendorLead, error)
	sweep int // the page to go on with behind the news; 0 for the first one there
}

// Reading makes the reading of an account; false when its vendor has nothing to be asked for.
func (s *LeadService) Reading(account *adapters.Account) (*Reading, bool) {
	leads, ok := account.Adapter.(adapters.LeadLister)
	if !ok {
		return nil, false
	}
	r := &Reading{s: s, account: account, lists: []*list{{name: listLeads, read: leads.ListLeads}}}
	if others, ok := leads.(adapters.OtherLister); ok {
		r.lists = append(r.lists, &list{name: listOthers, read: others.ListOthers})
	}
	return r, true
}

// LastRead is when news was last taken in from the account; zero for never.
func (r *Reading) LastRead(ctx context.Context) (last time.Time, err error) {
	for _, l := range r.lists {
		mark, err := r.mark(ctx, l)
		if err != nil {
			return last, err
		}
		if mark.ReadTime.After(last) {
			last = mark.ReadTime
		}
	}
	return last, nil
}

// Poll takes in what is new. Errors are *adapters.Error, *rpcerr.Error or of the store; what was taken in before stays.
func (r *Reading) Poll(ctx context.Context) error {
	for _, l := range r.lists {
		front, err := r.front(ctx, l)
		if err != nil {
			return err
		}
		if err := r.behind(ctx, l, front); err != nil {
			return err
		}
	}
	return nil
}

// front reads the pages with news, and returns how many there were with the one behind them; 0 when the list ended there.
func (r *Reading) front(ctx context.Context, l *list) (int, error) {
	mark, err := r.mark(ctx, l)
	if err != nil {
		return 0, err
	}
	next := mark
	for page := 1; ; page++ {
		p, err := r.page(ctx, l, page)
		if err != nil {
			return 0, err
		}
		newest := p.newest()
		if newest.After(next.News) {
			next.News = newest
		}
		last := len(p.news) == 0 && !newest.After(mark.News) || page == maxFrontPages
		if (last || mutant.AdvanceMarkEarly) && next.News.After(mark.News) {
			next.ReadTime = r.s.cfg.Now()
			p.mark = &next
		}
		if err := p.take(ctx); err != nil {
			return 0, err
		}
		if len(p.found) == 0 {
			return 0, nil
		}
		if last {
			return page, nil
		}
	}
}

// behind goes on with the pages behind the news.
func (r *Reading) behind(ctx context.Context, l *list, front int) error {
	if front == 0 { // all was read
		l.sweep = 0
		return nil
	}
	l.sweep = max(l.sweep, front+1)
	for range sweepPages {
		p, err := r.page(ctx, l, l.sweep)
		if err != nil {
			return err
		}
		if len(p.found) == 0 {
			l.sweep = 0
			return nil
		}
		if err := p.take(ctx); err != nil {
			return err
		}
		l.sweep++
	}
	return nil
}

// page asks for a page, when nobody else wants the account, and finds what is news in it.
func (r *Reading) page(ctx context.Context, l *list, number int) (*polled, error) {
	if err := r.s.cfg.Dispatcher.Spare(ctx, r.account); err != nil {
		return nil, err
	}
	p := &polled{leads: l.name == listLeads, list: l.name, intake: &intake{s: r.s, tenant: r.account.Tenant, account: r.account, asked: r.s.cfg.Now()}}
	var err error
	if p.found, err = l.read(adapters.WithSlot(ctx), number); err != nil {
		if ctx.Err() == nil {
			r.s.cfg.Dispatcher.Met(r.account, err)
		}
		return nil, err
	}
	return p, r.s.cfg.Store.View(ctx, p.look)
}

// mark is how far a list was read; the zero value before the first time.
func (r *Reading) mark(ctx context.Context, l *list) (mark idmap.Mark, err error) {
	err = r.s.cfg.Store.View(ctx, func(index idmap.Reader) error {
		mark, err = index.PollMark(r.account.Tenant, r.account.Name, l.name)
		return err
	})
	if errors.Is(err, idmap.ErrNotFound) {
		return idmap.Mark{}, nil
	}
	return mark, err
}

package delivery

import (
	"context"
	"errors"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// Following asks an account for what is followed there. It is used by one goroutine.
//
// What is followed stands in the index; when to look at it next is in memory alone, so that a look at what has not changed writes nothing.
// One request reads one job, or the contacts of one campaign, however many leads of ours are in it.
type Following struct {
	d       *Dispatcher
	account *adapters.Account
	every   time.Duration
	looks   map[idmap.Followed]*look // by their keys alone
}

// look is when something is looked at next.
type look struct {
	next   time.Time
	pause  time.Duration
	misses int
}

// Following makes the following of an account; false where nothing is followed.
func (d *Dispatcher) Following(account *adapters.Account) (*Following, bool) {
	if !d.follows(account, listContacts) {
		return nil, false
	}
	return &Following{d: d, account: account, every: d.follow[account.Name], looks: map[idmap.Followed]*look{}}, true
}

// Poll looks at what is due, and returns in how long the next is; zero when nothing is followed. Errors are *adapters.Error, *rpcerr.Error
// or of the store.
func (f *Following) Poll(ctx context.Context) (time.Duration, error) {
	for {
		subjects, err := f.subjects(ctx)
		if err != nil || len(subjects) == 0 {
			return 0, err
		}
		subject, at := f.first(subjects)
		if wait := at.next.Sub(f.d.now()); wait > 0 {
			return wait, nil
		}
		changed, err := f.ask(ctx, subject, subjects[subject])
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		f.after(at, changed, err)
		if err != nil && !isGone(err) {
			f.d.metDirect(f.account, err)
			return 0, err
		}
		if at.misses >= followMisses {
			if err := f.giveUp(ctx, subjects[subject]); err != nil {
				return 0, err
			}
		}
	}
}

// subjects is what is asked for, each with what is followed by it.
func (f *Following) subjects(ctx context.Context) (map[idmap.Followed][]idmap.Followed, error) {
	var all []idmap.Followed
	err := f.d.store.View(ctx, func(r idmap.Reader) (err error) {
		all, err = r.ListFollowed(f.account.Tenant, f.account.Name)
		return err
	})
	subjects := map[idmap.Followed][]idmap.Followed{}
	for _, one := range all {
		key := subjectOf(one)
		subjects[key] = append(subjects[key], one)
		if f.looks[key] == nil {
			f.looks[key] = &look{next: one.Since.Add(f.every), pause: f.every}
		}
	}
	for key := range f.looks {
		if subjects[key] == nil {
			delete(f.looks, key)
		}
	}
	return subjects, err
}

// subjectOf is what one request asks for: a job, or a campaign.
func subjectOf(one idmap.Followed) idmap.Followed {
	subject := idmap.Followed{Account: one.Account, Method: one.Method, CampaignID: one.CampaignID, ID: one.ID}
	if one.Method == listContacts {
		subject.ID = ""
	} else {
		subject.OperationID = one.OperationID // a job that its caller lets go on is looked at anew
	}
	return subject
}

// first is the subject that has waited the longest.
func (f *Following) first(subjects map[idmap.Followed][]idmap.Followed) (first idmap.Followed, at *look) {
	for subject := range subjects {
		if l := f.looks[subject]; at == nil || l.next.Before(at.next) {
			first, at = subject, l
		}
	}
	return first, at
}

// after sets when to look again: soon after a change, else later and later.
func (f *Following) after(at *look, changed bool, err error) {
	at.pause = min(2*at.pause, max(followPause, f.every))
	if changed {
		at.pause = f.every
	}
	at.next = f.d.now().Add(at.pause)
	at.misses++
	if err == nil {
		at.misses = 0
	}
}

// ask makes one look, and says whether anything had changed.
func (f *Following) ask(ctx context.Context, subject idmap.Followed, followed []idmap.Followed) (bool, error) {
	if subject.Method == listContacts {
		return f.contacts(ctx, subject.CampaignID, followed)
	}
	return f.job(ctx, followed[0])
}

// giveUp follows no more what the vendor does not find.
func (f *Following) giveUp(ctx context.Context, followed []idmap.Followed) error {
	return f.d.store.Update(ctx, func(tx idmap.Tx) error {
		for _, one := range followed {
			if one.Method != listContacts {
				if err := f.tell(tx, one, shownJob{state: one.State, status: one.Status}, true); err != nil {
					return err
				}
			}
			if err := tx.DeleteFollowed(f.account.Tenant, one); err != nil {
				return err
			}
		}
		return nil
	})
}

// isGone says whether a vendor does not know what it was asked for, or the way to ask for it: neither says anything of the account.
func isGone(err error) bool {
	failure, ok := errors.AsType[*adapters.Error](err)
	return ok && (failure.Kind == adapters.KindNotFound || failure.Kind == adapters.KindRouteUnknown)
}

// tell appends the event of a job.
func (f *Following) tell(tx idmap.Tx, before idmap.Followed, shown shownJob, givenUp bool) error {
	event := f.d.accountEvent("job.changed", f.account)
	event.Detail = &leadmuxv1.Event_JobChanged{JobChanged: &leadmuxv1.JobChanged{
		JobId: before.ID, Method: before.Method, CampaignId: before.CampaignID, Before: before.State, After: shown.state, Status: shown.status,
		TotalRows: shown.total, AffectedRows: shown.affected, FailedRows: shown.failed, OperationId: before.OperationID, GivenUp: givenUp,
	}}
	return tx.AppendEvent(f.account.Tenant, event)
}

package idmaptest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// comparer compares every read of a store with the model.
type comparer struct {
	r      idmap.Reader
	pool   *pool
	now    time.Time
	tenant string
	want   *tenantModel
}

// compare tells the first difference between what r reads and the model.
func compare(r idmap.Reader, m *model, p *pool, now time.Time) error {
	for _, tenant := range p.tenants {
		c := comparer{r: r, pool: p, now: now, tenant: tenant, want: m.tenants[tenant]}
		for _, part := range []func() error{
			c.leads, c.lookups, c.lists, c.bindings, c.requests, c.operations, c.queues, c.open, c.journal, c.events, c.erasures, c.suppressions,
		} {
			if err := part(); err != nil {
				return fmt.Errorf("tenant %q: %w", tenant, err)
			}
		}
	}
	return compareStarted(r, m)
}

// found turns a read into the nil or not that the model has.
func found[M any](got *M, err error) (*M, error) {
	if errors.Is(err, idmap.ErrNotFound) {
		got, err = nil, nil
	}
	return got, err
}

func (c comparer) leads() error {
	for _, id := range c.pool.leads {
		got, err := found(c.r.Lead(c.tenant, id))
		if err = errors.Join(err, same("lead", got, c.want.leads[id])); err != nil {
			return err
		}
	}
	return nil
}

func (c comparer) lookups() error {
	for _, key := range c.pool.keys {
		var want []string
		for _, l := range c.want.newest(func(l *leadmuxv1.Lead) bool { return hasKey(l, key) }) {
			want = append(want, l.GetLeadId())
		}
		for _, limit := range []int{1, 9} {
			got, err := c.r.FindLeads(c.tenant, key, limit)
			if err = errors.Join(err, sameValues(fmt.Sprintf("find %v", key), got, want[:min(limit, len(want))])); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c comparer) lists() error {
	for _, filter := range c.pool.filters {
		want := c.want.newest(func(l *leadmuxv1.Lead) bool { return passesFilter(l, filter) })
		got, err := listAll(c.r, c.tenant, filter, "", 2)
		if err = errors.Join(err, sameAll(fmt.Sprintf("list %+v", filter), got, want)); err != nil {
			return err
		}
	}
	before := c.pool.leads[len(c.pool.leads)/2]
	got, err := listAll(c.r, c.tenant, idmap.LeadFilter{}, before, 9)
	want := c.want.newest(func(l *leadmuxv1.Lead) bool { return l.GetLeadId() < before })
	return errors.Join(err, sameAll("list before a lead", got, want))
}

func (c comparer) bindings() error {
	for _, ref := range c.pool.refs {
		got, err := c.r.Owner(c.tenant, ref)
		if errors.Is(err, idmap.ErrNotFound) {
			got, err = "", nil
		}
		if err != nil || got != c.want.owner(ref) {
			return fmt.Errorf("owner of %v: got %q, %w; want %q", ref, got, err, c.want.owner(ref))
		}
	}
	for _, id := range append(c.pool.calls, c.pool.leads...) {
		got, err := c.r.Bindings(c.tenant, id)
		if err = errors.Join(err, sameValues("bindings of "+id, got, c.want.bindings(id))); err != nil {
			return err
		}
	}
	return nil
}

func (c comparer) requests() error {
	for _, name := range c.pool.requests {
		got, err := c.r.Request(c.tenant, name.method, name.id, c.now)
		if err := sameClaim(got, err, c.want.request(name, c.now)); err != nil {
			return err
		}
	}
	return nil
}

func (c comparer) operations() error {
	for _, id := range c.pool.operations {
		got, err := found(c.r.Operation(c.tenant, id))
		if err = errors.Join(err, same("operation", got, c.want.operations[id])); err != nil {
			return err
		}
	}
	return nil
}

func (c comparer) queues() error {
	for _, account := range c.pool.accounts {
		all := c.want.queued(account)
		got, err := c.r.Queue(c.tenant, account)
		if err = errors.Join(err, sameQueue(got, c.want.queue(account))); err != nil {
			return err
		}
		for _, minute := range c.pool.minutes {
			if err := c.due(account, at(minute), all); err != nil {
				return err
			}
		}
	}
	return nil
}

// due compares what is due at a moment.
func (c comparer) due(account string, until time.Time, queued []*leadmuxv1.Operation) error {
	want := slices.DeleteFunc(slices.Clone(queued), func(op *leadmuxv1.Operation) bool { return op.GetNextAttemptTime().AsTime().After(until) })
	got, err := c.r.Due(c.tenant, account, until, 99)
	if err != nil {
		return err
	}
	if !slices.IsSortedFunc(got, before) {
		return fmt.Errorf("due at %s is not in order", account)
	}
	first, err := c.r.Due(c.tenant, account, until, 1)
	if err == nil && len(want) > 0 {
		err = sameAll("first due at "+account, first, got[:min(1, len(got))])
	}
	slices.SortFunc(got, earlier)
	return errors.Join(err, sameAll("due at "+account, got, want))
}

func (c comparer) open() error {
	for _, lead := range c.pool.leads {
		for _, account := range c.pool.accounts {
			got, err := c.r.OpenOperations(c.tenant, lead, account)
			if err = errors.Join(err, sameAll("open at "+account, got, c.want.open(lead, account))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c comparer) journal() error {
	doubts := map[string]int{}
	for _, op := range c.want.operations {
		if op.GetState() == opInDoubt {
			doubts[op.GetAccount()]++
		}
	}
	filters := []idmap.OperationFilter{{}}
	for _, account := range c.pool.accounts {
		if n, err := c.r.InDoubt(c.tenant, account); err != nil || n != doubts[account] {
			return fmt.Errorf("in doubt at %s: got %d, %w; want %d", account, n, err, doubts[account])
		}
		filters = append(filters, idmap.OperationFilter{Account: account})
	}
	for _, lead := range c.pool.leads {
		filters = append(filters, idmap.OperationFilter{LeadID: lead})
	}
	for _, state := range opStates {
		filters = append(filters, idmap.OperationFilter{State: state})
	}
	for _, filter := range filters {
		got, err := allOperations(c.r, c.tenant, filter, "", 2)
		if err = errors.Join(err, sameAll(fmt.Sprintf("operations %+v", filter), got, c.want.journal(filter))); err != nil {
			return err
		}
	}
	return nil
}

func (c comparer) events() error {
	all, err := c.r.Events(c.tenant, "", 1000)
	if err = errors.Join(err, sameAll("events", all, c.want.events)); err != nil {
		return err
	}
	for i, event := range c.want.events {
		got, err := c.r.Events(c.tenant, event.GetCursor(), 2)
		rest := c.want.events[i+1:]
		if err = errors.Join(err, sameAll("events after a cursor", got, rest[:min(2, len(rest))])); err != nil {
			return err
		}
	}
	return nil
}

func (c comparer) erasures() error {
	for _, id := range c.pool.leads {
		got, err := found(c.r.Erasure(c.tenant, id))
		if err = errors.Join(err, same("erasure", got, c.want.erased[id])); err != nil {
			return err
		}
	}
	return nil
}

func compareStarted(r idmap.Reader, m *model) error {
	want := map[string]*leadmuxv1.Operation{}
	for name, t := range m.tenants {
		for id, op := range t.operations {
			if op.GetState() == opStarted {
				want[name+" "+id] = op
			}
		}
	}
	got, err := r.Started()
	if err == nil && len(got) != len(want) {
		err = fmt.Errorf("%d started, want %d", len(got), len(want))
	}
	for _, s := range got {
		err = errors.Join(err, same("started", s.Operation, want[s.Tenant+" "+s.Operation.GetOperationId()]))
	}
	return err
}

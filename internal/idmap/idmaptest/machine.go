package idmaptest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leadmux/leadmux/internal/idmap"
)

// errGiveUp is what a random transaction fails with that is meant to fail.
var errGiveUp = errors.New("meant to fail")

// runModel puts random changes to a store and a model and compares them after each. A failure prints the seed; the flags of
// package rapid set how many runs there are and how long each is.
func runModel(t *testing.T, fresh func(t *testing.T) Opener) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{open: fresh(t), pool: newPool(), now: start}
		m.model = newModel(m.pool.tenants)
		m.start(rt)
		defer func() { _ = m.store.Close() }() // already closed when the run was good
		rt.Repeat(map[string]func(*rapid.T){"": m.check, "update": m.update, "reopen": m.reopen, "drop": m.drop})
		m.verify(rt)
		if err := m.store.Close(); err != nil {
			rt.Fatalf("close: %v", err)
		}
	})
}

type machine struct {
	open  Opener
	store idmap.Store
	pool  *pool
	model *model
	now   time.Time
}

func (m *machine) start(t *rapid.T) {
	store, err := m.open()
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	m.store = store
}

func (m *machine) reopen(t *rapid.T) {
	if rapid.IntRange(0, 4).Draw(t, "reopen in one of five") != 0 {
		return
	}
	if err := m.store.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	m.start(t)
}

// drop drops the keys of erased leads, which nobody sees.
func (m *machine) drop(t *rapid.T) {
	if err := m.store.DropErased(context.Background()); err != nil {
		t.Fatalf("drop: %v", err)
	}
}

// update carries out a few steps in one transaction, which now and then fails at its end.
func (m *machine) update(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(0, 10).Draw(t, "minutes pass")) * time.Minute)
	steps := make([]step, rapid.IntRange(1, 5).Draw(t, "steps"))
	for i := range steps {
		steps[i] = m.pool.drawStep(t, m.now)
	}
	giveUp := rapid.IntRange(0, 5).Draw(t, "give up in one of six") == 0
	var after *model
	err := m.store.Update(context.Background(), func(tx idmap.Tx) error {
		after = m.model.clone()
		for _, s := range steps {
			got, want := s.store(tx), s.model(after.tenants[s.tenant])
			if !errors.Is(got, want) {
				return fmt.Errorf("%s: got error %w, want %v", s.name, got, want) //nolint:errorlint // want is no cause
			}
		}
		if err := compare(tx, after, m.pool, m.now); err != nil {
			return fmt.Errorf("within the transaction: %w", err)
		}
		if giveUp {
			return errGiveUp
		}
		return nil
	})
	switch {
	case giveUp && err == errGiveUp: //nolint:errorlint // as it is: not wrapped
	case giveUp || err != nil:
		t.Fatalf("update: %v", err)
	default:
		m.model = after
	}
}

func (m *machine) check(t *rapid.T) {
	if err := m.store.View(context.Background(), func(r idmap.Reader) error {
		return compare(r, m.model, m.pool, m.now)
	}); err != nil {
		t.Fatal(err)
	}
}

// verify wants a sound store that counts what the model holds. Expired claims may be forgotten at any time.
func (m *machine) verify(t *rapid.T) {
	report, err := m.store.Verify(context.Background())
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	for _, p := range report.Problems {
		t.Errorf("verify: %s", p)
	}
	var want idmap.Report
	for _, tenant := range m.model.tenants {
		want.Leads += len(tenant.leads)
		want.Erased += len(tenant.erased)
		want.Bindings += len(tenant.owners)
		want.Operations += len(tenant.operations)
		want.Events += len(tenant.events)
		want.Suppressions += len(tenant.suppressions)
	}
	got := []int{report.Leads, report.Erased, report.Bindings, report.Operations, report.Events, report.Suppressions}
	if err := sameValues("verify: counts", got, []int{want.Leads, want.Erased, want.Bindings, want.Operations, want.Events, want.Suppressions}); err != nil {
		t.Fatal(err)
	}
}

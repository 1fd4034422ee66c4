// Package idmaptest is the suite that every idmap.Store passes: the sentences of the contract one by one, a random-operation
// model that is compared after every step, and races. Only tests of stores import it.
package idmaptest

import (
	"context"
	"errors"
	"testing"

	"github.com/leadmux/leadmux/internal/idmap"
)

// Opener opens the store on one place of data. It is called again, after Close, to open the same data once more.
type Opener func() (idmap.Store, error)

// Run runs the suite. fresh makes an empty place of data that lasts as long as the test and returns what opens the store there.
func Run(t *testing.T, fresh func(t *testing.T) Opener) {
	t.Helper()
	for _, group := range []struct {
		name  string
		tests []contractTest
	}{
		{"transactions", transactionTests}, {"leads", leadTests}, {"lookups", lookupTests}, {"lists", listTests},
		{"bindings", bindingTests}, {"unbind", unbindTests}, {"requests", requestTests}, {"operations", operationTests}, {"queues", queueTests},
		{"open", openTests}, {"journal", journalTests}, {"stops", stopTests}, {"polls", pollTests}, {"events", eventTests}, {"event lists", eventListTests}, {"erasures", erasureTests}, {"trims", trimTests},
		{"suppressions", suppressionTests}, {"subscriptions", subscriptionTests}, {"inbox", inboxTests}, {"tenants", tenantTests}, {"races", raceTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, test := range group.tests {
				t.Run(test.says, func(t *testing.T) {
					f := newFixture(t, fresh(t))
					test.run(f)
					f.sound()
				})
			}
		})
	}
	t.Run("model", func(t *testing.T) { runModel(t, fresh) })
}

// contractTest proves one sentence of the contract.
type contractTest struct {
	says string
	run  func(f *fixture)
}

// fixture is one store with one place of data.
type fixture struct {
	*testing.T
	open  Opener
	store idmap.Store
}

func newFixture(t *testing.T, open Opener) *fixture {
	t.Helper()
	f := &fixture{T: t, open: open}
	f.start()
	t.Cleanup(func() {
		if err := f.store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return f
}

func (f *fixture) start() {
	f.Helper()
	store, err := f.open()
	if err != nil {
		f.Fatalf("open: %v", err)
	}
	f.store = store
}

// reopen closes the store and opens it on the same data.
func (f *fixture) reopen() {
	f.Helper()
	if err := f.store.Close(); err != nil {
		f.Fatalf("close: %v", err)
	}
	f.start()
}

// update wants fn to be carried out. fn must not end the test; it returns an error or uses Errorf.
func (f *fixture) update(fn func(tx idmap.Tx) error) {
	f.Helper()
	if err := f.store.Update(context.Background(), fn); err != nil {
		f.Fatalf("update: %v", err)
	}
}

// refused wants fn to fail with want.
func (f *fixture) refused(want error, fn func(tx idmap.Tx) error) {
	f.Helper()
	if err := f.store.Update(context.Background(), fn); !errors.Is(err, want) {
		f.Fatalf("update: got error %v, want %v", err, want)
	}
}

// view wants fn to succeed.
func (f *fixture) view(fn func(r idmap.Reader) error) {
	f.Helper()
	if err := f.store.View(context.Background(), fn); err != nil {
		f.Fatalf("view: %v", err)
	}
}

// sound wants Verify to find no problem.
func (f *fixture) sound() idmap.Report {
	f.Helper()
	report, err := f.store.Verify(context.Background())
	if err != nil {
		f.Fatalf("verify: %v", err)
	}
	for _, p := range report.Problems {
		f.Errorf("verify: %s", p)
	}
	return report
}

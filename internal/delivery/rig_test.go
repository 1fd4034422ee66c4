package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/typeid"
)

const tenant = "default"

// usual is the schedule of the shipped configuration.
var usual = delivery.Schedule{Min: time.Second, Max: 15 * time.Minute, GiveUpAfter: 72 * time.Hour}

// rig is a Dispatcher over the real index with scripted vendors.
type rig struct {
	t        *testing.T
	dir      string
	index    *boltmap.Store // the index itself, to look at and to prepare
	store    *watched       // the index as the Dispatcher has it
	accounts []*adapters.Account
	schedule delivery.Schedule
	shared   bool // the Dispatcher is told that others send from the index too
	follow   map[string]time.Duration
	d        *delivery.Dispatcher
	log      bytes.Buffer // of the Dispatcher
}

// inTime runs a test in virtual time, which passes only while everything waits.
func inTime(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// newRig makes a rig that runs; it is stopped with the test.
func newRig(t *testing.T, accounts ...*adapters.Account) *rig {
	t.Helper()
	r := idleRig(t, usual, accounts...)
	r.start()
	return r
}

// sharedRig makes a rig that runs and is not alone on its index.
func sharedRig(t *testing.T, accounts ...*adapters.Account) *rig {
	t.Helper()
	r := idleRig(t, usual, accounts...)
	r.shared = true
	r.start()
	return r
}

// idleRig makes a rig whose Dispatcher is not started.
func idleRig(t *testing.T, schedule delivery.Schedule, accounts ...*adapters.Account) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), accounts: accounts, schedule: schedule}
	r.store = &watched{may: declared(t), report: t.Errorf, state: map[string]string{}, spoken: map[string]bool{}}
	r.open()
	t.Cleanup(func() {
		r.close(0)
		if err := r.index.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) open() {
	r.t.Helper()
	secret, err := seal.NewSecret(make([]byte, seal.KeySize))
	if err != nil {
		r.t.Fatal(err)
	}
	if r.index, err = boltmap.Open(boltmap.Config{Dir: r.dir, Secret: secret}); err != nil {
		r.t.Fatal(err)
	}
	r.store.Store = r.index
}

// start makes a new Dispatcher over what the index holds, and starts it.
func (r *rig) start() {
	r.t.Helper()
	if err := r.make().Start(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// make makes a new Dispatcher and does not start it.
func (r *rig) make() *delivery.Dispatcher {
	r.d = delivery.New(delivery.Config{
		Store: r.store, Accounts: adapters.NewSet(r.accounts), Schedule: r.schedule, Logger: slog.New(slog.NewTextHandler(&r.log, nil)), Shared: r.shared,
		Follow: r.follow,
	})
	return r.d
}

// close closes the Dispatcher, with so much time for the attempts under way.
func (r *rig) close(grace time.Duration) {
	if r.d == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	r.d.Close(ctx)
	r.d = nil
}

// crash ends the Dispatcher as the end of the process would: what is under way is not stored. The index is closed and opened
// again.
func (r *rig) crash() {
	r.t.Helper()
	r.store.set(func(w *watched) { w.dead = true })
	r.close(0)
	if err := r.index.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.open()
	r.store.set(func(w *watched) { w.dead = false })
}

// at is an account without a rate limit.
func at(name string, v *vendor) *adapters.Account { return limited(name, v, 0) }

// limited is an account with so many requests a second.
func limited(name string, v *vendor, perSecond float64) *adapters.Account {
	line := vendorhttp.NewLine(vendorhttp.LineConfig{RatePerSecond: perSecond})
	return &adapters.Account{Name: name, Tenant: tenant, Vendor: v.Vendor(), Adapter: v, Line: line}
}

// create accepts a lead as the service does, for all accounts of the rig.
func (r *rig) create(lead *leadmuxv1.Lead) string {
	r.t.Helper()
	return r.createAt(lead, r.accounts...)
}

func (r *rig) createAt(lead *leadmuxv1.Lead, accounts ...*adapters.Account) string {
	r.t.Helper()
	ops := r.accept(lead, r.reserve(accounts), accounts...)
	r.d.Go(tenant, ops)
	return ops[0].GetLeadId()
}

// reserve takes the slots for an interactive operation; none while the index cannot be read.
func (r *rig) reserve(accounts []*adapters.Account) delivery.Slots {
	r.t.Helper()
	slots, err := r.d.Reserve(context.Background(), accounts, leadmuxv1.Priority_PRIORITY_INTERACTIVE)
	if err != nil && !errors.Is(err, errIndex) {
		r.t.Fatal(err)
	}
	return slots
}

// accept stores a lead and its operations and sends nothing.
func (r *rig) accept(lead *leadmuxv1.Lead, slots delivery.Slots, accounts ...*adapters.Account) []*leadmuxv1.Operation {
	r.t.Helper()
	return r.acceptWrite(lead, delivery.Write{Method: delivery.CreateLead}, slots, accounts...)
}

func (r *rig) acceptWrite(lead *leadmuxv1.Lead, write delivery.Write, slots delivery.Slots, accounts ...*adapters.Account) []*leadmuxv1.Operation {
	r.t.Helper()
	var ops []*leadmuxv1.Operation
	err := r.store.Update(context.Background(), func(tx idmap.Tx) (err error) {
		stored := proto.CloneOf(lead)
		stored.LeadId, stored.CreateTime = typeid.New(typeid.Lead), timestamppb.Now()
		ops, err = r.d.Accept(tx, tenant, stored, accounts, write, slots)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return ops
}

// stop stops every line, so that what is created waits.
func (r *rig) stop() {
	for _, account := range r.accounts {
		account.Line.Stop(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_CREDENTIALS_REFUSED)
	}
}

// resume is what a good test of each account does.
func (r *rig) resume() {
	r.t.Helper()
	for _, account := range r.accounts {
		err := r.d.Resume(context.Background(), account)
		for errors.Is(err, errIndex) { // whoever tests the account sees it, and tests it again
			err = r.d.Resume(context.Background(), account)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

// somebody is a person nobody else is.
func somebody() *leadmuxv1.Lead {
	return &leadmuxv1.Lead{FirstName: "Ada", Email: typeid.New("") + "@example.com"}
}

func (r *rig) lead(id string) *leadmuxv1.Lead {
	r.t.Helper()
	var lead *leadmuxv1.Lead
	r.view(func(index idmap.Reader) (err error) {
		lead, err = index.Lead(tenant, id)
		return err
	})
	return lead
}

// engagement is a lead's engagement at an account, by default its only one.
func (r *rig) engagement(id string, account ...string) *leadmuxv1.Engagement {
	r.t.Helper()
	for _, e := range r.lead(id).GetEngagements() {
		if len(account) == 0 || e.GetAccount() == account[0] {
			return e
		}
	}
	r.t.Fatalf("the lead has no engagement at %v", account)
	return nil
}

func (r *rig) op(id string, account ...string) *leadmuxv1.Operation {
	r.t.Helper()
	var op *leadmuxv1.Operation
	e := r.engagement(id, account...)
	r.view(func(index idmap.Reader) (err error) {
		op, err = index.Operation(tenant, e.GetOperationId())
		return err
	})
	return op
}

// events are the types of a lead's events, in order.
func (r *rig) events(id string) []string {
	r.t.Helper()
	var kinds []string
	for _, event := range r.eventLog() {
		if event.GetLeadId() == id {
			kinds = append(kinds, event.GetType())
		}
	}
	return kinds
}

func (r *rig) eventLog() []*leadmuxv1.Event {
	r.t.Helper()
	var log []*leadmuxv1.Event
	r.view(func(index idmap.Reader) (err error) {
		log, err = index.Events(tenant, "", 100_000)
		return err
	})
	return log
}

func (r *rig) view(fn func(idmap.Reader) error) {
	r.t.Helper()
	if err := r.index.View(context.Background(), fn); err != nil {
		r.t.Fatal(err)
	}
}

// put changes the index past the Dispatcher.
func (r *rig) put(fn func(idmap.Tx) error) {
	r.t.Helper()
	if err := r.index.Update(context.Background(), fn); err != nil {
		r.t.Fatal(err)
	}
}

// wants checks how a lead stands: its engagement's state and the reason of its error.
func (r *rig) wants(id, state, reason string) {
	r.t.Helper()
	e := r.engagement(id)
	if got := stateName(e.GetState()); got != state || e.GetError().GetReason() != reason {
		r.t.Fatalf("the engagement is %s %q (%s), want %s %q", got, e.GetError().GetReason(), e.GetError().GetMessage(), state, reason)
	}
}

// pass lets so much time pass and everything that is due happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func stateName(s leadmuxv1.EngagementState) string {
	return strings.TrimPrefix(s.String(), "ENGAGEMENT_STATE_")
}

func opName(s leadmuxv1.OperationState) string {
	return strings.TrimPrefix(s.String(), "OPERATION_STATE_")
}

func outcomeName(o leadmuxv1.AttemptOutcome) string {
	return strings.TrimPrefix(o.String(), "ATTEMPT_OUTCOME_")
}

// equal compares lists in failures that can be read.
func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

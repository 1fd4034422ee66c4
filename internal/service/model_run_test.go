package service_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/service"
)

// model is a run of the whole service, with what was acknowledged.
type model struct {
	*service.LeadService
	t       *testing.T
	dir     string
	ctx     context.Context
	index   *boltmap.Store
	store   *journal
	d       *delivery.Dispatcher
	set     *adapters.Set
	vendors map[string]modelVendor
	// readable is the account whose vendor can be read.
	readable string
	// options are those of a create or engagement at accounts; nil for none.
	options func(n int, accounts []string) *leadmuxv1.VendorOptions

	ids       []string               // of the leads, in the order they were acknowledged
	leads     map[string]*expected   // by ID
	must      map[at]int             // the version that a vendor must have got at least
	unlinked  map[at]bool            // the vendor may have more of the lead than we know
	missed    map[at]bool            // it changed while nobody told the vendor
	version   int                    // of the last change
	again     func() (string, error) // repeats the last request that had a request_id
	strangers map[string]bool        // e-mails of people whom a vendor has from others
	visitors  int                    // so many came
	phones    int                    // so many were given out
	problems  []string
}

// at is a lead at an account.
type at struct{ lead, account string }

// expected is a lead as its callers were told.
type expected struct {
	email   string
	version int
	attr    string
	adopted bool // it was the vendor's first
}

// newModel makes a model over vendors, with its index in dir.
func newModel(t *testing.T, dir string, vendors map[string]modelVendor) *model {
	t.Helper()
	m := &model{
		t: t, dir: dir, ctx: caller(t, "full"), store: &journal{ops: map[at][]string{}}, vendors: vendors,
		leads: map[string]*expected{}, must: map[at]int{}, unlinked: map[at]bool{}, missed: map[at]bool{}, strangers: map[string]bool{},
		options: func(int, []string) *leadmuxv1.VendorOptions { return nil },
	}
	for name, v := range vendors {
		if v.is().canBeRead {
			m.readable = name
		}
	}
	m.start()
	return m
}

// start begins the service over what the index holds, as a new process would.
func (m *model) start() {
	m.t.Helper()
	secret, err := seal.NewSecret(make([]byte, seal.KeySize))
	if err != nil {
		m.t.Fatal(err)
	}
	if m.index, err = boltmap.Open(boltmap.Config{Dir: m.dir, Secret: secret}); err != nil {
		m.t.Fatal(err)
	}
	m.store.set(m.index, 0, false)
	var accounts []*adapters.Account
	for name, v := range m.vendors {
		out := line(0)
		adapter, err := v.adapter(out)
		if err != nil {
			m.t.Fatal(err)
		}
		accounts = append(accounts, &adapters.Account{
			Name: name, Tenant: "full", Vendor: adapter.Vendor(), Adapter: adapter, Line: out, Default: true,
		})
	}
	m.set = adapters.NewSet(accounts)
	logger := slog.New(slog.DiscardHandler)
	m.d = delivery.New(delivery.Config{
		Store: m.store, Accounts: m.set, Logger: logger,
		Schedule: delivery.Schedule{Min: time.Second, Max: 15 * time.Minute, GiveUpAfter: 7 * time.Hour},
	})
	m.LeadService, _ = service.New(service.Config{
		Store: m.store, Accounts: m.set, Dispatcher: m.d, Secret: secret, Logger: logger,
		Region: "US", Duplicates: leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_REJECT, KeepRequestIDs: 720 * time.Hour,
	})
	if err := m.d.Start(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
}

// end ends the service: with so much time for what is under way, or as the end of the process would, where nothing is stored
// any more.
func (m *model) end(grace time.Duration, crash bool) {
	m.t.Helper()
	m.store.set(m.index, 0, crash)
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	m.d.Close(ctx)
	if err := m.index.Close(); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) wrong(format string, args ...any) {
	m.problems = append(m.problems, fmt.Sprintf(format, args...))
}

// run carries the plan out and returns what is wrong in the end.
func (m *model) run(plan []step) []string {
	m.do(step{what: "create"})
	for _, s := range plan {
		m.do(s)
		if s.after > 0 {
			<-time.After(s.after)
		}
		synctest.Wait()
	}
	for _, v := range m.vendors {
		v.calm()
	}
	m.end(0, true)
	m.start()
	m.do(step{what: "resume"})  // a stop outlasts the crash
	<-time.After(2 * time.Hour) // longer than any wait
	synctest.Wait()
	m.list(50)
	m.judge()
	m.end(time.Minute, false)
	return m.problems
}

// allowed says whether an RPC may end like this: by a refusal, by a vendor's failure, or by a broken index.
func (m *model) allowed(what string, err error) bool {
	if err == nil {
		return true
	}
	_, refused := errors.AsType[*rpcerr.Error](err)
	_, failed := errors.AsType[*adapters.Error](err)
	if !refused && !failed && !errors.Is(err, errDisk) {
		m.wrong("%s: %v", what, err)
	}
	return false
}

// journal is the store of the model: it can fail, and it knows every operation that was ever stored.
type journal struct {
	mu    sync.Mutex
	inner idmap.Store
	fail  int  // the next so many changes fail
	dead  bool // all do
	ops   map[at][]string
}

func (j *journal) set(inner idmap.Store, fail int, dead bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.inner, j.fail, j.dead = inner, fail, dead
}

func (j *journal) store() idmap.Store {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.inner
}

func (j *journal) View(ctx context.Context, fn func(idmap.Reader) error) error {
	return j.store().View(ctx, fn)
}

func (j *journal) Verify(ctx context.Context) (idmap.Report, error) { return j.store().Verify(ctx) }

func (j *journal) DropErased(ctx context.Context) error { return j.store().DropErased(ctx) }

func (j *journal) Close() error { return j.store().Close() }

func (j *journal) Update(ctx context.Context, fn func(idmap.Tx) error) error {
	j.mu.Lock()
	failing := j.dead || j.fail > 0
	j.fail = max(0, j.fail-1)
	j.mu.Unlock()
	if failing {
		return errDisk
	}
	var tx *journalTx
	err := j.store().Update(ctx, func(inner idmap.Tx) error {
		tx = &journalTx{Tx: inner}
		return fn(tx)
	})
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, op := range tx.ops {
		of := at{op.GetLeadId(), op.GetAccount()}
		if !slices.Contains(j.ops[of], op.GetOperationId()) {
			j.ops[of] = append(j.ops[of], op.GetOperationId())
		}
	}
	return nil
}

// count is how many operations there are.
func (j *journal) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, ops := range j.ops {
		n += len(ops)
	}
	return n
}

type journalTx struct {
	idmap.Tx
	ops []*leadmuxv1.Operation
}

func (tx *journalTx) PutOperation(tenant string, op *leadmuxv1.Operation) error {
	tx.ops = append(tx.ops, op)
	return tx.Tx.PutOperation(tenant, op)
}

// PutLead refuses a lead that shows an engagement without a state.
func (tx *journalTx) PutLead(tenant string, lead *leadmuxv1.Lead) error {
	for _, e := range lead.GetEngagements() {
		if strings.HasSuffix(e.GetState().String(), "UNSPECIFIED") && e.GetVendorLeadId() == "" {
			return errors.New("an engagement without a state")
		}
	}
	return tx.Tx.PutLead(tenant, lead)
}

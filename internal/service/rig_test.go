package service_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/rules"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/service"
)

// rig is both services over the real index and dispatcher, with scripted vendors: of tenant "default" the accounts east and
// west (verse) and support (ujet), of which west and support are the default ones; of tenant "other" the account theirs. Tenant
// "full" has accounts of more abilities: all and bot can do everything, plain cannot change or defer, desk only creates and can
// be asked, dumb can do nothing.
type rig struct {
	*service.LeadService
	accounts *service.AccountService

	t       *testing.T
	store   *boltmap.Store
	d       *delivery.Dispatcher
	verse   *vendor // behind east and west
	ujet    *vendor
	set     *adapters.Set
	ctx     context.Context // of a caller who may do everything in "default"
	another context.Context // likewise in "other"

	all    *vendor
	bot    *lister
	plain  *vendor
	desk   *finder
	full   context.Context // of a caller who may do everything in "full"
	secret *seal.Secret
	drift  []string

	letters teller // of tenant "letters"
}

// caller is a principal's context.
func caller(t *testing.T, tenant string, accounts ...string) context.Context {
	t.Helper()
	return auth.With(t.Context(), auth.Principal{Name: "crm", Tenant: tenant, Scopes: []string{"*"}, Accounts: accounts})
}

// inTime runs a test in virtual time, with a rig of its own.
func inTime(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newRig(t, nil)) })
}

// newRig makes a rig; change may alter its configuration.
func newRig(t *testing.T, change func(*service.Config)) *rig {
	t.Helper()
	secret, err := seal.NewSecret(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	store, err := boltmap.Open(boltmap.Config{Dir: t.TempDir(), Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, store: store, verse: &vendor{name: "verse"}, ujet: &vendor{name: "ujet"}, ctx: caller(t, "default"), another: caller(t, "other")}
	r.all, r.plain = &vendor{name: "conversica", rpcs: writes}, &vendor{name: "verse", rpcs: writes[1:3]}
	r.bot, r.desk = &lister{vendor: &vendor{name: "convertalk", rpcs: writes}}, &finder{vendor: &vendor{name: "ujet"}}
	r.full, r.secret = caller(t, "full"), secret
	r.letters = teller{&vendor{name: "verse", rpcs: writes}, map[string]adapters.VendorEvent{}}
	logger := slog.New(slog.DiscardHandler)
	r.set = adapters.NewSet([]*adapters.Account{
		{Name: "east", Tenant: "default", Vendor: "verse", Adapter: r.verse, Line: line(0)},
		{Name: "west", Tenant: "default", Vendor: "verse", Adapter: r.verse, Line: line(0), Default: true},
		{Name: "support", Tenant: "default", Vendor: "ujet", Adapter: r.ujet, Line: line(0), Default: true},
		{Name: "theirs", Tenant: "other", Vendor: "verse", Adapter: &vendor{name: "verse"}, Line: line(0), Default: true},
		{Name: "silent", Tenant: "mutes", Vendor: "mute", Adapter: mute{}, Line: line(0)},
		{Name: "all", Tenant: "full", Vendor: "conversica", Adapter: r.all, Line: line(0), Default: true},
		{Name: "bot", Tenant: "full", Vendor: "convertalk", Adapter: r.bot, Line: line(0)},
		{Name: "plain", Tenant: "full", Vendor: "verse", Adapter: r.plain, Line: line(0)},
		{Name: "desk", Tenant: "full", Vendor: "ujet", Adapter: r.desk, Line: line(0)},
		{Name: "dumb", Tenant: "full", Vendor: "mute", Adapter: mute{}, Line: line(0)},
		{Name: "letters", Tenant: "letters", Vendor: "verse", Adapter: r.letters, Line: line(0), Default: true},
		{Name: "slow", Tenant: "slow", Vendor: "verse", Adapter: r.verse, Line: line(1), Default: true},
	})
	r.d = delivery.New(delivery.Config{
		Store: store, Accounts: r.set, Logger: logger,
		Schedule: delivery.Schedule{Min: time.Hour, Max: 2 * time.Hour, GiveUpAfter: 72 * time.Hour},
	})
	compiled, err := rules.New()
	if err != nil {
		t.Fatal(err)
	}
	cfg := service.Config{
		Rules: compiled, Store: store, Accounts: r.set, Dispatcher: r.d, Secret: secret, Logger: logger,
		Region: "US", Duplicates: leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_REJECT, KeepRequestIDs: 720 * time.Hour,
		OptOutWords: []string{"STOP", "STOPALL"},
		Drift:       func(vendor, what string) { r.drift = append(r.drift, vendor+" "+what) },
	}
	if change != nil {
		change(&cfg)
	}
	r.LeadService, r.accounts = service.New(cfg)
	if err := r.d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r.d.Close(ctx)
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// gate is a store whose changes wait for a signal, so that many calls can be brought to the same point.
type gate struct {
	idmap.Store
	open chan struct{}
}

func (g gate) Update(ctx context.Context, fn func(idmap.Tx) error) error {
	<-g.open
	return g.Store.Update(ctx, fn)
}

// gated makes a rig whose service changes nothing until open is called: then everything that waits at once.
func gated(t *testing.T) (r *rig, open func()) {
	t.Helper()
	g := gate{open: make(chan struct{})}
	r = newRig(t, func(cfg *service.Config) {
		g.Store = cfg.Store
		cfg.Store = g
	})
	return r, func() {
		synctest.Wait()
		close(g.open)
	}
}

func line(perSecond float64) *vendorhttp.Line {
	return vendorhttp.NewLine(vendorhttp.LineConfig{RatePerSecond: perSecond})
}

// create creates a lead at west and waits for it.
func (r *rig) create(lead *leadmuxv1.Lead) *leadmuxv1.Lead {
	r.t.Helper()
	response, err := r.CreateLead(r.ctx, &leadmuxv1.CreateLeadRequest{Lead: lead, Accounts: []string{"west"}})
	if err != nil {
		r.t.Fatal(err)
	}
	return response.GetLead()
}

// leads is how many leads a tenant has.
func (r *rig) leads(tenant string) int {
	r.t.Helper()
	var n int
	err := r.store.View(context.Background(), func(index idmap.Reader) error {
		leads, _, err := index.ListLeads(tenant, idmap.LeadFilter{}, "", 1000)
		n = len(leads)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func seconds(n int64) *durationpb.Duration { return &durationpb.Duration{Seconds: n} }

// refusal is an error as a caller sees it.
type refusal struct {
	code     codes.Code
	reason   string
	message  string
	metadata map[string]string
	fields   []string
}

func refusalOf(t *testing.T, err error) refusal {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	st := rpcerr.Status(context.Background(), slog.New(slog.DiscardHandler), err)
	seen := refusal{code: st.Code(), message: st.Message()}
	for _, detail := range st.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			seen.reason, seen.metadata = detail.GetReason(), detail.GetMetadata()
		case *errdetails.BadRequest:
			for _, v := range detail.GetFieldViolations() {
				seen.fields = append(seen.fields, v.GetField())
			}
		}
	}
	return seen
}

// refused checks that an error is this refusal of these fields.
func refused(t *testing.T, err error, code codes.Code, reason string, fields ...string) refusal {
	t.Helper()
	got := refusalOf(t, err)
	if got.code != code || got.reason != reason || !slices.Equal(got.fields, fields) {
		t.Errorf("got %s %s %v (%s), want %s %s %v", got.code, got.reason, got.fields, got.message, code, reason, fields)
	}
	return got
}

func stateAt(lead *leadmuxv1.Lead, account string) string {
	for _, e := range lead.GetEngagements() {
		if e.GetAccount() == account {
			return strings.TrimPrefix(e.GetState().String(), "ENGAGEMENT_STATE_")
		}
	}
	return "nowhere"
}

func accountsOf(lead *leadmuxv1.Lead) []string {
	var names []string
	for _, e := range lead.GetEngagements() {
		names = append(names, e.GetAccount())
	}
	return names
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func TestEveryRPCWantsACaller(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		nobody := t.Context()
		for name, call := range map[string]func() error{
			"CreateLead": func() error {
				_, err := r.CreateLead(nobody, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Phone: "4155550142"}})
				return err
			},
			"GetLead": func() error { _, err := r.GetLead(nobody, &leadmuxv1.GetLeadRequest{}); return err },
			"LookupLead": func() error {
				_, err := r.LookupLead(nobody, &leadmuxv1.LookupLeadRequest{Phone: "4155550142"})
				return err
			},
			"ListLeads":    func() error { _, err := r.ListLeads(nobody, &leadmuxv1.ListLeadsRequest{}); return err },
			"ListAccounts": func() error { _, err := r.accounts.ListAccounts(nobody, &leadmuxv1.ListAccountsRequest{}); return err },
			"GetAccount": func() error {
				_, err := r.accounts.GetAccount(nobody, &leadmuxv1.GetAccountRequest{Account: "west"})
				return err
			},
			"TestAccount": func() error {
				_, err := r.accounts.TestAccount(nobody, &leadmuxv1.TestAccountRequest{Account: "west"})
				return err
			},
			"ListCapabilities": func() error {
				_, err := r.accounts.ListCapabilities(nobody, &leadmuxv1.ListCapabilitiesRequest{})
				return err
			},
		} {
			err := call()
			if got := refusalOf(t, err); got.code != codes.Unauthenticated || got.reason != "UNAUTHENTICATED" {
				t.Errorf("%s: %v", name, err)
			}
			if _, ok := errors.AsType[*rpcerr.Error](err); !ok {
				t.Errorf("%s: %T", name, err)
			}
		}
	})
}

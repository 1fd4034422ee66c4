package harness

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/conversica"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

// The vendors, which are also the names of the accounts that speak to them.
const (
	Verse      = "verse"
	UJET       = "ujet"
	Conversica = "conversica"
	Convertalk = "convertalk"
)

// VendorNames are all vendors, in the order of their names.
func VendorNames() []string { return []string{Conversica, Convertalk, UJET, Verse} }

// OtherVerseKey is the key of a second Verse account of the emulator, for another tenant.
const OtherVerseKey = "e2e-other-verse-key-71c3"

// What Verse sends its webhooks with.
const (
	HookToken  = "e2e-verse-hook-path-5d20b8"
	HookBearer = "e2e-verse-hook-bearer-91ce"
)

// Vendor is one emulator on a loopback address of its own.
type Vendor struct {
	Name string
	// BaseURL is what the vendor's paths are appended to.
	BaseURL string

	address  string
	emulator emulator
	records  func() ([]Record, error)
	patch    func(settings []byte) error

	mu      sync.Mutex
	server  *http.Server // nil while the vendor is down
	hangsUp bool
}

// emulator is what the four vendor packages have in common.
type emulator interface {
	Handler() http.Handler
	Control() http.Handler
	Ledger() *kit.Ledger
	Faults() *kit.Faults
	Close() error
}

// Vendors are the four emulators.
type Vendors struct {
	byName map[string]*Vendor
}

// Get returns a vendor by name.
func (v *Vendors) Get(name string) *Vendor { return v.byName[name] }

// Vendors starts the four emulators alone, which stop when the test ends.
func (s *Suite) Vendors(tb testing.TB) *Vendors {
	tb.Helper()
	return startVendors(tb, s, tb.TempDir())
}

// HangUp lets the vendors close each connection after its answer.
func (v *Vendors) HangUp() {
	for _, vendor := range v.byName {
		vendor.mu.Lock()
		vendor.hangsUp = true
		vendor.server.SetKeepAlivesEnabled(false)
		vendor.mu.Unlock()
	}
}

// startVendors opens the emulators with their ledgers in dir and lets them listen until the test ends.
func startVendors(tb testing.TB, s *Suite, dir string) *Vendors {
	tb.Helper()
	vs, err := verse.New(verse.Config{Dir: dir, Accounts: []verse.Account{
		{Name: verse.DefaultAccount, Key: verse.DefaultKey}, {Name: "other", Key: OtherVerseKey},
	}})
	must(tb, err)
	uj, err := ujet.New(ujet.Config{Dir: dir})
	must(tb, err)
	cq, err := conversica.New(conversica.Config{Dir: dir})
	must(tb, err)
	ct, err := convertalk.New(convertalk.Config{Dir: dir})
	must(tb, err)
	all := []*Vendor{
		{Name: Verse, BaseURL: verse.BasePath, emulator: vs, records: verseRecords(vs), patch: patchOf(vs.Settings())},
		{Name: UJET, BaseURL: ujet.BasePath, emulator: uj, records: ujetRecords(uj), patch: patchOf(uj.Settings())},
		{Name: Conversica, emulator: cq, records: conversicaRecords(cq), patch: patchOf(cq.Settings())},
		{Name: Convertalk, emulator: ct, records: convertalkRecords(ct), patch: patchOf(ct.Settings())},
	}
	vendors := &Vendors{byName: map[string]*Vendor{}}
	for _, v := range all {
		v.address = s.Address(tb)
		v.BaseURL = "http://" + v.address + v.BaseURL
		vendors.byName[v.Name] = v
		v.Up(tb)
		tb.Cleanup(func() {
			v.Down()
			if err := v.emulator.Close(); err != nil {
				tb.Errorf("close %s: %v", v.Name, err)
			}
		})
	}
	return vendors
}

func patchOf[T any](s *kit.Settings[T]) func([]byte) error {
	return func(raw []byte) error {
		_, err := s.Patch(raw)
		return err
	}
}

// Up lets the vendor listen, on the address it always has.
func (v *Vendor) Up(tb testing.TB) {
	tb.Helper()
	v.Become(tb, v.emulator.Handler())
}

// Become lets another handler answer on the vendor's address, until the next Become, Up or Down.
func (v *Vendor) Become(tb testing.TB, handler http.Handler) {
	tb.Helper()
	v.Down()
	listener := Eventually(tb, 5*time.Second, v.Name+" listens on "+v.address, func() (net.Listener, bool) {
		l, err := net.Listen("tcp", v.address) //nolint:noctx // listening on loopback does not wait
		return l, err == nil
	})
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	v.mu.Lock()
	v.server = server
	server.SetKeepAlivesEnabled(!v.hangsUp)
	v.mu.Unlock()
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("%s stopped serving: %v", v.Name, err)
		}
	}()
}

// Down closes the vendor's listener and every connection: whoever connects is refused.
func (v *Vendor) Down() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.server != nil {
		_ = v.server.Close() // closing twice is no error that matters
		v.server = nil
	}
}

// Plan plans faults.
func (v *Vendor) Plan(tb testing.TB, faults ...kit.Fault) {
	tb.Helper()
	must(tb, v.emulator.Faults().Add(faults...))
}

// Clear removes all planned faults.
func (v *Vendor) Clear() { v.emulator.Faults().Clear() }

// Set merges a JSON object into the vendor's settings.
func (v *Vendor) Set(tb testing.TB, settings string) {
	tb.Helper()
	must(tb, v.patch([]byte(settings)))
}

// Requests are all requests that reached the vendor, in the order they arrived.
func (v *Vendor) Requests(tb testing.TB) []kit.Request {
	tb.Helper()
	requests, err := v.emulator.Ledger().Requests()
	must(tb, err)
	return requests
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// Planned is how many faults are still to come.
func (v *Vendor) Planned() int { return len(v.emulator.Faults().List()) }

package service_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// emulator is what all emulators are.
type emulator interface {
	Handler() http.Handler
	Faults() *kit.Faults
	Ledger() *kit.Ledger
	Close() error
}

// emulatedVendor is a real adapter in front of an emulator on a real socket. Faults are made by the emulator, but for those that
// need time to pass: it lives outside of the model's virtual time, in which a request takes none.
type emulatedVendor struct {
	kind
	emulator emulator
	url      string
	clock    *vendorClock
	// build makes the adapter; list reads the emulator's ledger, the newest first; hold puts the account on hold, where the
	// vendor has that.
	build func(url string, line *vendorhttp.Line) (adapters.Adapter, error)
	list  func() ([]entry, error)
	hold  func(on bool)
	// visit makes a lead that we did not send, where there may be such; act is what people do at a vendor that can be read.
	visit func(email string)
	act   func(id string, live bool)

	t        *testing.T
	stop     func()
	mu       sync.Mutex
	faults   []string // of the next attempts; then it takes everything
	saw      []attempted
	reopened map[string]bool // vendor IDs that people there opened again
}

// emulated starts a vendor's emulator. It must be called outside of virtual time.
func emulated(t *testing.T, e emulator, base string, v *emulatedVendor) *emulatedVendor {
	t.Helper()
	handler := e.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // one that is kept open would keep virtual time from passing
		handler.ServeHTTP(w, r)
	}))
	v.t, v.emulator, v.url, v.reopened = t, e, server.URL+base, map[string]bool{}
	v.stop = func() {
		server.Close()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	return v
}

func (v *emulatedVendor) is() kind { return v.kind }

func (v *emulatedVendor) adapter(line *vendorhttp.Line) (adapters.Adapter, error) {
	inner, err := v.build(v.url, line)
	if err != nil {
		return nil, err
	}
	writer := watchedWriter{inner.(adapters.LeadWriter), v}
	switch inner := inner.(type) {
	case adapters.LeadLister:
		return watchedLister{writer, inner}, nil
	case adapters.LeadFinder:
		return watchedFinder{writer, inner}, nil
	default:
		return writer, nil
	}
}

func (v *emulatedVendor) plan(faults []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = append(v.faults, faults...)
}

func (v *emulatedVendor) calm() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = nil
	v.emulator.Faults().Clear()
}

func (v *emulatedVendor) entries() []entry {
	all, err := v.list()
	if err != nil {
		v.t.Error(err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range all {
		all[i].reopened = v.reopened[all[i].id]
	}
	return all
}

func (v *emulatedVendor) stranger(email string) {
	v.clock.set()
	v.visit(email)
}

func (v *emulatedVendor) turn(n int, live bool) {
	v.clock.set()
	all := v.entries()
	if len(all) == 0 || all[n%len(all)].live == live {
		return
	}
	id := all[n%len(all)].id
	v.act(id, live)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reopened[id] = live
}

func (v *emulatedVendor) log() []attempted {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.saw)
}

// watchedWriter is an adapter whose attempts are noted and met with faults.
type watchedWriter struct {
	adapters.LeadWriter
	v *emulatedVendor
}

// watchedLister and watchedFinder have the abilities that the adapter has.
type watchedLister struct {
	watchedWriter
	adapters.LeadLister
}

type watchedFinder struct {
	watchedWriter
	adapters.LeadFinder
}

func (l watchedLister) Vendor() string { return l.watchedWriter.Vendor() }
func (f watchedFinder) Vendor() string { return f.watchedWriter.Vendor() }

func (w watchedWriter) LeadWrite(rpc string) (adapters.LeadWrite, bool) {
	write, ok := w.LeadWriter.LeadWrite(rpc)
	send := write.Send
	write.Send = func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
		return w.v.meet(ctx, rpc, in, send)
	}
	return write, ok
}

// meet makes an attempt with the next fault.
func (v *emulatedVendor) meet(
	ctx context.Context, rpc string, in adapters.LeadInput, send func(context.Context, adapters.LeadInput) (adapters.LeadResult, error),
) (adapters.LeadResult, error) {
	v.clock.set()
	v.mu.Lock()
	var fault emulatedFault
	if len(v.faults) > 0 {
		fault, v.faults = emulatedFaults[v.faults[0]], v.faults[1:]
	}
	v.saw = append(v.saw, attemptOf(rpc, in))
	v.mu.Unlock()
	if fault.unsent != nil {
		failure := *fault.unsent
		failure.Vendor, failure.Op = in.Engagement.GetVendor(), rpc
		return adapters.LeadResult{}, &failure
	}
	if err := v.emulator.Faults().Add(fault.requests...); err != nil {
		v.t.Error(err)
	}
	if fault.hold && v.hold != nil {
		v.hold(true)
		defer v.hold(false)
	}
	result, err := send(ctx, in)
	v.emulator.Faults().Clear() // what the attempt made no request for
	v.closedByUs()
	if fault.late > 0 {
		select {
		case <-time.After(fault.late):
		case <-ctx.Done():
			return adapters.LeadResult{}, &adapters.Error{Vendor: in.Engagement.GetVendor(), Op: rpc, Kind: adapters.KindTimeout, Ambiguous: true}
		}
	}
	return result, err
}

// closedByUs forgets that people opened what is closed by now.
func (v *emulatedVendor) closedByUs() {
	if !v.canBeRead {
		return
	}
	for _, e := range v.entries() {
		if !e.live {
			v.mu.Lock()
			delete(v.reopened, e.id)
			v.mu.Unlock()
		}
	}
}

// emulatedFault is what can happen to an attempt.
type emulatedFault struct {
	requests []kit.Fault     // of its requests, at the emulator
	unsent   *adapters.Error // it does not get as far as the vendor
	late     time.Duration   // its outcome is held back so long
	hold     bool            // the account is on hold meanwhile
}

const html = "<html><body>Bad gateway</body></html>"

var emulatedFaults = map[string]emulatedFault{
	"takes":                                {},
	"takes slowly":                         {late: 20 * time.Second},
	"takes and says nothing":               {late: time.Hour},
	"takes and hangs up":                   {requests: []kit.Fault{{Drop: true, After: true}}},
	"takes and breaks down":                {requests: []kit.Fault{{Status: 500, After: true}}},
	"takes and sends half":                 {requests: []kit.Fault{{Truncate: true}}},
	"takes and a gateway answers":          {requests: []kit.Fault{{Status: 502, Body: html, After: true, Header: map[string]string{"Content-Type": "text/html"}}}},
	"hangs up":                             {requests: []kit.Fault{{Drop: true}}},
	"breaks down":                          {requests: []kit.Fault{{Status: 503}}},
	"breaks down in the campaign":          {requests: []kit.Fault{{Status: 503, Path: "/outbound_dialer"}}},
	"takes into the campaign and hangs up": {requests: []kit.Fault{{Drop: true, After: true, Path: "/outbound_dialer"}}},
	"asks for patience":                    {requests: []kit.Fault{{Status: 429, Header: map[string]string{"Retry-After": "1200"}}}},
	"refuses our credentials":              {requests: []kit.Fault{{Status: 401, Body: `{"message":"Unauthorized"}`}}},
	"refuses without reason":               {requests: []kit.Fault{{Status: 418}}},
	"is on hold":                           {hold: true},
	"cannot be reached":                    {unsent: &adapters.Error{Kind: adapters.KindUnavailable}},
}

// vendorClock is the emulators' clock: it follows virtual time, and no two moments of it are the same in milliseconds.
type vendorClock struct {
	mu   sync.Mutex
	last time.Time
}

// set brings the clock to the model's time.
func (c *vendorClock) set() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.After(c.last) {
		c.last = now
	}
}

func (c *vendorClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = c.last.Add(time.Millisecond)
	return c.last
}

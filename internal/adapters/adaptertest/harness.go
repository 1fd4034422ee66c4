// Package adaptertest is the conformance suite that every adapter runs against the emulator of its vendor: for each RPC it can
// do, what comes of it when all goes well, and of every kind of failure, seen from the adapter and from the vendor's ledger.
// RunFixtures beside it plays exchanges that were taken by hand from a vendor's documentation.
//
// Only tests import it. It talks to loopback, over real sockets.
package adaptertest

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Sandbox is a fresh emulator as the suite needs it.
type Sandbox struct {
	// Handler is the vendor's API.
	Handler http.Handler
	// BasePath follows the server's address in the adapter's base URL, such as "/v1"; may be empty.
	BasePath string
	// Faults is the emulator's plan of misbehaviour.
	Faults *kit.Faults
	// Ledger is what happened at the emulator.
	Ledger *kit.Ledger
}

// Harness is what the suite must know of an adapter and its vendor. All but Options and Silent is required.
type Harness struct {
	// Start starts an emulator with an empty ledger and closes it when the test ends.
	Start func(t *testing.T) Sandbox
	// New makes the adapter with the emulator's credentials and a line without a limit.
	New func(t *testing.T, baseURL string) adapters.LeadWriter
	// NewBad is New with credentials that the emulator refuses.
	NewBad func(t *testing.T, baseURL string) adapters.LeadWriter
	// Kind is the kind of record in the ledger of which a create makes one, and nothing else makes or removes one.
	Kind string
	// Secrets are what must appear nowhere: the credentials as configured and as sent, those of NewBad too.
	Secrets []string
	// Options are given with every CreateLead; may be nil.
	Options *leadmuxv1.VendorOptions
	// Silent are our paths of fields that stay with us without a warning, by design of the adapter.
	Silent []string
}

// vendor is a running emulator.
type vendor struct {
	t       *testing.T
	h       Harness
	box     Sandbox
	server  *httptest.Server
	base    string
	arrived chan string // the method of every request, as it arrives
}

// start starts an emulator behind a server of its own.
func (h Harness) start(t *testing.T) *vendor {
	t.Helper()
	v := &vendor{t: t, h: h, box: h.Start(t), arrived: make(chan string, 1000)}
	v.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.arrived <- r.Method
		v.box.Handler.ServeHTTP(w, r)
	}))
	v.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	v.server.Start()
	t.Cleanup(v.server.Close)
	v.base = v.server.URL + v.box.BasePath
	return v
}

// adapter is the adapter with good credentials.
func (v *vendor) adapter() adapters.LeadWriter { return v.h.New(v.t, v.base) }

// fault plans one misbehaviour.
func (v *vendor) fault(f kit.Fault) {
	v.t.Helper()
	if err := v.box.Faults.Add(f); err != nil {
		v.t.Fatalf("plan a fault: %v", err)
	}
}

// input is the n-th lead, to be created.
func (h Harness) input(n int) adapters.LeadInput {
	return adapters.LeadInput{Lead: FullLead(n), Options: h.Options}
}

// records counts the vendor's records.
func (v *vendor) records() int {
	v.t.Helper()
	count := 0
	err := v.box.Ledger.View(func(tx *kit.Tx) error {
		return tx.Each(v.h.Kind, func(string, json.RawMessage) error {
			count++
			return nil
		})
	})
	if err != nil {
		v.t.Fatalf("count the vendor's records: %v", err)
	}
	return count
}

// wantRecords checks the number of the vendor's records.
func (v *vendor) wantRecords(want int) {
	v.t.Helper()
	if got := v.records(); got != want {
		v.t.Errorf("the vendor has %d records of kind %q, want %d", got, v.h.Kind, want)
	}
}

// requests are those that reached the vendor.
func (v *vendor) requests() []kit.Request {
	v.t.Helper()
	all, err := v.box.Ledger.Requests()
	if err != nil {
		v.t.Fatalf("read the vendor's requests: %v", err)
	}
	return all
}

// send does an RPC once.
func (v *vendor) send(ctx context.Context, a adapters.LeadWriter, rpc string, in adapters.LeadInput) (adapters.LeadResult, error) {
	v.t.Helper()
	return Write(v.t, a, rpc).Send(ctx, in)
}

// refusedAddress is a loopback address on which nothing listens.
func refusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	return address
}

package delivery_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/delivery"
)

// overHTTP is a vendor behind the real transport.
type overHTTP struct {
	*vendor
	client *vendorhttp.Client
}

func (v overHTTP) LeadWrite(rpc string) (adapters.LeadWrite, bool) {
	write, ok := v.vendor.LeadWrite(rpc)
	write.Send = v.CreateLead
	return write, ok
}

func (v overHTTP) CreateLead(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
	a, err := v.client.Send(ctx, vendorhttp.Call{Op: "CreateLead", Route: "CreateLead"})
	if err != nil {
		return adapters.LeadResult{}, err
	}
	return adapters.LeadResult{
		VendorLeadID: "v-" + in.Lead.GetLeadId(), State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, HTTPStatus: a.Status,
	}, nil
}

// httpAccount is an account at a real server on loopback, in real time.
func httpAccount(t *testing.T, handler http.HandlerFunc) *adapters.Account {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	line := vendorhttp.NewLine(vendorhttp.LineConfig{})
	client, err := vendorhttp.New(vendorhttp.Config{
		Vendor: "verse", Account: "west", BaseURL: server.URL, Line: line,
		Routes: vendorhttp.Routes{"CreateLead": {Method: http.MethodPost, Path: "/leads"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &adapters.Account{Name: "west", Tenant: tenant, Vendor: "verse", Adapter: overHTTP{newVendor(detectable, took), client}, Line: line}
}

func TestRetryAfterOverHTTPIsObeyedUpToOneHour(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]time.Duration{"2400": 40 * time.Minute, "86400": time.Hour} {
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, httpAccount(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", asked)
				w.WriteHeader(http.StatusTooManyRequests)
			}))
			lead := r.settled(r.create(somebody()))
			op := r.op(lead.GetLeadId())
			got := op.GetNextAttemptTime().AsTime().Sub(op.GetAttempts()[0].GetEndTime().AsTime())
			if got < want-time.Minute || got > want {
				t.Errorf("the next attempt comes after %s, want %s", got, want)
			}
			r.wants(lead.GetLeadId(), "QUEUED", "VENDOR_RATE_LIMITED")
		})
	}
}

func TestACutConnectionIsUnsureAndARefusedOneIsNot(t *testing.T) {
	t.Parallel()
	cut := httpAccount(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = connection.Close()
	})
	gone := httpAccount(t, func(http.ResponseWriter, *http.Request) {})
	for name, c := range map[string]struct {
		account *adapters.Account
		unsure  bool
	}{"cut": {cut, true}, "nobody there": {gone, false}} {
		t.Run(name, func(t *testing.T) {
			if !c.unsure {
				c.account.Adapter = overHTTP{newVendor(detectable, took), deadEnd(t, c.account.Line.(*vendorhttp.Line))}
			}
			r := idleRig(t, delivery.Schedule{Min: 1000 * time.Hour, Max: 1000 * time.Hour, GiveUpAfter: 9000 * time.Hour}, c.account)
			r.start()
			id := r.settled(r.create(somebody())).GetLeadId()
			if got := r.op(id).GetAmbiguous(); got != c.unsure {
				t.Errorf("unsure is %t", got)
			}
			r.wants(id, "QUEUED", "VENDOR_UNAVAILABLE")
		})
	}
}

// deadEnd is a client for a port where nobody listens.
func deadEnd(t *testing.T, line *vendorhttp.Line) *vendorhttp.Client {
	t.Helper()
	server := httptest.NewServer(nil)
	server.Close()
	client, err := vendorhttp.New(vendorhttp.Config{
		Vendor: "verse", Account: "west", BaseURL: server.URL, Line: line,
		Routes: vendorhttp.Routes{"CreateLead": {Method: http.MethodPost, Path: "/leads"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// settled waits, in real time, until nothing more is to be expected of a lead soon.
func (r *rig) settled(id string) *leadmuxv1.Lead {
	r.t.Helper()
	lead, err := r.d.Wait(r.t.Context(), tenant, id, 10*time.Second)
	if err != nil {
		r.t.Fatal(err)
	}
	return lead
}

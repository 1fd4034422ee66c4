package adaptertest

import (
	"slices"
	"strings"
	"sync"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// once does the RPC when all is well, and returns the method of its first request that changes something; empty when it has
// nothing to send.
func (s suite) once(t *testing.T) string {
	tr := s.begin(t)
	w := Write(t, tr.adapter(), s.rpc)
	if class := w.Class(tr.in); class == 0 {
		t.Error("the class is not specified")
	}
	previewed, beforehand, err := w.Preview(tr.in)
	if err != nil {
		t.Fatalf("preview: %v", err)
	}
	got, err := w.Send(t.Context(), tr.in)
	if err != nil {
		t.Fatalf("%s: %v", s.rpc, err)
	}
	if s.rpc == createLead {
		tr.wantCreated(got)
	}
	for _, w := range got.Warnings {
		s.wantClean(t, "a warning", show(w), tr.in)
		if warned([]*leadmuxv1.Warning{w}, w.GetField()) && !warned(beforehand, w.GetField()) {
			t.Errorf("the preview does not warn about %s", w.GetField())
		}
	}
	changes := tr.changes()
	if len(changes) == 0 {
		if sent := len(tr.sent()); sent != 0 || got.HTTPStatus != 0 || s.rpc == createLead {
			t.Errorf("%d requests changed nothing; status %d", sent, got.HTTPStatus)
		}
		return ""
	}
	if got.HTTPStatus < 200 || got.HTTPStatus > 299 {
		t.Errorf("got status %d, want a 2xx", got.HTTPStatus)
	}
	tr.wantRecords(1)
	tr.wantPreviewed(previewed, changes)
	return changes[0].Method
}

func (tr *trial) wantCreated(got adapters.LeadResult) {
	tr.t.Helper()
	if got.State != leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE {
		tr.t.Errorf("got state %s, want ACTIVE", got.State)
	}
	if got.VendorLeadID == "" {
		tr.t.Error("got no vendor ID")
	}
}

// createParallel uses one adapter from several goroutines.
func createParallel(t *testing.T, h Harness) {
	const leads = 8
	v := h.start(t)
	a := v.adapter()
	var wg sync.WaitGroup
	ids := make([]string, leads)
	for n := range leads {
		wg.Go(func() {
			got, err := v.send(t.Context(), a, createLead, h.input(n))
			if err != nil {
				t.Errorf("create %d: %v", n, err)
			}
			ids[n] = got.VendorLeadID
		})
	}
	wg.Wait()
	v.wantRecords(leads)
	slices.Sort(ids)
	if distinct := len(slices.Compact(ids)); distinct != leads {
		t.Errorf("got %d different vendor IDs, want %d", distinct, leads)
	}
}

func capabilities(t *testing.T, h Harness) {
	a := h.New(t, "http://127.0.0.1:1")
	d, ok := a.(adapters.Describer)
	if !ok {
		t.Fatal("the adapter is no Describer")
	}
	all := d.Capabilities()
	if !slices.IsSortedFunc(all, func(a, b *leadmuxv1.Capability) int { return strings.Compare(a.GetRpc(), b.GetRpc()) }) {
		t.Error("the capabilities are not ordered by RPC")
	}
	for _, rpc := range append(h.offers(t), "TestAccount") {
		i := slices.IndexFunc(all, func(c *leadmuxv1.Capability) bool { return c.GetRpc() == rpc })
		if i < 0 {
			t.Errorf("%s is not among the capabilities", rpc)
			continue
		}
		// An adapter whose class depends on the lead says here what it is without options.
		c := all[i]
		if c.GetRoute() == "" || c.GetEvidence() == 0 || c.GetIdempotencyClass() == 0 {
			t.Errorf("route, evidence or class is missing: %s", show(c))
		}
	}
}

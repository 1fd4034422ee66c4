package adaptertest

import (
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

const (
	createLead = "CreateLead"
	optOutLead = "OptOutLead"
	reconsent  = "Reconsent"
)

// rpcs are all that a LeadWriter can be asked for.
var rpcs = []string{createLead, "UpdateLead", "EndConversation", "StopConversation", "DeferConversation", optOutLead, reconsent, "EraseLead"}

// Write is the adapter's way of an RPC. It ends the test when there is none.
func Write(t *testing.T, a adapters.LeadWriter, rpc string) adapters.LeadWrite {
	t.Helper()
	w, ok := a.LeadWrite(rpc)
	if !ok {
		t.Fatalf("the adapter has no %s", rpc)
	}
	return w
}

// offers are the RPCs that the adapter can do.
func (h Harness) offers(t *testing.T) []string {
	t.Helper()
	a := h.New(t, "http://127.0.0.1:1")
	var all []string
	for _, rpc := range rpcs {
		if _, ok := a.LeadWrite(rpc); ok {
			all = append(all, rpc)
		}
	}
	return all
}

// trial is one RPC about to be done at a vendor that is ready for it: but for CreateLead, it has the lead already.
type trial struct {
	*vendor
	rpc string
	in  adapters.LeadInput
	// method is that of the RPC's first request that changes something at the vendor; empty when none does.
	method string
	// before are the requests and records that the vendor had.
	requestsBefore, recordsBefore int
}

// suite is the cases of one RPC.
type suite struct {
	Harness
	rpc    string
	method string
}

// begin starts an emulator and prepares it for the RPC.
func (s suite) begin(t *testing.T) *trial {
	t.Helper()
	v := s.start(t)
	tr := &trial{vendor: v, rpc: s.rpc, in: s.input(0), method: s.method}
	if s.rpc == createLead {
		return tr
	}
	made, err := v.send(t.Context(), v.adapter(), createLead, tr.in)
	if err != nil {
		t.Fatalf("create the lead: %v", err)
	}
	tr.in.Options, tr.in.Reason = nil, "no longer wanted"
	tr.in.Engagement = &leadmuxv1.Engagement{
		Account: "main", Vendor: v.adapter().Vendor(), VendorLeadId: made.VendorLeadID, State: made.State,
		VendorStatus: made.VendorStatus, VendorUrl: made.VendorURL, VendorRefs: made.VendorRefs,
	}
	if s.rpc == optOutLead || s.rpc == reconsent {
		tr.in.Scope, tr.in.Reason = leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL, ""
	}
	if s.rpc == reconsent { // there is something to take back
		if _, err := v.send(t.Context(), v.adapter(), optOutLead, tr.in); err != nil {
			t.Fatalf("opt the lead out: %v", err)
		}
	}
	if s.rpc == "UpdateLead" {
		// Else a vendor could rightly say that nothing changed.
		tr.in.Lead.FirstName = "Konstanze"
	}
	tr.requestsBefore, tr.recordsBefore = len(v.requests()), v.records()
	for len(v.arrived) > 0 {
		<-v.arrived
	}
	return tr
}

// sent are the requests of the trial that reached the vendor.
func (tr *trial) sent() []kit.Request {
	tr.t.Helper()
	return tr.requests()[tr.requestsBefore:]
}

// changes are those of them that changed something.
func (tr *trial) changes() []kit.Request {
	tr.t.Helper()
	var all []kit.Request
	for _, r := range tr.sent() {
		if r.Effect != "" {
			all = append(all, r)
		}
	}
	return all
}

// wantDone checks that the vendor has done the RPC's first change, and has the lead once.
func (tr *trial) wantDone() {
	tr.t.Helper()
	if len(tr.changes()) == 0 {
		tr.t.Errorf("%s changed nothing at the vendor", tr.rpc)
	}
	tr.wantRecords(1)
}

// wantUndone checks that nothing changed at the vendor.
func (tr *trial) wantUndone() {
	tr.t.Helper()
	if n := len(tr.changes()); n != 0 {
		tr.t.Errorf("%s changed something at the vendor in %d requests", tr.rpc, n)
	}
	tr.wantRecords(tr.recordsBefore)
}

// faultWrite plans a misbehaviour for the requests that change something.
func (tr *trial) faultWrite(f kit.Fault) {
	tr.t.Helper()
	f.Method = tr.method
	tr.fault(f)
}

// writes counts the requests of the kind that changes something.
func (tr *trial) writes() int {
	tr.t.Helper()
	n := 0
	for _, r := range tr.sent() {
		if r.Method == tr.method {
			n++
		}
	}
	return n
}

package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// callerWaits is the wait of the calls here, and patience what a call may take beyond it on a busy machine.
const (
	callerWaits = 300 * time.Millisecond
	patience    = 5 * time.Second
)

// TestFaults makes each vendor misbehave in each way of the table, over both transports.
func TestFaults(t *testing.T) {
	t.Parallel()
	done := map[fault]bool{silent: true} // has a test of its own
	for _, o := range outcomes {
		if done[o.fault] {
			continue
		}
		done[o.fault] = true
		for _, via := range harness.Vias() {
			t.Run(string(o.fault)+"/"+string(via), func(t *testing.T) {
				t.Parallel()
				env := suite.Start(t, harness.Options{RetryMin: 100 * time.Millisecond, RetryMax: 300 * time.Millisecond})
				for i, vendor := range allFour {
					if at := slices.IndexFunc(outcomes, func(r outcome) bool { return r.fault == o.fault && slices.Contains(r.vendors, vendor) }); at >= 0 {
						s := scenario{env: env, client: env.Server.Client(via), outcome: outcomes[at], vendor: vendor, first: 10 * i}
						t.Run(vendor, s.run)
					}
				}
			})
		}
	}
}

// scenario is one vendor's fault and what becomes of a lead that goes to all four.
type scenario struct {
	outcome
	env    *harness.Env
	client harness.Client
	vendor string
	first  int // number of the first invented person
}

func (s scenario) run(t *testing.T) {
	person := harness.Person(s.first)
	s.inject(t, person)
	begin := time.Now()
	lead := s.client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: person, Wait: harness.Wait(callerWaits)})
	if took := time.Since(begin); took > callerWaits+patience {
		t.Errorf("the call took %s, with wait %s", took, callerWaits)
	}
	lead = s.reaches(t, lead.GetLeadId(), s.state, s.reason)
	if e := harness.At(lead, s.vendor); s.reason != "" && (e.GetError().GetMessage() == "" || strings.Contains(e.GetError().GetMessage(), "<")) {
		t.Errorf("the error's message is %q", e.GetError().GetMessage())
	}
	s.follow(t, lead)
}

// at is the vendor as the judge sees it.
func (s scenario) at() *harness.Vendor { return s.env.Vendors.Get(s.vendor) }

func (s scenario) inject(t *testing.T, person *leadmuxv1.Lead) {
	t.Helper()
	switch {
	case s.fault == down:
		s.at().Down()
	case s.fault == onHold:
		s.at().Set(t, `{"hold": true}`)
	case s.fault == closed:
		s.at().Set(t, `{"intakeClosed": true}`)
	case s.fault == stranger && s.vendor == harness.Verse:
		s.at().Stranger(t, person)
	default:
		s.at().Plan(t, plans[s.fault]...)
	}
}

// mend ends the fault.
func (s scenario) mend(t *testing.T) {
	t.Helper()
	switch s.fault {
	case down:
		s.at().Up(t)
	case onHold:
		s.at().Set(t, `{"hold": null}`)
	case closed:
		s.at().Set(t, `{"intakeClosed": null}`)
	default:
		s.at().Clear()
	}
}

// reaches waits until the engagement is in a state and the other three are ACTIVE. An attempt that follows a QUEUED one may
// have begun when we look: the error then still stands.
func (s scenario) reaches(t *testing.T, leadID, state, reason string) *leadmuxv1.Lead {
	t.Helper()
	want := strings.TrimSpace(state + " " + reason)
	var lead *leadmuxv1.Lead
	harness.Eventually(t, settled, s.vendor+" is "+want+" and the others are ACTIVE", func() (string, bool) {
		lead = s.client.Get(t, leadID)
		for _, e := range lead.GetEngagements() {
			is, good := harness.State(e), is(e, "ACTIVE", "")
			if e.GetAccount() == s.vendor {
				good = is == want || state == "QUEUED" && reason != "" && is == "SENDING "+reason && e.GetAttempts() > 1
			}
			if !good {
				return harness.States(lead), false
			}
		}
		return harness.States(lead), len(lead.GetEngagements()) == len(allFour)
	})
	return lead
}

func is(e *leadmuxv1.Engagement, state, reason string) bool {
	return harness.State(e) == strings.TrimSpace(state+" "+reason)
}

// follow ends the fault and checks what comes after.
func (s scenario) follow(t *testing.T, lead *leadmuxv1.Lead) {
	t.Helper()
	switch s.follows {
	case comes, again, upsert, anew, ours:
		s.mend(t)
		s.arrives(t, s.client.Reaches(t, lead.GetLeadId(), harness.AllActive, settled))
	case final:
		s.mend(t)
		s.staysOut(t, lead)
	case stopped, waits:
		s.waitsForTest(t, lead)
	case later:
		retry := harness.At(lead, s.vendor).GetError().GetRetryTime().AsTime()
		if in := time.Until(retry); in < 14*time.Minute || in > time.Hour {
			t.Errorf("the next attempt is in %s", in)
		}
		s.mend(t)
	}
}

// arrives checks a lead that has become ACTIVE: it is at the vendor exactly once.
func (s scenario) arrives(t *testing.T, lead *leadmuxv1.Lead) {
	t.Helper()
	s.once(t, lead)
	e := harness.At(lead, s.vendor)
	pending := slices.ContainsFunc(e.GetWarnings(), func(w *leadmuxv1.Warning) bool { return w.GetCode() == "VENDOR_ID_PENDING" })
	if want := s.follows == ours; pending != want || (e.GetVendorLeadId() == "") != want {
		t.Errorf("vendor lead ID %q, warnings %v", e.GetVendorLeadId(), e.GetWarnings())
	}
	if id := e.GetVendorLeadId(); id != "" {
		if found := s.client.Lookup(t, &leadmuxv1.LookupLeadRequest{Account: s.vendor, VendorLeadId: id}); found != lead.GetLeadId() {
			t.Errorf("the look-up by vendor ID %s finds %q", id, found)
		}
	}
}

// once checks that every vendor has the person exactly once, under our ID.
func (s scenario) once(t *testing.T, lead *leadmuxv1.Lead) {
	t.Helper()
	for _, vendor := range allFour {
		atVendorOnce(t, s.env.Vendors.Get(vendor), lead)
	}
}

// atVendorOnce checks that a vendor has the lead exactly once.
func atVendorOnce(t *testing.T, v *harness.Vendor, lead *leadmuxv1.Lead) {
	t.Helper()
	records := v.Records(t, lead.GetEmail())
	if len(records) != 1 || v.Created(t, lead.GetEmail()) != 1 {
		t.Errorf("%s has %+v, created %d times", v.Name, records, v.Created(t, lead.GetEmail()))
		return
	}
	if v.Name != harness.Convertalk && records[0].Ours != lead.GetLeadId() {
		t.Errorf("%s has %q as our ID, not %s", v.Name, records[0].Ours, lead.GetLeadId())
	}
}

// staysOut checks that a refused lead was asked about once and stays as it is, while the next one goes through.
func (s scenario) staysOut(t *testing.T, lead *leadmuxv1.Lead) {
	t.Helper()
	next := s.client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(s.first + 1)})
	s.once(t, s.client.Reaches(t, next.GetLeadId(), harness.AllActive, settled))
	s.reaches(t, lead.GetLeadId(), s.state, s.reason)
	asked := 1
	if s.fault == stranger && s.vendor == harness.Verse {
		asked++ // the stranger
	}
	if got := s.at().Asked(t, lead.GetEmail()); got != asked {
		t.Errorf("%s was asked %d times about the person, not %d", s.vendor, got, asked)
	}
}

// waitsForTest checks that a stopped account gets nothing until it is tested.
func (s scenario) waitsForTest(t *testing.T, lead *leadmuxv1.Lead) {
	t.Helper()
	if bad := s.client.Test(t, s.vendor); bad.GetOk() || bad.GetError().GetReason() != s.reason || !bad.GetAccount().GetHealth().GetStopped() {
		t.Errorf("the test of the account before it is mended says %v", bad)
	}
	s.mend(t)
	before := len(s.at().Requests(t))
	next := s.client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(s.first + 1), Wait: harness.Wait(callerWaits)})
	next = s.reaches(t, next.GetLeadId(), "QUEUED", "ACCOUNT_STOPPED")
	if sent := len(s.at().Requests(t)) - before; sent != 0 {
		t.Errorf("%d requests went to a stopped account", sent)
	}
	if good := s.client.Test(t, s.vendor); !good.GetOk() || good.GetAccount().GetHealth().GetStopped() {
		t.Errorf("the test of the mended account says %v", good)
	}
	s.once(t, s.client.Reaches(t, next.GetLeadId(), harness.AllActive, settled))
	if s.follows == waits {
		s.once(t, s.client.Reaches(t, lead.GetLeadId(), harness.AllActive, settled))
		return
	}
	s.reaches(t, lead.GetLeadId(), s.state, s.reason)
	if asked := s.at().Asked(t, lead.GetEmail()); asked != 1 {
		t.Errorf("%s was asked %d times about the refused lead", s.vendor, asked)
	}
}

// TestSilentVendors lets all four vendors say nothing for 30 s to one lead by each transport.
func TestSilentVendors(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	for _, vendor := range allFour {
		env.Vendors.Get(vendor).Plan(t, kit.Fault{DelayMS: 45_000, Count: 2}, kit.Fault{DelayMS: 1500, Count: 2})
	}
	var leads []*leadmuxv1.Lead
	for i, via := range harness.Vias() {
		begin := time.Now()
		lead := env.Server.Client(via).Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(i), Wait: harness.Wait(callerWaits)})
		if took := time.Since(begin); took > callerWaits+patience {
			t.Errorf("the call over %s took %s", via, took)
		}
		for _, e := range lead.GetEngagements() {
			if !is(e, "SENDING", "") {
				t.Errorf("%s is %s", e.GetAccount(), harness.State(e))
			}
		}
		leads = append(leads, lead)
	}
	for i, via := range harness.Vias() {
		client := env.Server.Client(via)
		harness.Eventually(t, 30*time.Second+settled, "every attempt has ended", func() (string, bool) {
			lead := client.Get(t, leads[i].GetLeadId())
			for _, e := range lead.GetEngagements() {
				if e.GetError().GetReason() != "VENDOR_TIMEOUT" {
					return harness.States(lead), false
				}
			}
			return harness.States(lead), true
		})
		lead := client.Reaches(t, leads[i].GetLeadId(), harness.AllActive, settled)
		for _, vendor := range allFour {
			atVendorOnce(t, env.Vendors.Get(vendor), lead)
		}
	}
}

const statesDocument = "../../docs/ENGAGEMENT-STATES.md"

// TestDocumentedOutcomes checks that the document has the rows of both tables, neither more nor fewer.
func TestDocumentedOutcomes(t *testing.T) {
	t.Parallel()
	rows := ""
	for _, o := range outcomes {
		rows += o.row() + "\n"
	}
	document(t, statesDocument, "| The vendor … | vendor | state | reason | what follows |\n| --- | --- | --- | --- | --- |\n", rows)
	rows = ""
	for _, o := range opOutcomes {
		rows += o.row() + "\n"
	}
	document(t, statesDocument, "| The vendor … | operation | vendor | state | reason | what follows |\n| --- | --- | --- | --- | --- | --- |\n", rows)
}

package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// reconsents takes an opt-out back, where the vendor can be told of that.
func (w *worker) reconsents(t *testing.T) {
	lead := w.lead(t)
	w.client.Change(t, "LeadService.OptOutLead", optOutLead.request(lead, w.vendor))
	want := "ACKNOWLEDGED"
	if _, lacking := lacks[cell{"Reconsent", w.vendor}]; lacking {
		want = "UNSUPPORTED"
	}
	w.noted(t, "Reconsent", func() {
		var answer leadmuxv1.ReconsentResponse
		w.client.Must(t, "SuppressionService.Reconsent", &leadmuxv1.ReconsentRequest{
			LeadId: lead.GetLeadId(), Scope: leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL, Evidence: "signed a form", Source: "form",
		}, &answer)
		id := answer.GetSuppressions()[0].GetSuppressionId()
		harness.Eventually(t, settled, "the vendor was told", func() (string, bool) {
			notices := suppression(t, w.client, id).GetReconsents()[0].GetNotices()
			return noticed(notices), noticed(notices) == w.vendor+" "+want
		})
	})
}

func suppression(t *testing.T, client harness.Client, id string) *leadmuxv1.Suppression {
	t.Helper()
	var answer leadmuxv1.GetSuppressionResponse
	client.Must(t, "SuppressionService.GetSuppression", &leadmuxv1.GetSuppressionRequest{SuppressionId: id}, &answer)
	return answer.GetSuppression()
}

// noticed are notices as "account STATE", joined.
func noticed(notices []*leadmuxv1.VendorNotice) string {
	var all []string
	for _, n := range notices {
		all = append(all, n.GetAccount()+" "+strings.TrimPrefix(n.GetState().String(), "VENDOR_NOTICE_STATE_"))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// optOutcome is one row of the table of docs/OPT-OUT.md: what becomes of telling a vendor that misbehaves. The engagement is
// OPTED_OUT at once, whatever the vendor does.
type optOutcome struct {
	fault   fault
	vendors []string
	notice  string // while the fault lasts
	follows follows
}

const (
	outAgain follows = "Told again on the schedule, for as long as it takes."
	outStops follows = "The account is stopped; told once a good TestAccount resumes it."
	outAsked follows = "Shown. OptOutLead or Suppress again tells it again."
	outGone  follows = "Verse has no such conversation: nothing is left there to stop, and the person is blocked here."
	outDoubt follows = "It may be the path, which is assumed ([CAPABILITIES.md](CAPABILITIES.md)): told again every 15 to 60 minutes, and shown as `FAILED` after `delivery.give_up_after`. The account is not stopped."
)

var optOutcomes = []optOutcome{
	{down, allFour, "REQUESTED", outAgain},
	{limited, allFour, "REQUESTED", outAgain},
	{doesNot, allFour, "REQUESTED", outAgain},
	{doesFails, allFour, "REQUESTED", outAgain},
	{doesLost, allFour, "REQUESTED", outAgain},
	{doesHalf, notUJET, "REQUESTED", outAgain},
	{password, allFour, "REQUESTED", outStops},
	{forbidden, allFour, "REQUESTED", outStops},
	{refuses, allFour, "FAILED", outAsked},
	{noLead, onlyVerse, "UNSUPPORTED", outGone},
	{noToken, onlyVerse, "REQUESTED", outDoubt},
	{otherGone, onlyVerse, "REQUESTED", outDoubt},
	{notFound, notVerse, "REQUESTED", outStops},
}

var notUJET = []string{harness.Conversica, harness.Convertalk, harness.Verse}

// row is the outcome as a row of the document's table.
func (o optOutcome) row() string {
	return "| " + strings.Join([]string{string(o.fault), titles(o.vendors), "`" + o.notice + "`", string(o.follows)}, " | ") + " |\n"
}

// TestOptOutFaults tells each vendor of an opt-out while it misbehaves in each way of the table, over both transports.
func TestOptOutFaults(t *testing.T) {
	t.Parallel()
	for i, o := range optOutcomes {
		for _, via := range harness.Vias() {
			t.Run(string(o.fault)+"/"+o.notice+"/"+string(via), func(t *testing.T) {
				t.Parallel()
				env := suite.Start(t, harness.Options{RetryMin: 200 * time.Millisecond, RetryMax: 300 * time.Millisecond})
				for k, vendor := range o.vendors {
					w := worker{env: env, client: env.Server.Client(via), seen: &exercise{made: map[cell]map[string]bool{}}, vendor: vendor, next: 1000*i + 100*k}
					t.Run(vendor, optOutScenario{optOutcome: o, opScenario: opScenario{opOutcome: opOutcome{fault: o.fault}, worker: &w, op: optOutLead}}.run)
				}
			})
		}
	}
	var rows strings.Builder
	for _, o := range optOutcomes {
		rows.WriteString(o.row())
	}
	document(t, "../../docs/OPT-OUT.md", "| the vendor | at | notice meanwhile | what follows |\n| --- | --- | --- | --- |\n", rows.String())
}

// optOutScenario is one opt-out that meets a vendor's fault.
type optOutScenario struct {
	optOutcome
	opScenario
}

func (s optOutScenario) run(t *testing.T) {
	lead := s.lead(t)
	s.inject(t)
	lead = s.do(t, lead, 0)
	if got := strings.Fields(harness.States(lead))[0]; got != s.vendor+"=OPTED_OUT" {
		t.Fatalf("at once the lead is %s", got)
	}
	id := harness.At(lead, s.vendor).GetSuppressionId()
	s.notices(t, id, s.notice, true)
	again := createPerson(s.next - 1)
	again.Accounts, again.DuplicatePolicy = []string{s.vendor}, leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_ALLOW
	again.Lead.ExternalId = ""
	if states := harness.States(s.client.Create(t, again)); !strings.HasPrefix(states, s.vendor+"=SUPPRESSED") {
		t.Errorf("created again the person is %s", states)
	}
	s.mend(t)
	switch s.follows {
	case outStops:
		if good := s.client.Test(t, s.vendor); !good.GetOk() {
			t.Errorf("the test of the mended account says %v", good)
		}
	case outAsked:
		s.do(t, lead, 0)
	case outGone:
		return
	case outDoubt:
		s.doubted(t, id)
		return
	}
	s.notices(t, id, "ACKNOWLEDGED", false)
	if untold := notTold(t, s.at(), s.op, lead); untold != "" {
		t.Error(untold)
	}
}

// doubted checks that nothing was taken for done, and that the account goes on.
func (s optOutScenario) doubted(t *testing.T, id string) {
	t.Helper()
	if notice := suppression(t, s.client, id).GetNotices()[0]; !strings.Contains(notice.GetNote(), "routes") || notice.GetHttpStatus() == 0 {
		t.Errorf("the notice says %v", notice)
	}
	s.client.Reaches(t, s.lead(t).GetLeadId(), s.vendor+"=ACTIVE", settled)
}

// notices waits until the vendor's notice about the lead stands so; tried says that an attempt must have been made by then.
func (s optOutScenario) notices(t *testing.T, id, want string, tried bool) {
	t.Helper()
	harness.Eventually(t, settled, "the notice is "+want, func() (string, bool) {
		notice := suppression(t, s.client, id).GetNotices()[0]
		got := noticed([]*leadmuxv1.VendorNotice{notice})
		return got + ": " + notice.GetNote(), got == s.vendor+" "+want && (!tried || notice.GetNote() != "")
	})
}

package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

// jobEvents are the events of jobs: RPC, what it became, and whether it was given up.
func (p polled) jobEvents() []string {
	p.Helper()
	var all []string
	for _, e := range p.log("") {
		if j := e.GetJobChanged(); j != nil {
			text := j.GetMethod() + " " + strings.TrimPrefix(j.GetAfter().String(), "JOB_STATE_")
			if j.GetGivenUp() {
				text += " given up"
			}
			all = append(all, text)
		}
	}
	return all
}

// becomes waits for the events of jobs to be these, in any order between jobs.
func (p polled) becomes(want ...string) {
	p.Helper()
	slices.Sort(want)
	harness.Eventually(p, 2*settled, strings.Join(want, ", "), func() ([]string, bool) {
		got := p.jobEvents()
		slices.Sort(got)
		return got, slices.Equal(got, want)
	})
}

// TestFollowedJobs begins a job of each kind and kills the service: each is told of until its end, and asked for no more after it.
func TestFollowedJobs(t *testing.T) {
	t.Parallel()
	p := newPolled(t, harness.Options{})
	vendor, c := p.env.Vendors.Get(harness.UJET), centre{p.env, harness.GRPC}
	vendor.Set(t, `{"jobSeconds": 3600, "logoutBatch": 2}`)
	var contacts struct{ CampaignImport job }
	c.ask(t, "ImportCampaignContacts", `{"campaignId": "2", "data": `+file(`[{"phone_number": "+14155550145"}]`)+`}`, &contacts)
	var logout struct{ Job job }
	c.ask(t, "ForceLogoutAgents", `{"agentIds": ["21", "22", "23"]}`, &logout)
	var agents struct{ AgentImport job }
	c.ask(t, "CreateAgentImport", `{"data": `+file(`[{"email": "new@agents.example.com", "first_name": "New", "last_name": "Agent"}]`)+`}`, &agents)

	p.env.Server.Kill9(t)
	vendor.Play(t, "/jobs/run", "")
	p.env.Server.Start(t)
	p.becomes("GetAgentImport VALID_SCHEME", "GetCampaignImport IN_PROGRESS", "GetForceLogoutJob IN_PROGRESS")

	c.ask(t, "StartAgentImport", `{"jobId": "`+agents.AgentImport.JobID+`"}`, &agents)
	for range 3 {
		vendor.Play(t, "/jobs/run", "")
	}
	p.env.Server.Restart(t)
	harness.Eventually(t, 2*settled, "all have ended", func() ([]string, bool) {
		got := p.jobEvents()
		ended := func(method string) bool { return slices.Contains(got, method+" FINISHED") }
		return got, ended("GetAgentImport") && ended("GetCampaignImport") && ended("GetForceLogoutJob")
	})
	for _, e := range p.log("") {
		if j := e.GetJobChanged(); j.GetMethod() == "GetCampaignImport" && j.GetAfter() == leadmuxv1.JobState_JOB_STATE_FINISHED {
			if j.GetJobId() != contacts.CampaignImport.JobID || j.GetCampaignId() != "2" || j.GetTotalRows() != 1 || j.GetOperationId() == "" {
				t.Errorf("the import is %v", j)
			}
		}
	}
	p.quiet(vendor)
}

// quiet wants nothing to be asked for any more.
func (p polled) quiet(vendor *harness.Vendor) {
	p.Helper()
	before := len(vendor.Requests(p))
	p.rounds(3)
	if n := len(vendor.Requests(p)) - before; n != 0 {
		p.Errorf("%s was asked %d times for what had ended", vendor.Name, n)
	}
}

// contactOf is the number of the contact that a lead is in its campaign.
func contactOf(t *testing.T, vendor *harness.Vendor, lead *leadmuxv1.Lead) string {
	t.Helper()
	id := harness.At(lead, harness.UJET).GetVendorRefs()["contact_id"]
	if id == "" {
		t.Fatalf("%s has no contact: %v", vendor.Name, lead)
	}
	return id
}

// TestFollowedContacts puts leads into a campaign and lets the dialler work: each engagement shows what became of its contact, in order and
// over a kill, until its end.
func TestFollowedContacts(t *testing.T) {
	t.Parallel()
	p := newPolled(t, harness.Options{})
	vendor := p.env.Vendors.Get(harness.UJET)
	var leads []*leadmuxv1.Lead
	for i := range 2 {
		leads = append(leads, p.client.Create(t, &leadmuxv1.CreateLeadRequest{
			Accounts: []string{harness.UJET}, Lead: harness.Person(i), Wait: harness.Wait(10 * time.Second),
			VendorOptions: &leadmuxv1.VendorOptions{Ujet: &leadmuxv1.UjetOptions{CampaignId: "1"}},
		}))
	}
	step := func(lead *leadmuxv1.Lead, status string) {
		t.Helper()
		vendor.Play(t, "/contacts/status", fmt.Sprintf(`{"id": %s, "status": %q}`, contactOf(t, vendor, lead), status))
		harness.Eventually(t, 2*settled, "the contact is "+status, func() (*leadmuxv1.Lead, bool) {
			now := p.client.Change(t, "LeadService.GetLead", &leadmuxv1.GetLeadRequest{LeadId: lead.GetLeadId()})
			return now, harness.At(now, harness.UJET).GetVendorStatus() == status
		})
	}
	step(leads[0], "Dialing")
	step(leads[1], "Not Picked Up")
	p.env.Server.Restart(t)
	step(leads[0], "Connected")
	step(leads[0], "Finished")
	step(leads[1], "Invalid Number")
	for lead, want := range map[*leadmuxv1.Lead][]string{
		leads[0]: {"Dialing", "Connected", "Finished"}, leads[1]: {"Not Picked Up", "Invalid Number"},
	} {
		var got []string
		for _, e := range p.log(lead.GetLeadId()) {
			if c := e.GetEngagementChanged(); c.GetVendorStatus() != "" {
				got = append(got, c.GetVendorStatus())
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("the events tell %q, want %q", got, want)
		}
	}
	p.quiet(vendor)
}

// TestP8FollowedJobsKeepTheRate follows a job at UJET's one request a second while contacts are added: by the vendor's clock no two
// requests come within a second, and nobody finds more than one look before theirs.
func TestP8FollowedJobsKeepTheRate(t *testing.T) {
	p := newPolled(t, harness.Options{UJETPerSecond: 1})
	vendor, c := p.env.Vendors.Get(harness.UJET), centre{p.env, harness.GRPC}
	vendor.Set(t, `{"jobSeconds": 3600}`)
	for range 3 { // so that there is always a look to be made
		var made struct{ CampaignImport job }
		c.ask(t, "ImportCampaignContacts", `{"campaignId": "2", "data": `+file(`[{"phone_number": "+14155550145"}]`)+`}`, &made)
	}
	looks := func() (n int) {
		for _, r := range vendor.Requests(t) {
			if r.Method == "GET" {
				n++
			}
		}
		return n
	}
	for i := range 3 {
		harness.Eventually(t, settled, "there was another look", func() (int, bool) { return looks(), looks() > i })
		seen := len(vendor.Requests(t))
		var made struct{ Contact json.RawMessage }
		c.ask(t, "AddCampaignContact", fmt.Sprintf(`{"campaignId": "1", "contact": {"phoneNumber": "+1415555%04d"}}`, 100+i), &made)
		if overtaken := before(vendor.Requests(t)[seen:], "/contacts"); overtaken > 1 {
			t.Errorf("contact %d found %d requests before it", i, overtaken)
		}
	}
	gap, err := ujet.SmallestGap(vendor.Requests(t))
	if err != nil || gap < time.Second {
		t.Errorf("two requests came within %s: %v", gap, err)
	}
	t.Logf("%d requests, %d of them looks, at least %s apart", len(vendor.Requests(t)), looks(), gap)
}

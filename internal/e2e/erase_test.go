package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
)

// TestP24AnErasedPersonIsNowhere erases a person who went through everything, over each transport, and looks for every value of theirs
// in all that the service writes, measures and stores; then it puts back an index from before the erasure, beside the keys as
// they are now, and asks for the person.
func TestP24AnErasedPersonIsNowhere(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			env := suite.Start(t, harness.Options{LogLevel: "debug"})
			env.Listen(t)
			client := env.Server.Client(via)
			person := canary("7")
			create := &leadmuxv1.CreateLeadRequest{Lead: person, RequestId: "erase-me"}
			lead := client.Create(t, create)
			client.Reaches(t, lead.GetLeadId(), harness.AllActive, settled)
			client.Change(t, "LeadService.UpdateLead", &leadmuxv1.UpdateLeadRequest{Lead: &leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: person.GetFirstName() + "b"}})
			client.Change(t, "LeadService.EndConversation", &leadmuxv1.EndConversationRequest{LeadId: lead.GetLeadId(), Reason: person.GetComment()})

			events := func() string {
				return string(client.Try(t, "EventService.ListEvents", &leadmuxv1.ListEventsRequest{PageSize: 1000}).Body)
			}
			harness.Eventually(t, settled, "Verse tells how the conversation ended", func() (string, bool) {
				told := events()
				return told, strings.Contains(told, "Qualified Lead")
			})
			index := filepath.Join(env.Server.DataDir, boltmap.IndexFile)
			env.Server.Terminate(t)
			before, err := os.ReadFile(index)
			if err != nil {
				t.Fatal(err)
			}
			env.Server.Start(t)

			erased := &leadmuxv1.EraseLeadResponse{}
			client.Must(t, "LeadService.EraseLead", &leadmuxv1.EraseLeadRequest{LeadId: lead.GetLeadId()}, erased)
			env.Server.Kill9(t)
			env.Server.Start(t)
			c := canaries{env: env, words: append(traces(person), env.Secrets()...)}
			stays := func(when string) {
				t.Helper()
				c.searchFiles(t, when)
				c.searchOutput(t)
				c.none(t, "the metrics "+when, metrics(t, env))
				c.none(t, "the events "+when, []byte(events()))
				c.none(t, "the receipt "+when, []byte(erased.String()))
				if answer := client.Try(t, "LeadService.GetLead", &leadmuxv1.GetLeadRequest{LeadId: lead.GetLeadId()}); answer.Reason() != "LEAD_ERASED" {
					t.Errorf("%s, GetLead answers %v", when, answer)
				}
				if answer := client.Try(t, "LeadService.CreateLead", create); answer.Reason() != "LEAD_ERASED" {
					t.Errorf("%s, a repeat of the create answers %v", when, answer)
				}
				for _, in := range []*leadmuxv1.LookupLeadRequest{{Phone: person.GetPhone()}, {Email: person.GetEmail()}, {ExternalId: person.GetExternalId()}} {
					if answer := client.Try(t, "LeadService.LookupLead", in); answer.Code != codes.NotFound {
						t.Errorf("%s, a look-up answers %v", when, answer)
					}
				}
				if leads := client.List(t); len(leads) != 0 {
					t.Errorf("%s, listed: %v", when, leads)
				}
			}
			stays("after the erasure")
			if log := events(); !strings.Contains(log, "lead.erased") {
				t.Errorf("no event tells of the erasure: %s", log)
			}

			env.Server.Terminate(t)
			if err := os.WriteFile(index, before, 0o600); err != nil {
				t.Fatal(err)
			}
			env.Server.Start(t)
			stays("in a copy from before")
			env.Server.Terminate(t)
			out, err := env.Server.Command(t.Context(), append([]string{"verify"}, env.Server.Args()...)...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "0 leads, 1 erased") {
				t.Errorf("verify: %s, %v", out, err)
			}
			if states := erased.GetReceipt().GetAccounts(); len(states) != 4 || slices.ContainsFunc(states, func(a *leadmuxv1.AccountErasure) bool { return a.GetNote() == "" }) {
				t.Errorf("receipt %v", erased)
			}
		})
	}
}

// TestEraseTakesThePersonOutOfTheCampaign erases a lead whom UJET calls in a campaign, which is the one thing that a vendor can
// delete: while the vendor is down the receipt says so, and in the end what came of it.
func TestEraseTakesThePersonOutOfTheCampaign(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	client, ujet := env.Server.Client(harness.REST), env.Vendors.Get(harness.UJET)
	lead := client.Create(t, &leadmuxv1.CreateLeadRequest{
		Lead: harness.Person(1), Accounts: []string{harness.UJET, harness.Verse},
		VendorOptions: &leadmuxv1.VendorOptions{Ujet: &leadmuxv1.UjetOptions{CampaignId: "1"}},
	})
	client.Reaches(t, lead.GetLeadId(), "ujet=ACTIVE, verse=ACTIVE", settled)
	if n := len(ujet.Contacts(t, lead.GetEmail())); n != 1 {
		t.Fatalf("%d contacts", n)
	}
	ujet.Down()
	erase := func(wait time.Duration) string {
		t.Helper()
		out := &leadmuxv1.EraseLeadResponse{}
		client.Must(t, "LeadService.EraseLead", &leadmuxv1.EraseLeadRequest{LeadId: lead.GetLeadId(), Wait: harness.Wait(wait)}, out)
		var states []string
		for _, at := range out.GetReceipt().GetAccounts() {
			states = append(states, strings.TrimPrefix(at.GetState().String(), "VENDOR_ERASURE_STATE_"))
		}
		return strings.Join(states, " ")
	}
	if got := erase(0); got != "PENDING NO_DELETE" {
		t.Errorf("at first: %s", got)
	}
	if answer := client.Try(t, "LeadService.GetLead", &leadmuxv1.GetLeadRequest{LeadId: lead.GetLeadId()}); answer.Reason() != "LEAD_ERASED" {
		t.Errorf("GetLead answers %s", answer.Body)
	}
	env.Server.Kill9(t)
	ujet.Up(t)
	env.Server.Start(t)
	if got := harness.Eventually(t, settled, "the vendor has deleted", func() (string, bool) {
		got := erase(time.Second)
		return got, !strings.Contains(got, "PENDING")
	}); got != "DELETED NO_DELETE" {
		t.Errorf("in the end: %s", got)
	}
	if n := len(ujet.Contacts(t, lead.GetEmail())); n != 0 {
		t.Errorf("%d contacts are left", n)
	}
	env.Server.Terminate(t)
	if out := command(t, env, "verify"); !strings.Contains(out, "everything agrees") {
		t.Errorf("verify: %s", out)
	}
}

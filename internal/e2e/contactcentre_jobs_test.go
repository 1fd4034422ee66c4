package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// centre calls the contact centre's RPCs at the account ujet over one transport.
type centre struct {
	env *harness.Env
	via harness.Via
}

// try calls an RPC.
func (c centre) try(t *testing.T, rpc, body string) harness.Answer {
	t.Helper()
	method := adapters.MethodOf(rpc)
	body = strings.Replace(body, "{", `{"account": "ujet", `, 1)
	body = strings.Replace(body, ", }", "}", 1)
	answer, err := c.env.Server.Do(context.Background(), harness.Call{Via: c.via, Method: string(method.Parent().Name()) + "." + rpc, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// ask calls an RPC and reads its answer into response. It ends the test on an error.
func (c centre) ask(t *testing.T, rpc, body string, response any) {
	t.Helper()
	answer := c.try(t, rpc, body)
	if answer.Code != codes.OK {
		t.Fatalf("%s: %v %s", rpc, answer.Code, answer.Body)
	}
	if err := json.Unmarshal(answer.Body, response); err != nil {
		t.Fatal(err)
	}
}

// inCentre runs a test over both transports, each with a service of its own.
func inCentre(t *testing.T, o harness.Options, test func(t *testing.T, c centre)) {
	t.Helper()
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			test(t, centre{suite.Start(t, o), via})
		})
	}
}

// job is what the jobs of all kinds show.
type job struct {
	JobID       string `json:"jobId"`
	State       string `json:"state"`
	TotalRows   int    `json:"totalRows"`
	AffectedRow int    `json:"affectedRows"`
}

// TestContactCentreJobs follows each kind of job at the vendor to its end, over both transports.
func TestContactCentreJobs(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			env := suite.Start(t, harness.Options{})
			env.Vendors.Get(harness.UJET).Set(t, `{"jobSeconds": 0.01, "logoutBatch": 2}`)
			c := centre{env, via}
			t.Run("contacts", func(t *testing.T) {
				var made, now struct{ CampaignImport job }
				c.ask(t, "ImportCampaignContacts", `{"campaignId": "2", "data": `+file(`[{"phone_number": "+14155550145"}, {"phone_number": "+14155550146"}]`)+`}`, &made)
				harness.Eventually(t, settled, "the import is done", func() (job, bool) {
					c.ask(t, "GetCampaignImport", `{"campaignId": "2", "jobId": "`+made.CampaignImport.JobID+`"}`, &now)
					return now.CampaignImport, now.CampaignImport.State == "JOB_STATE_FINISHED"
				})
				var contacts struct{ Contacts []json.RawMessage }
				c.ask(t, "ListCampaignContacts", `{"campaignId": "2"}`, &contacts)
				var imports struct{ CampaignImports []job }
				c.ask(t, "ListCampaignImports", `{"campaignId": "2"}`, &imports)
				if len(contacts.Contacts) != 2 || len(imports.CampaignImports) != 1 || imports.CampaignImports[0].TotalRows != 2 {
					t.Errorf("%d contacts, imports %+v", len(contacts.Contacts), imports)
				}
			})
			t.Run("sign-out", func(t *testing.T) {
				var made, now struct{ Job job }
				c.ask(t, "ForceLogoutAgents", `{"agentIds": ["21", "22", "23"]}`, &made)
				harness.Eventually(t, settled, "the sign-out is done", func() (job, bool) {
					c.ask(t, "GetForceLogoutJob", `{"jobId": "`+made.Job.JobID+`"}`, &now)
					return now.Job, now.Job.State == "JOB_STATE_FINISHED"
				})
				var statuses struct{ Statuses []struct{ Status string } }
				c.ask(t, "GetAgentStatuses", `{"agentIds": ["21"]}`, &statuses)
				if len(statuses.Statuses) != 1 || statuses.Statuses[0].Status != "Offline" {
					t.Errorf("after the sign-out: %+v", statuses)
				}
			})
			t.Run("agents", func(t *testing.T) { c.importAgents(t, 3) })
		})
	}
}

// importAgents imports new agents to the end.
func (c centre) importAgents(t *testing.T, agents int) {
	t.Helper()
	rows := make([]string, agents)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"email": "agent%d@agents.example.com", "first_name": "Agent", "last_name": "No %d"}`, i, i)
	}
	var made struct{ AgentImport job }
	c.ask(t, "CreateAgentImport", `{"data": `+file("["+strings.Join(rows, ",")+"]")+`}`, &made)
	id := made.AgentImport.JobID
	if state := c.follow(t, id, "VALID_SCHEME", "INVALID_SCHEME"); state.State != "JOB_STATE_VALID_SCHEME" {
		t.Fatalf("the file is %+v", state)
	}
	c.ask(t, "StartAgentImport", `{"jobId": "`+id+`"}`, &made)
	if done := c.follow(t, id, "FINISHED"); done.AffectedRow != agents {
		t.Errorf("%d agents were imported, want %d", done.AffectedRow, agents)
	}
}

// follow asks for an import until it is in one of some states.
func (c centre) follow(t *testing.T, id string, states ...string) job {
	t.Helper()
	return harness.Eventually(t, 2*settled, "the import comes to "+strings.Join(states, " or "), func() (job, bool) {
		var now struct{ AgentImport job }
		c.ask(t, "GetAgentImport", `{"jobId": "`+id+`"}`, &now)
		for _, state := range states {
			if now.AgentImport.State == "JOB_STATE_"+state {
				return now.AgentImport, true
			}
		}
		return now.AgentImport, false
	})
}

// TestImportStarvesNobody imports 500 agents at an account of five requests a second, with two callers who ask for the job without
// a pause, while others want a single thing each: none of these is overtaken by more than those who came before it.
func TestImportStarvesNobody(t *testing.T) {
	t.Parallel()
	const perSecond = 5
	env := suite.Start(t, harness.Options{UJETPerSecond: perSecond})
	env.Vendors.Get(harness.UJET).Set(t, `{"jobSeconds": 1, "ratePerSecond": 0}`)
	c := centre{env, harness.GRPC}
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		defer close(done)
		c.importAgents(t, 500)
	})
	group.Go(func() {
		for asked := false; ; asked = true {
			select {
			case <-done:
				if !asked {
					t.Error("nobody asked beside the import")
				}
				return
			default:
				var page struct{ Agents []json.RawMessage }
				c.ask(t, "ListAgents", `{"pageSize": 1}`, &page)
			}
		}
	})
	vendor, calls := env.Vendors.Get(harness.UJET), 0
	for running := true; running; calls++ {
		before := len(vendor.Requests(t))
		var contact struct{ Contact struct{ ContactID string } }
		c.ask(t, "AddCampaignContact", fmt.Sprintf(`{"campaignId": "1", "contact": {"phoneNumber": "+1415555%04d"}}`, 100+calls), &contact)
		if overtaken := beforeContact(vendor.Requests(t)[before:]); overtaken > 3 {
			t.Errorf("contact %d was overtaken by %d requests", calls, overtaken)
		}
		select {
		case <-done:
			running = false
		default:
		}
	}
	group.Wait()
	if calls < 3 {
		t.Errorf("only %d contacts were added meanwhile", calls)
	}
}

// beforeContact counts the requests before the first one that adds a contact.
func beforeContact(requests []kit.Request) int {
	for i, r := range requests {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/contacts") {
			return i
		}
	}
	return len(requests)
}

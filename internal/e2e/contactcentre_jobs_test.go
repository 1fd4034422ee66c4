package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
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

// TestP8ImportStarvesNobody imports 500 agents at one request a second and asks for the job without a pause, while a batch of leads is
// queued and calls are made one by one: by the vendor's clock no two requests come within a second and none is refused, a call is
// overtaken by no more than those who came before it, and everything is done in the end. It runs beside no other test, so that what is
// measured is the service.
func TestP8ImportStarvesNobody(t *testing.T) {
	env := suite.Start(t, harness.Options{UJETPerSecond: 1})
	vendor := env.Vendors.Get(harness.UJET)
	vendor.Set(t, `{"jobSeconds": 0.01}`)
	c, client := centre{env, harness.GRPC}, env.Server.Client(harness.REST)
	batch := &leadmuxv1.BatchCreateLeadsRequest{Wait: harness.Wait(0)}
	for i := range 3 {
		batch.Requests = append(batch.Requests, &leadmuxv1.CreateLeadRequest{Accounts: []string{harness.UJET}, Lead: harness.Person(i), Wait: harness.Wait(0)})
	}
	client.Must(t, "LeadService.BatchCreateLeads", batch, new(leadmuxv1.BatchCreateLeadsResponse))
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.importAgents(t, 500)
	}()
	calls := 0
	for running := true; running; calls++ {
		seen := len(vendor.Requests(t))
		c.ask(t, "CreateCall", fmt.Sprintf(`{"inbound": {"menuId": "11", "endUserNumber": "+1415555%04d"}}`, 100+calls), &struct{}{})
		if overtaken := before(vendor.Requests(t)[seen:], "/calls"); overtaken > 3 {
			t.Errorf("call %d was overtaken by %d requests", calls, overtaken)
		}
		select {
		case <-done:
			running = false
		default:
		}
	}
	for _, lead := range client.List(t) {
		client.Reaches(t, lead.GetLeadId(), "ujet=ACTIVE", settled)
	}
	requests := vendor.Requests(t)
	gap, err := ujet.SmallestGap(requests)
	if err != nil || gap < time.Second {
		t.Errorf("two requests came within %s: %v", gap, err)
	}
	for _, r := range requests {
		if r.Status == http.StatusTooManyRequests {
			t.Errorf("%s %s was one too many", r.Method, r.Path)
		}
	}
	if calls < 3 {
		t.Errorf("only %d calls were made meanwhile", calls)
	}
	t.Logf("%d requests, %d of them calls, at least %s apart", len(requests), calls, gap)
}

// before counts the requests before the first POST to a path with this end.
func before(requests []kit.Request, path string) int {
	for i, r := range requests {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, path) {
			return i
		}
	}
	return len(requests)
}

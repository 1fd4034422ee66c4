package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/encoding/protojson"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// sandboxLead is the README's first example.
const sandboxLead = `{"requestId": "readme-1", "wait": "20s", "lead": {"externalId": "crm-1001", "firstName": "Grace", "lastName": "Hopper",
  "email": "grace.hopper@example.com", "phone": "+1 415 555 0142", "source": "Web form"}}`

// TestSandboxKeepsEverything runs the sandbox: one lead at four vendors, found by everything it has, and all of it unchanged
// after SIGTERM and after kill -9.
func TestSandboxKeepsEverything(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{Sandbox: true})
	s := sandboxRun{t: t, server: env.Server}
	created := s.call("LeadService.CreateLead", sandboxLead)
	var response leadmuxv1.CreateLeadResponse
	if err := protojson.Unmarshal(created, &response); err != nil {
		t.Fatal(err)
	}
	lead := response.GetLead()
	if states := harness.States(lead); states != harness.AllActive {
		t.Fatalf("engagements are %s", states)
	}
	s.settled() // what the vendors tell of the new lead is part of everything
	s.polled()
	before := s.everything(lead)
	for _, stop := range []func(testing.TB){env.Server.Terminate, env.Server.Kill9} {
		stop(t)
		env.Server.Start(t)
		if after := s.everything(lead); after != before {
			t.Errorf("before the stop\n%s\nand after it\n%s", before, after)
		}
	}
	if !strings.Contains(env.Server.Output(), "leadmux is ready: REST at http://"+env.Server.HTTP) {
		t.Error("no line says what is ready")
	}
}

type sandboxRun struct {
	t      *testing.T
	server *harness.Server
}

func (s sandboxRun) call(method, body string) []byte {
	s.t.Helper()
	answer, err := s.server.Do(context.Background(), harness.Call{Via: harness.REST, Method: method, Body: body})
	if err != nil || answer.Code != codes.OK {
		s.t.Fatalf("%s %s: %v %s", method, body, err, answer.Body)
	}
	return answer.Body
}

// everything is all that is known of the lead: here by every key, and in the vendors' ledgers.
func (s sandboxRun) everything(lead *leadmuxv1.Lead) string {
	s.t.Helper()
	var all bytes.Buffer
	add := func(raw []byte) {
		if err := json.Indent(&all, raw, "", " "); err != nil {
			s.t.Fatalf("%v in %s", err, raw)
		}
	}
	for _, key := range []string{
		`{"externalId": "crm-1001"}`, `{"email": "grace.hopper@example.com"}`, `{"phone": "(415) 555-0142"}`,
		`{"account": "verse", "vendorLeadId": "` + harness.At(lead, harness.Verse).GetVendorLeadId() + `"}`,
		`{"account": "ujet", "vendorLeadId": "` + harness.At(lead, harness.UJET).GetVendorLeadId() + `"}`,
		`{"account": "conversica", "vendorLeadId": "` + harness.At(lead, harness.Conversica).GetVendorLeadId() + `"}`,
		`{"account": "convertalk", "vendorLeadId": "` + harness.At(lead, harness.Convertalk).GetVendorLeadId() + `"}`,
	} {
		add(s.call("LeadService.LookupLead", key))
	}
	add(s.call("LeadService.GetLead", `{"leadId": "`+lead.GetLeadId()+`"}`))
	add(s.call("LeadService.ListLeads", `{}`))
	add(s.call("LeadService.CreateLead", sandboxLead)) // the same request again is the same lead
	for _, vendor := range allFour {
		ledger, err := s.server.HTTPDo(context.Background(), http.MethodGet, "http://"+s.server.Admin+"/sandbox/"+vendor+"/ledger", nil, "")
		if err != nil || ledger.Status != http.StatusOK {
			s.t.Fatalf("ledger of %s: %v %s", vendor, err, ledger.Body)
		}
		add(writesOf(s.t, ledger.Body))
	}
	return all.String()
}

// writesOf is an emulator's ledger without the requests that only read, which come by the clock.
func writesOf(t *testing.T, ledger []byte) []byte {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(ledger, &all); err != nil {
		t.Fatal(err)
	}
	requests, _ := all["requests"].([]any)
	if len(requests) == 0 {
		t.Fatal("the ledger has no requests")
	}
	all["requests"] = slices.DeleteFunc(requests, func(r any) bool {
		request, _ := r.(map[string]any)
		return request["method"] == http.MethodGet
	})
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestP16CallsUnderWayAreAnswered stops the service while a call waits for a vendor: the call is answered, health says so at once, the process ends
// with exit code 0, and nothing is lost.
func TestP16CallsUnderWayAreAnswered(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			drain(t, via)
		})
	}
}

func drain(t *testing.T, via harness.Via) {
	t.Helper()
	env := suite.Start(t, harness.Options{})
	verse := env.Vendors.Get(harness.Verse)
	verse.Plan(t, kit.Fault{AnswerDelayMS: 2000})
	answered := make(chan *leadmuxv1.Lead, 1)
	client := env.Server.Client(via)
	go func() {
		answered <- client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(0), Wait: harness.Wait(10 * time.Second)})
	}()
	harness.Eventually(t, settled, "verse is asked", func() (int, bool) {
		n := len(verse.Records(t, harness.Person(0).GetEmail()))
		return n, n == 1
	})
	env.Server.Signal(t, syscall.SIGTERM)
	harness.Eventually(t, 3*time.Second, "health says that the service drains", func() (string, bool) {
		return draining(env.Server)
	})
	select {
	case lead := <-answered:
		if states := harness.States(lead); states != harness.AllActive {
			t.Errorf("the call under way was answered with %s", states)
		}
	case <-time.After(harness.StopWithin):
		t.Fatal("the call under way was not answered")
	}
	env.Server.Stopped(t)
	env.Server.Start(t)
	client = env.Server.Client(via)
	atVendorOnce(t, verse, client.Reaches(t, client.List(t)[0].GetLeadId(), harness.AllActive, settled))
}

// draining says whether health is 503 over HTTP and NOT_SERVING over gRPC.
func draining(server *harness.Server) (string, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	web, err := server.HTTPDo(ctx, http.MethodGet, "http://"+server.HTTP+"/healthz", nil, "")
	if err != nil {
		return err.Error(), false
	}
	grpc, err := healthv1.NewHealthClient(server.Conn()).Check(ctx, &healthv1.HealthCheckRequest{})
	if err != nil {
		return err.Error(), false
	}
	return http.StatusText(web.Status) + " " + grpc.GetStatus().String(),
		web.Status == http.StatusServiceUnavailable && grpc.GetStatus() == healthv1.HealthCheckResponse_NOT_SERVING
}

// TestCallerGivesUp ends calls before the vendor answers, by the caller's deadline: the lead goes to the vendor all the same.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	for i, via := range harness.Vias() {
		for _, vendor := range allFour {
			env.Vendors.Get(vendor).Plan(t, kit.Fault{AnswerDelayMS: 800})
		}
		request := createPerson(i)
		request.Wait = harness.Wait(10 * time.Second)
		body, err := protojson.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		answer, err := env.Server.Do(ctx, harness.Call{Via: via, Method: "LeadService.CreateLead", Body: string(body)})
		cancel()
		if err == nil && answer.Code == codes.OK {
			t.Errorf("the call over %s was answered before the vendors were: %s", via, answer.Body)
		}
		client := env.Server.Client(via)
		id := harness.Eventually(t, settled, "the lead is here", func() (string, bool) {
			id := client.Lookup(t, &leadmuxv1.LookupLeadRequest{Email: request.GetLead().GetEmail()})
			return id, id != ""
		})
		lead := client.Reaches(t, id, harness.AllActive, settled)
		for _, vendor := range allFour {
			atVendorOnce(t, env.Vendors.Get(vendor), lead)
		}
	}
}

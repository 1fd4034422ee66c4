package e2e_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// crash is a kill -9 after one vendor has taken the lead and before its answer is stored here.
type crash struct {
	name     string
	vendor   string
	held     kit.Fault // holds the vendor's answer back
	campaign bool
	pending  bool // the vendor's ID is lost with the answer
}

// TestP1P2KillBetweenAnswerAndCommit proves for every vendor: after the restart one lead there and one here, settled by itself.
func TestP1P2KillBetweenAnswerAndCommit(t *testing.T) {
	t.Parallel()
	const forLong = 60_000
	for i, c := range []crash{
		{name: "verse", vendor: harness.Verse, held: kit.Fault{AnswerDelayMS: forLong}, pending: true},
		{name: "ujet", vendor: harness.UJET, held: kit.Fault{AnswerDelayMS: forLong}},
		{name: "ujet campaign", vendor: harness.UJET, held: kit.Fault{Method: "POST", Path: "/outbound_dialer", AnswerDelayMS: forLong}, campaign: true},
		{name: "conversica", vendor: harness.Conversica, held: kit.Fault{AnswerDelayMS: forLong}},
		{name: "convertalk", vendor: harness.Convertalk, held: kit.Fault{AnswerDelayMS: forLong}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, harness.Vias()[i%2])
		})
	}
}

func (c crash) run(t *testing.T, via harness.Via) {
	t.Helper()
	env := suite.Start(t, harness.Options{})
	request := &leadmuxv1.CreateLeadRequest{Lead: harness.Person(0), RequestId: "crash-1"}
	if c.campaign {
		request.VendorOptions = &leadmuxv1.VendorOptions{Ujet: &leadmuxv1.UjetOptions{CampaignId: "1"}}
	}
	c.kill(t, env, request, via)

	env.Server.Start(t)
	client := env.Server.Client(via)
	leads := client.List(t)
	if len(leads) != 1 {
		t.Fatalf("%d leads here after the crash", len(leads))
	}
	lead := client.Reaches(t, leads[0].GetLeadId(), harness.AllActive, settled)
	e := harness.At(lead, c.vendor)
	pending := slices.ContainsFunc(e.GetWarnings(), func(w *leadmuxv1.Warning) bool { return w.GetCode() == "VENDOR_ID_PENDING" })
	if pending != c.pending || (e.GetVendorLeadId() == "") != c.pending {
		t.Errorf("vendor lead ID %q, warnings %v", e.GetVendorLeadId(), e.GetWarnings())
	}
	for _, via := range harness.Vias() {
		if again := env.Server.Client(via).Create(t, request); again.GetLeadId() != lead.GetLeadId() {
			t.Errorf("the repeated request over %s gives %s, not %s", via, again.GetLeadId(), lead.GetLeadId())
		}
	}
	c.judge(t, env, lead)
}

// kill lets the vendor take the lead and kills the service while the answer is held back.
func (c crash) kill(t *testing.T, env *harness.Env, request *leadmuxv1.CreateLeadRequest, via harness.Via) {
	t.Helper()
	vendor := env.Vendors.Get(c.vendor)
	vendor.Plan(t, c.held)
	body, err := protojson.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	var calling sync.WaitGroup
	calling.Go(func() { // it fails when the service dies, one way or another
		answer, err := env.Server.Do(context.Background(), harness.Call{Via: via, Method: "LeadService.CreateLead", Body: string(body)})
		if err == nil && answer.Code == codes.OK {
			t.Errorf("the call was answered before the crash: %s", answer.Body)
		}
	})
	harness.Eventually(t, settled, c.vendor+" has taken the lead", func() (int, bool) {
		taken := len(vendor.Records(t, request.GetLead().GetEmail()))
		if c.campaign {
			taken = len(vendor.Contacts(t, request.GetLead().GetEmail()))
		}
		return taken, taken == 1
	})
	env.Server.Kill9(t)
	calling.Wait()
	vendor.Clear()
}

func (c crash) judge(t *testing.T, env *harness.Env, lead *leadmuxv1.Lead) {
	t.Helper()
	for _, vendor := range allFour {
		if c.campaign && vendor == harness.UJET {
			continue
		}
		atVendorOnce(t, env.Vendors.Get(vendor), lead)
	}
	ujet := env.Vendors.Get(harness.UJET)
	if contacts := len(ujet.Contacts(t, lead.GetEmail())); c.campaign && (contacts != 1 || len(ujet.Records(t, lead.GetEmail())) != 1) {
		t.Errorf("%d campaign contacts, end users %v", contacts, ujet.Records(t, lead.GetEmail()))
	}
}

// TestP3KillAndAccountGone kills the service as above and starts it without the account: what nobody can settle stays visible.
func TestP3KillAndAccountGone(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	c := crash{vendor: harness.Verse, held: kit.Fault{AnswerDelayMS: 60_000}}
	c.kill(t, env, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(0), RequestId: "crash-1"}, harness.GRPC)
	env.Without(t, harness.Verse)
	env.Server.Start(t)
	client := env.Server.Client(harness.REST)
	gone := strings.Replace(harness.AllActive, "verse=ACTIVE", "verse=IN_DOUBT INTERRUPTED", 1)
	lead := client.Reaches(t, client.List(t)[0].GetLeadId(), gone, settled)
	if in := client.List(t); len(in) != 1 {
		t.Errorf("%d leads here", len(in))
	}
	atVendorOnce(t, env.Vendors.Get(harness.Verse), lead)
}

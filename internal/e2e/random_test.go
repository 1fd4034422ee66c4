package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Size of the random test.
const (
	killRounds     = 4
	leadsPerRound  = 24
	callersAtATime = 6
)

// TestP1P2KillAtRandom creates leads from several callers while vendors misbehave and the service is killed again and again at a
// random moment. Every caller repeats what was not answered. In the end nothing acknowledged is missing and every vendor has
// every person exactly once.
func TestP1P2KillAtRandom(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := &killer{t: t, random: rand.New(rand.NewPCG(seed, 0)), env: suite.Start(t, harness.Options{}), acknowledged: map[string]string{}}
	for round := range killRounds {
		r.round(round)
	}
	for _, vendor := range allFour {
		r.env.Vendors.Get(vendor).Clear()
	}
	r.judge()
}

type killer struct {
	t      *testing.T
	random *rand.Rand
	env    *harness.Env

	mu           sync.Mutex
	acknowledged map[string]string // lead ID by request ID
}

// round lets callers create leads, kills the service meanwhile, and starts it again.
func (r *killer) round(round int) {
	r.t.Helper()
	for _, vendor := range allFour {
		r.env.Vendors.Get(vendor).Plan(r.t, r.faults()...)
	}
	todo := make(chan int, leadsPerRound)
	for i := range leadsPerRound {
		todo <- round*leadsPerRound + i
	}
	close(todo)
	var callers sync.WaitGroup
	for range callersAtATime {
		callers.Go(func() {
			for n := range todo {
				r.create(n)
			}
		})
	}
	<-time.After(time.Duration(50+r.random.IntN(300)) * time.Millisecond)
	r.env.Server.Kill9(r.t)
	callers.Wait()
	r.env.Server.Start(r.t)
}

// faults are a few misbehaviours that a vendor gets over by itself.
func (r *killer) faults() []kit.Fault {
	all := []kit.Fault{
		{Drop: true, After: true}, {Drop: true}, {Status: 500, After: true}, {Status: 503}, {Status: 429, Header: map[string]string{"Retry-After": "1"}},
		{Truncate: true}, {AnswerDelayMS: 150, Count: 3},
	}
	r.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:3]
}

func requestID(n int) string { return fmt.Sprintf("random-%d", n) }

// create makes one call and notes the answer if there is one.
func (r *killer) create(n int) {
	request := &leadmuxv1.CreateLeadRequest{Lead: harness.Person(n), RequestId: requestID(n), Wait: harness.Wait(time.Duration(n%3) * 40 * time.Millisecond)}
	body, err := protojson.Marshal(request)
	if err != nil {
		r.t.Error(err)
		return
	}
	answer, err := r.env.Server.Do(context.Background(), harness.Call{Via: harness.Vias()[n%2], Method: "LeadService.CreateLead", Body: string(body)})
	if err != nil || answer.Code == codes.Unavailable {
		return // the service is gone
	}
	var response leadmuxv1.CreateLeadResponse
	if err := protojson.Unmarshal(answer.Body, &response); err != nil || answer.Code != codes.OK {
		r.t.Errorf("lead %d: %v %s", n, err, answer.Body)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if before := r.acknowledged[requestID(n)]; before != "" && before != response.GetLead().GetLeadId() {
		r.t.Errorf("request %d got %s and then %s", n, before, response.GetLead().GetLeadId())
	}
	r.acknowledged[requestID(n)] = response.GetLead().GetLeadId()
}

// judge repeats every request and looks at what is here and at the vendors.
func (r *killer) judge() {
	r.t.Helper()
	const all = killRounds * leadsPerRound
	r.t.Logf("%d of %d were acknowledged before a kill", len(r.acknowledged), all)
	for n := range all {
		r.create(n)
	}
	client := r.env.Server.Client(harness.GRPC)
	leads := client.List(r.t)
	if len(leads) != all || len(r.acknowledged) != all {
		r.t.Errorf("%d requests, %d acknowledged, %d leads here", all, len(r.acknowledged), len(leads))
	}
	for _, lead := range leads {
		lead = client.Reaches(r.t, lead.GetLeadId(), harness.AllActive, 2*settled)
		for _, vendor := range allFour {
			atVendorOnce(r.t, r.env.Vendors.Get(vendor), lead)
		}
	}
	if output := r.env.Server.Output(); strings.Contains(output, `"level":"ERROR"`) {
		r.t.Error("the service logged an error")
	}
}

package delivery_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// The replies of the random vendor, of which each attempt gets the next. A reply that has an effect has it before all else.
var replies = map[string]struct {
	effect bool
	then   answer
}{
	"takes":                    {true, took},
	"takes slowly":             {true, after(20*time.Second, took)},
	"takes and says nothing":   {true, hangs},
	"takes and breaks down":    {true, loses(adapters.KindUnavailable)},
	"takes and mumbles":        {true, loses(adapters.KindBadAnswer)},
	"says nothing":             {false, hangs},
	"breaks down":              {false, loses(adapters.KindUnavailable)},
	"cannot be reached":        {false, fails(adapters.KindUnavailable)},
	"asks for patience":        {false, failure(adapters.Error{Kind: adapters.KindRateLimited, RetryAfter: 20 * time.Minute})},
	"is closed":                {false, fails(adapters.KindIntakeClosed)},
	"is on hold":               {false, fails(adapters.KindOnHold)},
	"refuses our credentials":  {false, fails(adapters.KindCredentials)},
	"refuses without a reason": {false, fails(adapters.KindUnknown)},
}

// randomVendor keeps its own account of what it has, which judges the Dispatcher.
type randomVendor struct {
	class leadmuxv1.IdempotencyClass

	mu      sync.Mutex
	replies []string // the next ones; then it takes everything
	effects map[string]int
}

// heal makes the vendor take everything from now on.
func (v *randomVendor) heal() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.replies = nil
}

func (v *randomVendor) answer(ctx context.Context, a attempt) (adapters.LeadResult, error) {
	return v.next(a.lead.GetLeadId())(ctx, a)
}

func (v *randomVendor) next(id string) answer {
	v.mu.Lock()
	defer v.mu.Unlock()
	name := "takes"
	if len(v.replies) > 0 {
		name, v.replies = v.replies[0], v.replies[1:]
	}
	reply := replies[name]
	switch {
	case !reply.effect:
	case v.class == detectable && v.effects[id] > 0:
		if name == "takes" || name == "takes slowly" {
			return fails(adapters.KindConflict)
		}
	case v.class == keyed:
		v.effects[id] = 1
	default:
		v.effects[id]++
	}
	return reply.then
}

// randomClasses are the accounts of a run by name.
var randomClasses = map[string]leadmuxv1.IdempotencyClass{"keyed": keyed, "detectable": detectable, "once": atMostOnce}

// sooner gives up within what a run may take.
var sooner = delivery.Schedule{Min: time.Second, Max: 15 * time.Minute, GiveUpAfter: 7 * time.Hour}

// plan is one run.
type plan struct {
	replies map[string][]string // by account
	steps   []planned
}

type planned struct {
	what  string
	after time.Duration
}

func drawPlan(rt *rapid.T) plan {
	names := slices.Sorted(maps.Keys(replies))
	step := rapid.Custom(func(rt *rapid.T) planned {
		return planned{
			what: rapid.SampledFrom([]string{"create", "create", "create", "crash", "close", "cut off", "resume", "break the index"}).Draw(rt, "what"),
			after: rapid.SampledFrom([]time.Duration{0, time.Millisecond, 700 * time.Millisecond, 10 * time.Second, time.Minute, time.Hour,
				3 * time.Hour}).Draw(rt, "after"),
		}
	})
	p := plan{replies: map[string][]string{}, steps: []planned{{what: "create"}}}
	p.steps = append(p.steps, rapid.SliceOfN(step, 0, 8).Draw(rt, "steps")...)
	for _, account := range slices.Sorted(maps.Keys(randomClasses)) {
		p.replies[account] = rapid.SliceOfN(rapid.SampledFrom(names), 0, 10).Draw(rt, "replies of "+account)
	}
	return p
}

// TestMain keeps the random test short where nobody asks for more: -rapid.checks=2000 makes a long one.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		if err := flag.Set("rapid.checks", "40"); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}

func TestP2NoLeadIsLostOrCreatedTwiceWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		var problems []string
		synctest.Test(t, func(t *testing.T) { problems = newRandomRun(t, p).run(p) })
		for _, problem := range problems {
			rt.Error(problem)
		}
	})
}

// randomRun is a plan being carried out.
type randomRun struct {
	*rig
	vendors map[string]*randomVendor
	ids     []string

	mu       sync.Mutex
	problems []string
}

func newRandomRun(t *testing.T, p plan) *randomRun {
	t.Helper()
	run := &randomRun{rig: idleRig(t, sooner), vendors: map[string]*randomVendor{}}
	run.store.report = run.wrong
	for account, class := range randomClasses {
		run.vendors[account] = &randomVendor{class: class, replies: p.replies[account], effects: map[string]int{}}
	}
	return run
}

func (run *randomRun) wrong(format string, args ...any) {
	run.mu.Lock()
	defer run.mu.Unlock()
	run.problems = append(run.problems, fmt.Sprintf(format, args...))
}

// run carries the plan out and returns what is wrong in the end.
func (run *randomRun) run(p plan) []string {
	run.reborn()
	for _, step := range p.steps {
		run.step(step.what)
		pass(step.after)
	}
	for _, v := range run.vendors {
		v.heal()
	}
	run.crash()
	run.reborn()
	run.resume()        // a stop outlasts the crash
	pass(2 * time.Hour) // longer than any wait
	for _, id := range run.ids {
		for account := range randomClasses {
			run.judge(id, account)
		}
	}
	if report, err := run.index.Verify(run.t.Context()); err != nil || len(report.Problems) > 0 || report.Leads != len(run.ids) {
		run.wrong("of %d leads the index has %d; %v %v", len(run.ids), report.Leads, err, report.Problems)
	}
	return run.problems
}

func (run *randomRun) step(what string) {
	switch what {
	case "create":
		run.mayCreate()
	case "crash":
		run.crash()
		run.reborn()
	case "close":
		run.close(time.Minute)
		run.reborn()
	case "cut off":
		run.close(0)
		run.reborn()
	case "resume":
		run.resume()
	case "break the index":
		run.store.set(func(w *watched) { w.failUpdates, w.failViews = 2, 2 })
	}
}

// reborn starts a new Dispatcher with new lines, as a new process has them, over an index that is well again.
func (run *randomRun) reborn() {
	run.store.set(func(w *watched) { w.failUpdates, w.failViews = 0, 0 })
	run.accounts = nil
	for account, v := range run.vendors {
		run.accounts = append(run.accounts, at(account, &vendor{class: v.class, answer: v.answer}))
	}
	run.start()
}

// mayCreate is create over an index that may fail, and then nothing is accepted.
func (run *randomRun) mayCreate() {
	slots := run.reserve(run.accounts)
	given := somebody()
	given.LeadId, given.CreateTime = typeid.New(typeid.Lead), timestamppb.Now()
	var ops []*leadmuxv1.Operation
	err := run.store.Update(context.Background(), func(tx idmap.Tx) (err error) {
		ops, err = run.d.Accept(tx, tenant, proto.CloneOf(given), run.accounts, delivery.Write{Method: delivery.CreateLead}, slots)
		return err
	})
	switch {
	case errors.Is(err, errIndex):
	case err != nil:
		run.wrong("accept: %v", err)
	default:
		run.ids = append(run.ids, given.GetLeadId())
		run.d.Go(tenant, ops)
	}
}

// judge holds how a lead ended at an account against what the vendor has of it.
func (run *randomRun) judge(id, account string) {
	op, e, effects := run.op(id, account), run.engagement(id, account), run.vendors[account].effects[id]
	wrong := func(what string) {
		run.wrong("at %s %s is %s, was created there %d times, and %s (%s)", account, id, stateName(e.GetState()), effects, what, op.GetDecision())
	}
	if effects > 1 {
		wrong("that is too often")
	}
	switch opName(op.GetState()) {
	case "SUCCEEDED":
		if effects == 0 {
			wrong("is not there")
		}
	case "FAILED":
		if effects != 0 {
			wrong("is there")
		}
	case "IN_DOUBT":
		if !op.GetAmbiguous() {
			wrong("is in doubt without cause")
		}
		if account != "once" && !refusedAtLast(op) && !strings.HasPrefix(op.GetDecision(), "given up") {
			wrong("is in doubt though the vendor could be asked")
		}
	default:
		wrong("is not settled")
	}
	var last leadmuxv1.EngagementState
	for _, event := range run.eventLog() {
		if event.GetLeadId() == id && event.GetAccount() == account && event.GetEngagementChanged() != nil {
			last = event.GetEngagementChanged().GetAfter()
		}
	}
	if last != e.GetState() {
		wrong("the log says otherwise")
	}
}

// refusedAtLast says whether the last attempt met a refusal that says nothing of the ones before.
func refusedAtLast(op *leadmuxv1.Operation) bool {
	last := op.GetAttempts()[len(op.GetAttempts())-1].GetReason()
	return last == "VENDOR_CREDENTIALS_REFUSED" || last == "VENDOR_ANSWER_UNREADABLE"
}

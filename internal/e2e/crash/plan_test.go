package crash_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// round is one round as its seed draws it.
type round struct {
	number  int      // within its life
	kills   []string // failpoints of one start after the other; then comes one that lives
	faults  map[string][]kit.Fault
	callers []plan
	// doubtful: the vendors refuse without a reason what they may have taken before, so that nobody can know.
	doubtful bool
}

// plan is what one caller wants: things done to a few invented persons, one after the other.
type plan struct {
	persons  []int // more than one: they are created as a batch
	accounts []string
	campaign bool // at UJET
	via      harness.Via
	steps    []step
}

// step is one call. Its wait is how long the call waits for the vendors.
type step struct {
	rpc  string
	name string // what UpdateLead makes of the first name
	wait time.Duration
}

// The lives of a conversation that callers lead.
var lives = [][]string{
	{"CreateLead"},
	{"CreateLead", "UpdateLead"},
	{"CreateLead", "UpdateLead", "DeferConversation", "UpdateLead"},
	{"CreateLead", "EndConversation", "EngageLead"},
	{"CreateLead", "UpdateLead", "StopConversation"},
	{"CreateLead", "StopConversation", "EngageLead", "UpdateLead", "EndConversation"},
	{"CreateLead", "DeferConversation", "EndConversation", "EngageLead", "StopConversation"},
	{"BatchCreateLeads"},
	{"BatchCreateLeads", "UpdateLead"},
	{"ImportLeads"},
	{"ImportLeads", "StopConversation", "EngageLead"},
	{"CreateLead", "Webhook"},
	{"CreateLead", "UpdateLead", "Webhook"},
	{"CreateLead", "OptOutLead"},
	{"CreateLead", "UpdateLead", "OptOutLead"},
}

var names = []string{"Augusta", "Beatrix", "Cecily", "Daphne", "Edith", "Flora"}

// The vendors' misbehaviours: what was done may have been done, and the answer says otherwise, nothing, or comes late. Each is got
// over by itself.
var misbehaviours = []kit.Fault{
	{Drop: true, After: true}, {Status: 500, After: true}, {AnswerDelayMS: 300}, {Truncate: true},
	{Drop: true}, {Status: 503}, {DelayMS: 150},
}

// doubts are misbehaviours that leave what they meet in doubt, or refused.
var doubts = []kit.Fault{
	{Drop: true, After: true, Count: 2}, {Status: 402, Count: 2}, {Status: 500, Count: 2}, {Status: 402, Count: 2}, {Truncate: true, Count: 2}, {Status: 402, Count: 2},
}

// draw draws a round. The first place falls in turn, so that a run comes by all of them.
func draw(r *rand.Rand, number, turn int) round {
	places := failpoint.Places()
	out := round{number: number, faults: map[string][]kit.Fault{}}
	first := places[turn%len(places)].Point
	if first == failpoint.OneRepaired { // which needs something to repair
		cut := []failpoint.Point{failpoint.AttemptMarked, failpoint.RequestHalfWritten, failpoint.AnswerComing, failpoint.AnswerRead}
		out.kills = append(out.kills, armed(pick(r, cut), 1+r.IntN(4)), armed(first, 1))
	} else {
		n := passes(r)
		if onlyBy[first] != "" {
			n = 1
		}
		out.kills = append(out.kills, armed(first, n))
		if r.IntN(3) == 0 {
			out.kills = append(out.kills, armed(pick(r, places).Point, passes(r)))
		}
	}
	out.doubtful = onlyBy[first] == "" && r.IntN(6) == 0
	for _, vendor := range harness.VendorNames() {
		for range r.IntN(3) {
			out.faults[vendor] = append(out.faults[vendor], pick(r, misbehaviours))
		}
		if out.doubtful {
			out.faults[vendor] = doubts
		}
	}
	for i := range 4 {
		life := pick(r, lives)
		if by := onlyBy[first]; by != "" && i == 0 {
			life = pick(r, slices.DeleteFunc(slices.Clone(lives), func(l []string) bool { return l[len(l)-1] != by }))
		}
		if out.doubtful { // nothing can be asked of a conversation that was refused
			life = life[:1]
		}
		out.callers = append(out.callers, drawPlan(r, 12*number+3*i, life))
	}
	return out
}

// onlyBy are the steps without which nothing comes by a place.
var onlyBy = map[failpoint.Point]string{failpoint.WebhookVerified: "Webhook", failpoint.WebhookStored: "Webhook", failpoint.OptOutPartlyTold: "OptOutLead"}

func drawPlan(r *rand.Rand, person int, life []string) plan {
	p := plan{persons: []int{person}, via: pick(r, harness.Vias()), campaign: r.IntN(2) == 0}
	all := harness.VendorNames()
	if p.accounts = all; r.IntN(2) == 0 {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		p.accounts = slices.Sorted(slices.Values(all[:1+r.IntN(3)]))
	}
	p.campaign = p.campaign && slices.Contains(p.accounts, harness.UJET)
	if life[0] != "CreateLead" {
		p.persons = []int{person, person + 1, person + 2}
	}
	if life[len(life)-1] == "Webhook" {
		p.accounts, p.campaign = []string{harness.Verse}, false
	}
	for _, rpc := range life {
		p.steps = append(p.steps, step{
			rpc: rpc, name: pick(r, names), wait: pick(r, []time.Duration{0, 0, 50 * time.Millisecond, time.Second}),
		})
	}
	return p
}

// passes is how often the process comes by a place until it dies there: mostly soon.
func passes(r *rand.Rand) int {
	if r.IntN(4) == 0 {
		return 1 + r.IntN(12)
	}
	return 1 + r.IntN(3)
}

func armed(p failpoint.Point, passes int) string { return fmt.Sprintf("%s:%d", p, passes) }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// String shows the round in the output of a failure.
func (r round) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "round %d dies at %s", r.number, strings.Join(r.kills, ", then at "))
	for _, vendor := range harness.VendorNames() {
		for _, f := range r.faults[vendor] {
			fmt.Fprintf(&b, "; %s: %s", vendor, f)
		}
	}
	for _, p := range r.callers {
		fmt.Fprintf(&b, "\n  over %s persons %v at %v, campaign %t:", p.via, p.persons, p.accounts, p.campaign)
		for _, s := range p.steps {
			fmt.Fprintf(&b, " %s(%s)", s.rpc, s.wait)
		}
	}
	return b.String()
}

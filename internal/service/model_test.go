package service_test

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// step is one thing that happens in a run of the model.
type step struct {
	what    string
	lead    int    // of those there are, counted round
	account string // of kinds
	n       int    // for whatever else the step can choose
	faults  []string
	after   time.Duration // that passes then
}

// steps are what can happen, with how often it does.
var steps = map[string]int{
	"create": 4, "batch": 1, "update": 6, "update by etag": 2, "race": 1, "clear": 1, "end": 3, "stop": 2, "defer": 1, "engage": 4,
	"link": 1, "unlink": 1, "list": 2, "repeat": 2, "a visitor comes": 2, "the vendor closes": 2, "the vendor opens": 2,
	"the vendor fails": 6, "resume": 4, "crash": 1, "stop and start": 1, "break the index": 1,
}

// drawSteps draws a plan. The flags of package rapid set how many plans there are and how long each is.
func drawSteps(rt *rapid.T) []step {
	var plan []step
	accounts, named := slices.Sorted(maps.Keys(kinds)), slices.Sorted(maps.Keys(faults))
	pauses := []time.Duration{0, 0, 0, time.Millisecond, time.Second, 10 * time.Second, time.Minute, 30 * time.Minute, 3 * time.Hour}
	actions := map[string]func(*rapid.T){}
	for what, times := range steps {
		for i := range times {
			actions[what+string(rune('a'+i))] = func(rt *rapid.T) {
				s := step{
					what: what, lead: rapid.IntRange(0, 2*maxModelLeads).Draw(rt, "lead"), account: rapid.SampledFrom(accounts).Draw(rt, "account"),
					n: rapid.IntRange(0, 5).Draw(rt, "n"), after: rapid.SampledFrom(pauses).Draw(rt, "after"),
				}
				if what == "the vendor fails" {
					s.faults = rapid.SliceOfN(rapid.SampledFrom(named), 1, 4).Draw(rt, "faults")
				}
				plan = append(plan, s)
			}
		}
	}
	rt.Repeat(actions)
	return plan
}

// TestNothingIsLostWhateverCallersAndVendorsDo runs the whole LeadService against vendors that keep their own ledgers. A longer
// run: go test ./internal/service -run TestNothingIsLost -rapid.checks=50 -rapid.steps=1000 -timeout=2h.
func TestNothingIsLostWhateverCallersAndVendorsDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		plan := drawSteps(rt)
		var problems []string
		synctest.Test(t, func(t *testing.T) { problems = newModel(t).run(plan) })
		for _, problem := range problems {
			rt.Error(problem)
		}
	})
}

package service_test

import (
	"flag"
	"maps"
	"path/filepath"
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

// modelSteps makes every run so many steps long.
var modelSteps = flag.Int("model.steps", 0, "steps of each run of the random-operation model; 0 for a few")

// plans are the plans that can be drawn. The flags of package rapid set how many.
func plans(accounts, faults []string) *rapid.Generator[[]step] {
	pauses := []time.Duration{0, 0, 0, time.Millisecond, time.Second, 10 * time.Second, time.Minute, 30 * time.Minute, 3 * time.Hour}
	var weighted []string
	for _, what := range slices.Sorted(maps.Keys(steps)) {
		weighted = append(weighted, slices.Repeat([]string{what}, steps[what])...)
	}
	one := rapid.Custom(func(rt *rapid.T) step {
		s := step{
			what: rapid.SampledFrom(weighted).Draw(rt, "what"), lead: rapid.IntRange(0, 2*maxModelLeads).Draw(rt, "lead"),
			account: rapid.SampledFrom(accounts).Draw(rt, "account"), n: rapid.IntRange(0, 5).Draw(rt, "n"),
			after: rapid.SampledFrom(pauses).Draw(rt, "after"),
		}
		if s.what == "the vendor fails" {
			s.faults = rapid.SliceOfN(rapid.SampledFrom(faults), 1, 4).Draw(rt, "faults")
		}
		return s
	})
	return rapid.Custom(func(rt *rapid.T) []step {
		n := *modelSteps
		if n == 0 {
			n = rapid.IntRange(1, 60).Draw(rt, "steps") // a slice of its own choice would be a handful long
		}
		return rapid.SliceOfN(one, n, n).Draw(rt, "plan")
	})
}

// TestNothingIsLostWhateverCallersAndVendorsDo runs the whole LeadService against vendors that keep their own ledgers. The long
// run is "make model".
func TestNothingIsLostWhateverCallersAndVendorsDo(t *testing.T) {
	t.Parallel()
	all := plans(slices.Sorted(maps.Keys(scripts)), slices.Sorted(maps.Keys(faults)))
	rapid.Check(t, func(rt *rapid.T) {
		plan := all.Draw(rt, "plan")
		var problems []string
		synctest.Test(t, func(t *testing.T) {
			vendors := map[string]modelVendor{}
			for name, s := range scripts {
				vendors[name] = &scriptedVendor{script: s, name: name}
			}
			problems = newModel(t, t.TempDir(), vendors).run(plan)
		})
		for _, problem := range problems {
			rt.Error(problem)
		}
	})
}

// TestNothingIsLostAtTheEmulators is the same over the real adapters and the emulators of the four vendors, on real sockets: their
// ledgers are the judge. The long run is "make model".
func TestNothingIsLostAtTheEmulators(t *testing.T) {
	all, run := plans(emulatedNames, slices.Sorted(maps.Keys(emulatedFaults))), 0
	rapid.Check(t, func(rt *rapid.T) {
		plan := all.Draw(rt, "plan")
		vendors, dir, end := emulators(t)
		defer end()
		run++
		var problems []string
		synctest.Test(t, func(t *testing.T) {
			<-time.After(firstRun + time.Duration(run)*8784*time.Hour) // IDs hold the time, and no run may begin before another's end
			m := newModel(t, filepath.Join(dir, "index"), vendors)
			m.options = inCampaign
			problems = m.run(plan)
		})
		for _, problem := range problems {
			rt.Error(problem)
		}
	})
}

// firstRun is from the beginning of virtual time, in 2000, to after that of the vendors' first leads.
const firstRun = 27 * 8784 * time.Hour

package crash_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/failpoint"
)

const (
	// perLife is how many rounds follow each other on one data directory.
	perLife = 10
	// settled bounds the wait for what must happen by itself after the last start.
	settled = 20 * time.Second
)

// regressions are seeds of lives that once failed.
var regressions = []uint64{}

// TestP1P2P3P10P11P14NothingIsLostOrDoubledWhereverItDies kills the service at every place that package failpoint names, while callers work
// and vendors misbehave, and starts it again, until every caller has repeated every request. What was acknowledged is there,
// nobody is at a vendor twice, and what is not settled is in sight.
func TestP1P2P3P10P11P14NothingIsLostOrDoubledWhereverItDies(t *testing.T) {
	t.Parallel()
	t.Logf("make crash ROUNDS=%d SEED=%d", *rounds, *seed)
	tally := &tally{at: map[string]int{}}
	t.Run("lives", func(t *testing.T) {
		for i := range (*rounds + perLife - 1) / perLife {
			live(t, *seed+uint64(i), tally)
		}
		for _, seed := range regressions {
			live(t, seed, tally)
		}
	})
	t.Log(tally)
	for _, p := range failpoint.Places() {
		if *rounds >= 200 && tally.at[string(p.Point)] == 0 {
			t.Errorf("no process died at %s: nothing comes by there any more", p.Point)
		}
	}
}

// live runs the rounds of one life beside the others.
func live(t *testing.T, seed uint64, tally *tally) {
	t.Helper()
	t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
		t.Parallel()
		l := &life{env: suite.Prepare(t, harness.Options{LogLevel: "warn"}), seed: seed, tally: tally, receiver: harness.NewReceiver(t)}
		if seed%2 == 0 { // Verse may tell of a lead before it has answered, and after it has lost the answer
			l.env.Listen(t)
		}
		l.subscribe(t)
		random := rand.New(rand.NewPCG(seed, 0))
		for number := range perLife {
			r := draw(random, number, int(seed)*perLife+number)
			l.round(t, r)
			if t.Failed() {
				t.Fatalf("make crash ROUNDS=%d SEED=%d repeats this life; %s", perLife, seed, r)
			}
		}
	})
}

// tally counts what a run did.
type tally struct {
	mu                          sync.Mutex
	rounds, leads, doubts, told int
	at                          map[string]int // deaths by place
}

// String is the tally in one line.
func (y *tally) String() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return fmt.Sprintf("%d rounds, %d leads, %d steps acknowledged before the last kill, %d engagements in doubt, deaths by place %v", y.rounds, y.leads, y.told, y.doubts, y.at)
}

func (y *tally) add(to *int, n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	*to += n
}

func (y *tally) died(place string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.at[place]++
}

// life is one data directory with its vendors.
type life struct {
	env      *harness.Env
	seed     uint64
	tally    *tally
	receiver *harness.Receiver // of every event
}

// round plays a round and judges it.
func (l *life) round(t *testing.T, r round) {
	t.Helper()
	for vendor, faults := range r.faults {
		l.env.Vendors.Get(vendor).Plan(t, faults...)
	}
	var callers []*caller
	for _, p := range r.callers {
		callers = append(callers, &caller{plan: p, server: l.env.Server, key: l.env.Key(harness.KeyFull), life: fmt.Sprint(l.seed), vendorID: map[string]map[string]bool{}, verse: l.env.Vendors.Get(harness.Verse)})
	}
	for _, at := range r.kills {
		place, _, _ := strings.Cut(at, ":")
		died := !l.env.Server.StartArmed(t, at)
		if !died {
			died = slices.ContainsFunc(play(t, callers), func(err error) bool { return errors.Is(err, errGone) })
		}
		if !l.env.Server.EndArmed(t) && !died {
			place = "elsewhere" // it was not come by that often
		}
		l.tally.died(place)
	}
	for _, c := range callers {
		l.tally.add(&l.tally.told, c.done)
	}
	l.env.Server.Start(t)
	for i, err := range play(t, callers) {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	l.judge(t, r, callers)
	l.env.Server.Kill9(t)
	for _, vendor := range harness.VendorNames() {
		l.env.Vendors.Get(vendor).Clear()
	}
	l.verify(t)
	l.tally.add(&l.tally.rounds, 1)
}

// play lets all callers work until they are done or the service is gone, and returns how each ended.
func play(t *testing.T, callers []*caller) []error {
	t.Helper()
	errs := make([]error, len(callers))
	var all sync.WaitGroup
	for i, c := range callers {
		all.Go(func() { errs[i] = c.run(t) })
	}
	all.Wait()
	for i, c := range callers {
		if c.refused != "" && !errors.Is(errs[i], errGone) {
			t.Errorf("caller %d: %s", i, c.refused)
		}
	}
	return errs
}

// verify runs the service's own check of the index.
func (l *life) verify(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), settled)
	defer cancel()
	out, err := l.env.Server.Command(ctx, append([]string{"verify"}, l.env.Server.Args()...)...).CombinedOutput()
	if err != nil {
		t.Errorf("the index does not agree with itself: %v\n%s", err, out)
	}
}

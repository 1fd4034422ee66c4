package poll_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/poll"
)

// rig is a Poller of one account, bot, whose polls take a second.
type rig struct {
	*poll.Poller
	account  *adapters.Account
	registry *prometheus.Registry
	polls    atomic.Int32
	at       atomic.Int32 // polls under way
	broken   atomic.Bool  // the account's breaker is open

	mu    sync.Mutex
	fails error
}

// line is the account's, with a breaker that the test opens.
type line struct {
	adapters.Line
	open *atomic.Bool
}

func (l line) Health() *leadmuxv1.AccountHealth {
	health := l.Line.Health()
	if l.open.Load() {
		health.Breaker = leadmuxv1.BreakerState_BREAKER_STATE_OPEN
	}
	return health
}

// fail lets the polls from here on end so.
func (r *rig) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails = err
}

func (r *rig) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fails
}

// inTime runs a test in virtual time. next is when each poll wants the next one.
func inTime(t *testing.T, next time.Duration, test func(r *rig)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{registry: prometheus.NewRegistry()}
		r.account = &adapters.Account{Name: "bot", Line: line{vendorhttp.NewLine(vendorhttp.LineConfig{}), &r.broken}}
		r.Poller = poll.New(poll.Config{
			Accounts: adapters.NewSet([]*adapters.Account{r.account}), Logger: slog.New(slog.DiscardHandler), Registry: r.registry,
		})
		r.Start(t.Context(), []poll.Task{{Account: r.account, Feed: true, Hinted: next == 0, Poll: func(ctx context.Context) (time.Duration, error) {
			if r.at.Add(1) > 1 {
				t.Error("two polls of an account at a time")
			}
			defer r.at.Add(-1)
			r.polls.Add(1)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			err := r.failure()
			if errors.Is(err, errBoom) {
				panic("boom") //nolint:forbidigo // the test is about panics
			}
			return next, err
		}}})
		defer r.Close()
		test(r)
	})
}

var errBoom = errors.New("a panic instead")

// pass lets time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// want wants so many polls until now.
func (r *rig) want(t *testing.T, when string, n int32) {
	t.Helper()
	if got := r.polls.Load(); got != n {
		t.Errorf("%s: %d polls, want %d", when, got, n)
	}
}

func TestPollsComeByTheClock(t *testing.T) {
	inTime(t, 30*time.Second, func(r *rig) {
		pass(time.Millisecond)
		r.want(t, "at the start", 1)
		pass(5 * time.Minute)
		r.want(t, "within five minutes", 10)
	})
}

func TestManyHintsAreOnePoll(t *testing.T) {
	inTime(t, 0, func(r *rig) {
		pass(time.Hour)
		r.want(t, "before any hint", 0)
		for range 100 {
			r.Hint("bot")
			r.Hint("another")
		}
		pass(time.Hour)
		polls := r.polls.Load() // the first hint may have begun one while others came
		if polls < 1 || polls > 2 {
			t.Errorf("100 hints were %d polls", polls)
		}
		r.Hint("bot")
		pass(time.Millisecond)
		r.want(t, "at once", polls+1)
		for range 100 {
			r.Hint("bot")
		}
		pass(time.Hour)
		r.want(t, "after 100 hints during a poll", polls+2)
	})
}

func TestFailuresComeLaterAndLater(t *testing.T) {
	inTime(t, 2*time.Second, func(r *rig) {
		r.fail(errors.New("no answer"))
		pass(time.Hour)
		if n := r.polls.Load(); n < 12 || n > 25 {
			t.Errorf("%d polls that failed within an hour", n)
		}
		failed := r.polls.Load()
		r.fail(errBoom)
		pass(10 * time.Minute)
		if r.polls.Load() == failed {
			t.Error("no poll after a panic")
		}
		r.fail(nil)
		pass(6 * time.Minute)
		before := r.polls.Load()
		pass(30 * time.Second)
		r.want(t, "after a good one", before+10)
	})
}

func TestADownAccountIsNotPolled(t *testing.T) {
	inTime(t, 30*time.Second, func(r *rig) {
		pass(2 * time.Second)
		r.account.Line.Stop(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_CREDENTIALS_REFUSED)
		r.Hint("bot")
		pass(time.Hour)
		r.want(t, "while it is stopped", 1)
		r.account.Line.Resume()
		pass(2 * time.Second)
		r.want(t, "after its resumption", 2)
		r.broken.Store(true)
		r.Hint("bot")
		pass(time.Hour)
		r.want(t, "while its breaker is open", 2)
		r.broken.Store(false)
		pass(2 * time.Second)
		r.want(t, "when it is closed again", 3)
	})
}

func TestTheLagIsTold(t *testing.T) {
	inTime(t, 30*time.Second, func(r *rig) {
		lag := func(want string) {
			t.Helper()
			err := testutil.GatherAndCompare(r.registry, strings.NewReader(`
# HELP leadmux_poll_lag_seconds Time since an account was last read whole; what happened there since is not known here.
# TYPE leadmux_poll_lag_seconds gauge
leadmux_poll_lag_seconds{account="bot"} `+want+"\n"), "leadmux_poll_lag_seconds")
			if err != nil {
				t.Error(err)
			}
		}
		r.fail(errors.New("no answer"))
		pass(10 * time.Minute)
		lag("600")
		if !r.Last("bot").IsZero() {
			t.Errorf("it was read at %s", r.Last("bot"))
		}
		r.fail(nil)
		pass(10 * time.Minute)
		if last := r.Last("bot"); time.Since(last) > 32*time.Second {
			t.Errorf("it was last read at %s", last)
		}
		began := r.Last("bot")
		r.Close()
		pass(time.Second - time.Since(began) + time.Hour)
		lag("3601")
	})
}

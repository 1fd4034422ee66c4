package poll

import (
	"context"
	"errors"
	"log/slog"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

const (
	// retryMin and retryMax bound the pause after a failure, which doubles from one to the next.
	retryMin, retryMax = time.Second, 5 * time.Minute
	// downPause is the pause after a look at an account that lets nothing out.
	downPause = time.Second
)

// Results of a poll, as they stand in metric labels.
const (
	resultOK     = "ok"
	resultFailed = "failed"
)

// loop polls one account until ctx ends.
func (p *Poller) loop(ctx context.Context, t Task) {
	hints := p.hints[t.Account.Name]
	next, failures := time.Nanosecond, 0
	if t.Hinted {
		next = 0
	}
	for wait(ctx, next, hints, failures == 0) {
		if isDown(t.Account) {
			if !wait(ctx, downPause, hints, false) {
				return
			}
			next = time.Nanosecond
			continue
		}
		var err error
		next, err = p.once(ctx, t)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			failures = 0
		default:
			next = retry(failures, err)
			failures++
		}
	}
}

// wait waits for the pause to be over, zero for none, or, where it may, for a hint; it says whether ctx still goes on.
func wait(ctx context.Context, pause time.Duration, hints <-chan struct{}, mayHint bool) bool {
	if !mayHint {
		hints = nil
	}
	var over <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-hints:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// isDown says whether an account lets nothing out: a poll would only be refused.
func isDown(account *adapters.Account) bool {
	health := account.Line.Health()
	return health.GetStopped() || health.GetBreaker() == leadmuxv1.BreakerState_BREAKER_STATE_OPEN
}

// retry is the pause after a failure.
func retry(failures int, err error) time.Duration {
	pause := retryMin << min(failures, 10)
	if failure, ok := errors.AsType[*adapters.Error](err); ok {
		pause = max(pause, failure.RetryAfter)
	}
	return min(pause, retryMax)
}

var errPanic = errors.New("panic")

// once makes one poll. A panic in it costs this poll only.
func (p *Poller) once(ctx context.Context, t Task) (next time.Duration, err error) {
	began := p.cfg.Now()
	defer func() {
		if recover() != nil { // the value stays out of the log: it may hold anything
			err = errPanic
		}
		if ctx.Err() != nil {
			return
		}
		p.told(t, began, err)
	}()
	return t.Poll(ctx)
}

// told counts a poll.
func (p *Poller) told(t Task, began time.Time, err error) {
	if err != nil {
		p.polls.WithLabelValues(t.Account.Name, resultFailed).Inc()
		p.cfg.Logger.Warn("poll failed; tried again later", slog.String("account", t.Account.Name), slog.String("error", err.Error()))
		return
	}
	p.polls.WithLabelValues(t.Account.Name, resultOK).Inc()
	if t.Feed {
		p.read(t, began)
	}
}

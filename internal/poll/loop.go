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
	// rest is the least time between the beginnings of two polls: many hints within it are one poll.
	rest = time.Second
)

// Results of a poll, as they stand in metric labels.
const (
	resultOK     = "ok"
	resultFailed = "failed"
)

// soon is a pause of next to nothing; none at all would be to wait for a hint.
const soon = time.Nanosecond

// loop polls one account until ctx ends. Between two polls lies a pause that nothing shortens, then one that a hint ends.
func (p *Poller) loop(ctx context.Context, t Task) {
	least, pause, failures := soon, soon, 0
	if t.Hinted {
		pause = 0
	}
	for wait(ctx, least, nil) && wait(ctx, pause, p.hints[t.Account.Name]) {
		if isDown(t.Account) {
			least, pause = downPause, soon
			continue
		}
		next, err := p.once(ctx, t)
		switch {
		case err != nil:
			least, pause = retry(failures, err), soon
			failures++
		case next > 0:
			least, pause, failures = rest, max(next-rest, soon), 0
		default:
			least, pause, failures = rest, 0, 0
		}
	}
}

// wait waits for the pause to be over, zero for one without end, or for a hint; it says whether ctx still goes on.
func wait(ctx context.Context, pause time.Duration, hints <-chan struct{}) bool {
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

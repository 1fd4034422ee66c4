package boltmap

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync/atomic"

	"github.com/leadmux/leadmux/internal/idmap"
)

// job is one caller's change on its way through the committer. Its result may be read when done is closed.
type job struct {
	ctx     context.Context // the caller waits for the job; it is a call in flight
	fn      func(tx idmap.Tx) error
	claimed atomic.Bool
	done    chan struct{}

	err      error
	panicked any
}

// claim decides between the committer, which wants to run the job, and its caller, who wants to leave: true for whoever
// comes first. So fn never runs after its caller has gone.
func (j *job) claim() bool {
	return j.claimed.CompareAndSwap(false, true)
}

// run calls fn and keeps its error or panic. It tells whether there was none.
func (j *job) run(tx idmap.Tx, log *slog.Logger) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			// The value goes to the caller, who has another stack. It stays out of the log: it may hold anything.
			log.Error("panic in a change of the index", slog.String("stack", string(debug.Stack())))
			j.panicked, ok = p, false
		}
	}()
	j.err = j.fn(tx)
	return j.err == nil
}

// finish sets the result and wakes the caller.
func (j *job) finish(err error) {
	j.err = err
	close(j.done)
}

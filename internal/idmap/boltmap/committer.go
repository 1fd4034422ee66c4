package boltmap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.etcd.io/bbolt"

	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
)

const (
	// maxBatch is how many changes share one commit at most.
	maxBatch = 1000
	// slowCommit is how long a commit may take before the log says so.
	slowCommit = time.Second
)

// errUndo makes bbolt roll back a batch in which a change failed.
var errUndo = errors.New("undo")

// committer carries out the changes of all callers: one goroutine takes what waits and commits it as one transaction. It
// never waits for more to come: a lone writer pays for its own commit only, and while one commit is under way the next
// batch gathers by itself.
type committer struct {
	index *bbolt.DB
	tx    func(btx *bbolt.Tx) idmap.Tx
	now   func() time.Time
	log   *slog.Logger

	jobs   chan *job
	quit   chan struct{} // closed by close
	exited chan struct{} // closed when no job will be taken any more
}

func newCommitter(index *bbolt.DB, tx func(btx *bbolt.Tx) idmap.Tx, now func() time.Time, log *slog.Logger) *committer {
	c := &committer{
		index: index, tx: tx, now: now, log: log,
		jobs: make(chan *job, maxBatch), quit: make(chan struct{}), exited: make(chan struct{}),
	}
	go c.run()
	return c
}

// update hands in a change and waits for it.
func (c *committer) update(ctx context.Context, fn func(tx idmap.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case <-c.quit: // asked first, because select picks any ready case
		return ErrClosed
	default:
	}
	select {
	case c.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.quit:
		return ErrClosed
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.claim() {
			return ctx.Err()
		}
	case <-c.exited:
		if j.claim() {
			return ErrClosed
		}
	}
	<-j.done
	if j.panicked != nil {
		panic(j.panicked) //nolint:forbidigo // it is fn's own panic, on its way through
	}
	return j.err
}

// close carries out what was handed in and ends the goroutine.
func (c *committer) close() {
	close(c.quit)
	<-c.exited
}

func (c *committer) run() {
	defer close(c.exited)
	for {
		select {
		case j := <-c.jobs:
			c.commit(c.gather(j))
			continue
		case <-c.quit:
		}
		select {
		case j := <-c.jobs:
			c.commit(c.gather(j))
		default:
			return
		}
	}
}

// gather claims first and what waits behind it.
func (c *committer) gather(first *job) []*job {
	var batch []*job
	for j := first; ; {
		if j.claim() {
			if err := j.ctx.Err(); err != nil {
				j.finish(err)
			} else {
				batch = append(batch, j)
			}
		}
		if len(batch) == maxBatch {
			return batch
		}
		select {
		case j = <-c.jobs:
		default:
			return batch
		}
	}
}

// commit carries out a batch. Whoever fails within it is taken out, the others run again and are committed. The failed ones
// then run each on its own: only so their error speaks of what is durable, not of a neighbour's change that was undone.
func (c *committer) commit(batch []*job) {
	var alone []*job
	for len(batch) > 0 {
		good, bad, err := c.try(batch)
		if len(bad) == 0 {
			for _, j := range batch {
				j.finish(err)
			}
			break
		}
		for _, j := range bad {
			if len(batch) == 1 || j.panicked != nil {
				j.finish(j.err)
			} else {
				alone = append(alone, j)
			}
		}
		batch = good
	}
	for _, j := range alone {
		c.commit([]*job{j})
	}
}

// try runs a batch in one transaction and commits it if none fails. All run even when one has failed, to find every one
// that fails in one go; what comes behind the first is a guess, which is why nothing of it is kept.
func (c *committer) try(batch []*job) (good, bad []*job, err error) {
	start := c.now()
	err = c.index.Update(func(btx *bbolt.Tx) error {
		tx := c.tx(btx)
		for _, j := range batch {
			if j.run(tx, c.log) {
				good = append(good, j)
			} else {
				bad = append(bad, j)
			}
		}
		if len(bad) > 0 {
			return errUndo
		}
		failpoint.Here(failpoint.BatchWritten)
		return nil
	})
	if err == nil {
		failpoint.Here(failpoint.BatchCommitted)
	}
	if took := c.now().Sub(start); took >= slowCommit {
		c.log.Warn("slow commit of the index; is the disk busy?", slog.Duration("took", took), slog.Int("changes", len(batch)))
	}
	if err != nil && !errors.Is(err, errUndo) {
		err = fmt.Errorf("commit the index: %w", err)
		if mutant.AcknowledgeBeforeCommit {
			err = nil
		}
	}
	return good, bad, err
}

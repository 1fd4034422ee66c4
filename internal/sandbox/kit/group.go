package kit

import (
	"errors"
	"sync"
)

// errYourTurn tells a waiting writer to write the next batch itself.
var errYourTurn = errors.New("your turn to write")

// requestWrite is one encoded request on its way to disk.
type requestWrite struct {
	seq  uint64
	raw  []byte
	done chan error // room for one, so that nobody waits to report
}

// requestGroup lets concurrent writers share a commit: while one writes, the
// others gather, and the first of them writes the next batch for all. It needs
// no goroutine and no timer, and a lone writer does not wait.
type requestGroup struct {
	mu      sync.Mutex
	waiting []*requestWrite
	busy    bool
}

// write returns once w is on disk, written by this caller or by another.
func (g *requestGroup) write(w *requestWrite, store func([]*requestWrite) error) error {
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	first := !g.busy
	g.busy = true
	g.mu.Unlock()
	if !first {
		if err := <-w.done; !errors.Is(err, errYourTurn) {
			return err
		}
	}
	g.mu.Lock()
	batch := g.waiting
	g.waiting = nil
	g.mu.Unlock()

	err := store(batch)
	for _, other := range batch {
		if other != w {
			other.done <- err
		}
	}
	g.handOver()
	return err
}

// handOver lets the first of those waiting go on, if there is one.
func (g *requestGroup) handOver() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.busy = false
		return
	}
	g.waiting[0].done <- errYourTurn
}

package boltmap

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
)

// ErrClosed is returned by every method of a store after its Close.
var ErrClosed = errors.New("store is closed")

// Store is the index of one data directory. Open makes it; it holds the directory's lock until Close.
type Store struct {
	index     *bbolt.DB
	keys      *keyring
	committer *committer
	secret    *seal.Secret
	log       *slog.Logger
	appended  hub

	closing  sync.Once
	closeErr error
}

var (
	_ idmap.Store    = (*Store)(nil)
	_ idmap.EventLog = (*Store)(nil)
)

// View runs fn on a consistent picture of the index. See idmap.Store. It fails with ErrClosed after Close.
func (s *Store) View(ctx context.Context, fn func(r idmap.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.view(func(btx *bbolt.Tx) error { return fn(reader{s: s, btx: btx}) })
}

// Update runs fn and makes its changes durable, together with those of other callers that wait. See idmap.Store. A panic of
// fn undoes its changes and goes on in the caller. fn must not call Update, nor end its goroutine (as FailNow
// of a test does): it runs on the committer's. Update fails with ErrClosed after Close.
func (s *Store) Update(ctx context.Context, fn func(tx idmap.Tx) error) error {
	return s.committer.update(ctx, fn)
}

// Close carries out the changes that were handed in before, waits for running reads, and closes the files. A second call
// waits too and returns what the first one did.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.committer.close()
		s.keys.close()
		s.closeErr = errors.Join(s.index.Close(), s.keys.db.Close())
	})
	return s.closeErr
}

func (s *Store) view(fn func(btx *bbolt.Tx) error) error {
	err := s.index.View(fn)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

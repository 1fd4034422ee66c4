package boltmap

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
)

// Names of the files in the data directory.
const (
	IndexFile = "index.db"
	KeysFile  = "keys.db"
)

// Kinds of file, as their headers and the sentences about them say.
const (
	indexKind = "the index"
	keysKind  = "the key file"
)

// storeIDSize is the length of the random ID that ties the two files together, in bytes.
const storeIDSize = 16

// Config is what Open needs.
type Config struct {
	// Dir is the data directory; it is made, for the owner only, if it is missing.
	Dir string
	// Secret is the service's secret. A directory opens only with the one it was made with.
	Secret *seal.Secret
	// Logger gets what goes wrong in the background and what is slow. Nil: nothing is logged.
	Logger *slog.Logger
	// Now is the clock that commits are timed with. Nil: time.Now.
	Now func() time.Time
}

// Open opens the index of a data directory, or makes it. Each error is one sentence for an operator: ErrInUse when another
// process has it open, seal.ErrWrongKey when it was made with another secret; else what is wrong with the directory or file.
func Open(cfg Config) (*Store, error) {
	var s *Store
	err := guarded(func() (err error) {
		s, err = openDir(cfg, false)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.keys.start(s.taken()); err != nil {
		return nil, errors.Join(err, s.index.Close(), s.keys.db.Close())
	}
	if err := guarded(s.reconcile); err != nil {
		s.keys.close()
		return nil, errors.Join(err, s.index.Close(), s.keys.db.Close())
	}
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	s.committer = newCommitter(s.index, func(btx *bbolt.Tx) idmap.Tx { return writer{reader{s: s, btx: btx}} }, now, s.log)
	return s, nil
}

// openDir opens both files and sees that they fit together. It starts nothing.
func openDir(cfg Config, readOnly bool) (s *Store, err error) {
	if cfg.Dir == "" || cfg.Secret == nil {
		return nil, errors.New("the index needs a data directory and a secret key")
	}
	if !readOnly {
		if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
			return nil, openError(cfg.Dir, err)
		}
	}
	s = &Store{secret: cfg.Secret, log: cfg.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.index, err = openFile(filepath.Join(cfg.Dir, IndexFile), readOnly); err != nil {
		return nil, err
	}
	keys, err := openBehind(s.index, cfg, readOnly)
	if err != nil {
		return nil, errors.Join(err, s.index.Close())
	}
	if s.keys, err = newKeyring(keys, cfg.Secret, s.log); err == nil && !readOnly {
		err = errors.Join(s.takeBackup(), s.skipTaken())
	}
	if err != nil {
		return nil, errors.Join(err, s.index.Close(), keys.Close())
	}
	return s, nil
}

// openBehind opens the key file that belongs to an open index, and writes the headers of new files. The index's header comes
// last: with it the directory is complete, and a start that was cut off before begins again.
func openBehind(index *bbolt.DB, cfg Config, readOnly bool) (keys *bbolt.DB, err error) {
	indexHeader, err := readHeader(index, indexKind)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(cfg.Dir, KeysFile)
	_, err = os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && (indexHeader.store != nil || readOnly) {
		return nil, fmt.Errorf("%s is missing; put it back from its backup, for nothing in the index can be read without it", path)
	}
	if keys, err = openFile(path, readOnly); err != nil {
		return nil, err
	}
	if err := matchHeaders(index, keys, indexHeader, cfg, readOnly); err != nil {
		return nil, errors.Join(err, keys.Close())
	}
	return keys, nil
}

func matchHeaders(index, keys *bbolt.DB, indexHeader header, cfg Config, readOnly bool) error {
	keysHeader, err := readHeader(keys, keysKind)
	if err != nil {
		return err
	}
	if keysHeader.store == nil {
		if indexHeader.store != nil || readOnly {
			return fmt.Errorf("%s is empty; put it back from its backup, for nothing in the index can be read without it", keys.Path())
		}
		keysHeader.store = make([]byte, storeIDSize)
		_, _ = rand.Read(keysHeader.store) // never fails; it ends the program instead
		if err := writeHeader(keys, keysKind, keysHeader.store, cfg.Secret, keysBucket, 0); err != nil {
			return err
		}
	} else if err := keysHeader.checkSecret(cfg.Secret); err != nil {
		return err
	}
	if indexHeader.store == nil {
		if readOnly {
			return fmt.Errorf("%s is empty", index.Path())
		}
		if err := writeHeader(index, indexKind, keysHeader.store, cfg.Secret, tenantsBucket, 0); err != nil {
			return err
		}
		return syncDir(cfg.Dir)
	}
	if !bytes.Equal(indexHeader.store, keysHeader.store) {
		return fmt.Errorf("%s and %s belong to different data directories", index.Path(), keys.Path())
	}
	return indexHeader.checkSecret(cfg.Secret)
}

// skipTaken leaves keys out that seem unused only because the index was put back to an older state or lost: they may be those
// of leads in a newer copy of it. An index that was never put back has no more unused keys than are made ahead.
func (s *Store) skipTaken() error {
	made := s.keys.made.Load()
	if made <= s.taken()+keyBatch+keysLow {
		return nil
	}
	return s.index.Update(func(btx *bbolt.Tx) error { return btx.Bucket(metaBucket).SetSequence(made) })
}

// taken is the number of the data key taken last.
func (s *Store) taken() (n uint64) {
	_ = s.index.View(func(btx *bbolt.Tx) error { // fails only on a closed file, and then the next use says so
		n = btx.Bucket(metaBucket).Sequence()
		return nil
	})
	return n
}

// syncDir makes the names of new files durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return openError(dir, err)
	}
	if err := d.Sync(); err != nil {
		return errors.Join(openError(dir, err), d.Close())
	}
	return d.Close()
}

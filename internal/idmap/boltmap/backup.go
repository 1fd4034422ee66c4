package boltmap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// compactTx is how much a transaction of a compaction holds, in bytes.
const compactTx = 4 << 20

// backupKey in the meta bucket marks a copy as a backup, with the time it was made. Open finds out by it that the index was put
// back to an older state.
var backupKey = []byte("backup")

// Copy writes one consistent picture of a file, IndexFile or KeysFile, to path while others go on writing. It is fast, because
// pages that are still read cannot be used again and a file that has to grow much waits for the reader: let nothing slow read it.
func (s *Store) Copy(ctx context.Context, file, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	copyOut := func(btx *bbolt.Tx) error { return btx.CopyFile(path, 0o600) }
	if file == KeysFile {
		return s.keys.view(copyOut)
	}
	return s.view(copyOut)
}

// CopyFile is Copy for a data directory that no process has open; else it fails with ErrInUse.
func CopyFile(dir, file, path string) error {
	db, err := openFile(filepath.Join(dir, file), true)
	if err != nil {
		return err
	}
	err = guarded(func() error { return db.View(func(btx *bbolt.Tx) error { return btx.CopyFile(path, 0o600) }) })
	return errors.Join(err, db.Close())
}

// WriteBackup makes a backup of a copy of the index: every page is read, what is free is left out, and it is marked. to is
// replaced as a whole or not at all.
func WriteBackup(raw, to string, now time.Time) error {
	return rewrite(raw, to, func(dst *bbolt.DB) error {
		return dst.Update(func(btx *bbolt.Tx) error {
			meta := btx.Bucket(metaBucket)
			if meta == nil || string(meta.Get(kindKey)) != indexKind {
				return fmt.Errorf("%s is no index of this program", raw)
			}
			return meta.Put(backupKey, []byte(now.UTC().Format(time.RFC3339)))
		})
	})
}

// WriteKeys makes a backup of a copy of the key file, as WriteBackup does of the index.
func WriteKeys(raw, to string) error {
	return rewrite(raw, to, func(*bbolt.DB) error { return nil })
}

// rewrite writes a file anew without what is free in it, and has last change it before it takes its place at to.
func rewrite(from, to string, last func(dst *bbolt.DB) error) error {
	src, err := openFile(from, true)
	if err != nil {
		return err
	}
	part := to + ".part"
	err = guarded(func() error { return compactInto(part, src, last) })
	if err = errors.Join(err, src.Close()); err != nil {
		return errors.Join(err, removed(part))
	}
	if err := os.Rename(part, to); err != nil {
		return errors.Join(openError(to, err), removed(part))
	}
	return syncDir(filepath.Dir(to))
}

// compactInto compacts a file into a new one.
func compactInto(path string, src *bbolt.DB, last func(dst *bbolt.DB) error) error {
	if err := removed(path); err != nil { // of a run that was cut off
		return err
	}
	dst, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return openError(path, err)
	}
	if err = bbolt.Compact(dst, src, compactTx); err == nil {
		err = last(dst)
	}
	if err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}

func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

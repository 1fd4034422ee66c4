package boltmap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/leadmux/leadmux/internal/seal"
)

// format is the version of the files' layout that this package writes. It reads no other.
const format = 2

const (
	// lockWait is how long Open waits for another process to let go of a file.
	lockWait = 500 * time.Millisecond
	// mapSize is the address space kept for a file from the start, in bytes. It costs no memory, and spares the stalls of
	// mapping anew while the file is smaller.
	mapSize = 1 << 30
	// checkID is what the check of the secret is wrapped for.
	checkID = "check"
)

// ErrInUse is returned by Open when another process has the data directory open.
var ErrInUse = errors.New("another process has the data directory open")

// Keys of the meta bucket.
var (
	kindKey   = []byte("kind")   // which of the two files this is
	formatKey = []byte("format") // version of the layout, big-endian
	storeKey  = []byte("store")  // random, the same in both files
	checkKey  = []byte("check")  // a data key that only the right secret unwraps
)

// openFile opens or makes one bbolt file. Its errors are sentences for an operator.
func openFile(path string, readOnly bool) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: lockWait, ReadOnly: readOnly, InitialMmapSize: mapSize, FreelistType: bbolt.FreelistMapType,
	})
	if err != nil {
		return nil, openError(path, err)
	}
	return db, nil
}

// guarded calls fn, which reads files that may be damaged, and makes errors of what damage leads to beside errors: bbolt
// panics on some of it, and reading the map of a file that was cut off faults.
func guarded(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a file of the index is damaged: %v", p)
		}
	}()
	return fn()
}

// openError makes a sentence for an operator of an error of opening or making path.
func openError(path string, err error) error {
	var inFile *fs.PathError
	if errors.As(err, &inFile) {
		err = inFile.Err // the path is in the sentence already
	}
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w: %s is locked", ErrInUse, path)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is missing: %w", path, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission to read and write %s: %w", path, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s is on a read-only file system: %w", path, err)
	case inFile != nil:
		return fmt.Errorf("cannot open %s: %w", path, err)
	default: // bbolt's own: what is in the file is not its
		return fmt.Errorf("%s is no file of this program, or it is damaged: %w", path, err)
	}
}

// header is what a file says about itself.
type header struct {
	store []byte // nil for a file that is new
	check []byte
}

// readHeader reads the header of a file and checks that it is of the given kind and of this format.
func readHeader(db *bbolt.DB, kind string) (header, error) {
	var h header
	err := db.View(func(btx *bbolt.Tx) error {
		meta := btx.Bucket(metaBucket)
		if meta == nil {
			if k, _ := btx.Cursor().First(); k != nil {
				return fmt.Errorf("%s is a file of another program", db.Path())
			}
			return nil
		}
		if !bytes.Equal(meta.Get(kindKey), []byte(kind)) {
			return fmt.Errorf("%s is not %s of this program", db.Path(), kind)
		}
		raw := meta.Get(formatKey)
		if len(raw) != 4 {
			return fmt.Errorf("%s is damaged: it has no format version", db.Path())
		}
		if v := binary.BigEndian.Uint32(raw); v != format {
			return fmt.Errorf("%s has format %d, this version of the program reads format %d; start the version that wrote it",
				db.Path(), v, format)
		}
		h = header{store: bytes.Clone(meta.Get(storeKey)), check: bytes.Clone(meta.Get(checkKey))}
		if h.store == nil {
			return fmt.Errorf("%s is damaged: it has no store ID", db.Path())
		}
		return nil
	})
	return h, err
}

// checkSecret tells whether the file was made with this secret.
func (h header) checkSecret(secret *seal.Secret) error {
	if _, err := secret.DataKey(checkID, h.check); err != nil {
		return fmt.Errorf("the secret key is not the one that the data directory was made with: %w", seal.ErrWrongKey)
	}
	return nil
}

// writeHeader makes the header of a new file and its first bucket. sequence is that of the meta bucket.
func writeHeader(db *bbolt.DB, kind string, store []byte, secret *seal.Secret, bucket []byte, sequence uint64) error {
	check, err := secret.NewDataKey(checkID)
	if err != nil {
		return err
	}
	err = db.Update(func(btx *bbolt.Tx) error {
		meta, err := btx.CreateBucket(metaBucket)
		if err != nil {
			return err
		}
		if _, err := btx.CreateBucket(bucket); err != nil {
			return err
		}
		return errors.Join(
			meta.Put(kindKey, []byte(kind)), meta.Put(formatKey, binary.BigEndian.AppendUint32(nil, format)),
			meta.Put(storeKey, store), meta.Put(checkKey, check), meta.SetSequence(sequence),
		)
	})
	if err != nil {
		return fmt.Errorf("write the header of %s: %w", db.Path(), err)
	}
	return nil
}

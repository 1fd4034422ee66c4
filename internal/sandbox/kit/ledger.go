package kit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// lockWait is how long OpenLedger waits for another process to let go of the
// file; a process that was killed has let go already.
const lockWait = time.Second

var (
	bucketRequests = []byte("requests")
	bucketRecords  = []byte("records")
)

// ErrLedgerLocked says that another process has the ledger file open.
var ErrLedgerLocked = errors.New("ledger is in use by another process")

// Ledger is one emulator's durable memory: the requests that arrived and the
// vendor's records. Every write is synced to disk before the call returns.
// It is safe for concurrent use.
type Ledger struct {
	db *bbolt.DB

	arriveMu sync.Mutex
	lastSeq  uint64

	group requestGroup
}

// OpenLedger opens the ledger file at path and creates it, with its folders,
// if need be. The file admits one process at a time: when another one holds
// it, the error wraps ErrLedgerLocked.
func OpenLedger(path string) (*Ledger, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create the folder of ledger %s: %w", path, err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("cannot open %s: %w; stop that process or choose another folder", path, ErrLedgerLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	l := &Ledger{db: db}
	if err := l.prepare(); err != nil {
		_ = db.Close() // the first error is the one to tell
		return nil, fmt.Errorf("prepare ledger %s: %w", path, err)
	}
	return l, nil
}

// prepare creates the top buckets and finds the last sequence number.
func (l *Ledger) prepare() error {
	return l.db.Update(func(btx *bbolt.Tx) error {
		requests, err := btx.CreateBucketIfNotExists(bucketRequests)
		if err != nil {
			return err
		}
		if key, _ := requests.Cursor().Last(); key != nil {
			l.lastSeq = binary.BigEndian.Uint64(key)
		}
		_, err = btx.CreateBucketIfNotExists(bucketRecords)
		return err
	})
}

// Close waits for open transactions and releases the file.
func (l *Ledger) Close() error {
	return l.db.Close()
}

// Update runs fn once in a write transaction: either all its writes are on
// disk when Update returns nil, or none. Write transactions run one at a time,
// so a look-up and the write that follows from it belong in one fn.
func (l *Ledger) Update(fn func(tx *Tx) error) error {
	return l.db.Update(func(btx *bbolt.Tx) error { return fn(&Tx{btx: btx}) })
}

// View runs fn in a read transaction that sees one consistent state.
func (l *Ledger) View(fn func(tx *Tx) error) error {
	return l.db.View(func(btx *bbolt.Tx) error { return fn(&Tx{btx: btx}) })
}

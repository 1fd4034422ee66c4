package boltmap

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
)

const (
	// keyBatch is how many data keys are made at once; one durable write of keys.db pays for all of them.
	keyBatch = 1024
	// keysLow is how many are left when the next batch is made in the background.
	keysLow = 512
	// numberDigits is the length of the number, in hex, that a key ID starts with.
	numberDigits = 12
)

// ErrKeyGone says that a record's data key is not in the key file: its lead was erased, and then it is idmap.ErrErased too, or
// the key file is older than the index. It is an idmap.ErrNotFound, unlike the error of a damaged record.
var ErrKeyGone = fmt.Errorf("data key is gone: %w", idmap.ErrNotFound)

// errKeyDropped is ErrKeyGone of an erased lead.
var errKeyDropped = fmt.Errorf("%w; %w", ErrKeyGone, idmap.ErrErased)

// keyring makes the leads' data keys and finds them. It owns keys.db.
//
// A key's ID is a number and a random part. Numbers count up; which ones are taken is the sequence of the index's meta
// bucket, so that taking one is part of the lead's transaction and undone with it. The random part keeps a key that is made
// after keys.db was put back to an older state from passing for one that is lost.
type keyring struct {
	db     *bbolt.DB
	secret *seal.Secret
	log    *slog.Logger
	cache  keyCache

	erased  erasedKeys   // to be dropped
	reading sync.RWMutex // held for reading by view, for writing while free pages are overwritten

	making sync.Mutex    // held while a batch is made, and while keys are dropped
	made   atomic.Uint64 // number of the last key made
	wanted atomic.Uint64 // number up to which keys should be ready
	low    chan struct{} // asks for them in the background
	quit   chan struct{}
	exited chan struct{}
}

// newKeyring reads which keys there are. It makes none before start.
func newKeyring(db *bbolt.DB, secret *seal.Secret, log *slog.Logger) (*keyring, error) {
	r := &keyring{
		db: db, secret: secret, log: log,
		low: make(chan struct{}, 1), quit: make(chan struct{}), exited: make(chan struct{}),
	}
	return r, db.View(func(btx *bbolt.Tx) error {
		last, _ := btx.Bucket(keysBucket).Cursor().Last()
		if last == nil {
			return nil
		}
		n, ok := keyNumber(string(last))
		if !ok {
			return errors.New("the key file holds a key without a number; it is damaged")
		}
		r.made.Store(n)
		return nil
	})
}

// start makes sure that keys are ready behind the number taken last, and keeps it so in the background.
func (r *keyring) start(taken uint64) error {
	if err := r.make(taken + 1); err != nil {
		return err
	}
	go r.refill()
	return nil
}

// close ends the background work. It does not close keys.db.
func (r *keyring) close() {
	close(r.quit)
	<-r.exited
}

func (r *keyring) refill() {
	defer close(r.exited)
	for {
		select {
		case <-r.low:
			if err := r.make(r.wanted.Load()); err != nil {
				r.log.Error("making data keys ahead failed; the next change of the index tries again", slog.Any("error", err))
			}
		case <-r.quit:
			return
		}
	}
}

// make makes a batch of keys unless there is one with number n already, and makes it durable.
func (r *keyring) make(n uint64) error {
	r.making.Lock()
	defer r.making.Unlock()
	made := r.made.Load()
	if made >= n {
		return nil
	}
	first := max(made+1, n) // behind n when keys.db is older than the index
	ids, wrapped := make([][]byte, keyBatch), make([][]byte, keyBatch)
	for i := range ids {
		id := newKeyID(first + uint64(i))
		w, err := r.secret.NewDataKey(id)
		if err != nil {
			return fmt.Errorf("make a data key: %w", err)
		}
		ids[i], wrapped[i] = []byte(id), w
	}
	err := r.db.Update(func(btx *bbolt.Tx) error {
		b := btx.Bucket(keysBucket)
		b.FillPercent = fullPages
		for i := range ids {
			if err := b.Put(ids[i], wrapped[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store data keys: %w", err)
	}
	r.made.Store(first + keyBatch - 1)
	return nil
}

// take takes the next unused key within the transaction that meta, the index's meta bucket, belongs to.
func (r *keyring) take(meta *bbolt.Bucket) (string, *seal.DataKey, error) {
	for {
		n, err := meta.NextSequence()
		if err != nil {
			return "", nil, err
		}
		if err := r.ready(n); err != nil {
			return "", nil, err
		}
		id, wrapped, err := r.find(n)
		if err != nil {
			return "", nil, err
		}
		if id == "" {
			continue // erased, or skipped when keys.db was put back
		}
		key, err := r.unwrap(id, wrapped)
		return id, key, err
	}
}

// ready makes sure that the keys up to n are made, and asks for more when few are left behind it.
func (r *keyring) ready(n uint64) error {
	made := r.made.Load()
	if made < n {
		return r.make(n)
	}
	if made < n+keysLow {
		r.wanted.Store(n + keysLow)
		select {
		case r.low <- struct{}{}:
		default:
		}
	}
	return nil
}

// get returns a data key, or ErrKeyGone.
func (r *keyring) get(id string) (*seal.DataKey, error) {
	if key := r.cache.get(id); key != nil {
		return key, nil
	}
	var wrapped []byte
	var erased bool
	err := r.view(func(btx *bbolt.Tx) error {
		wrapped = bytes.Clone(btx.Bucket(keysBucket).Get([]byte(id)))
		erased = isDropped(btx, id)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case erased:
		return nil, errKeyDropped
	case wrapped == nil:
		return nil, ErrKeyGone
	}
	return r.unwrap(id, wrapped)
}

// find returns the key with a number, "" if there is none.
func (r *keyring) find(n uint64) (id string, wrapped []byte, err error) {
	prefix := []byte(numberText(n))
	err = r.view(func(btx *bbolt.Tx) error {
		if k, v := btx.Bucket(keysBucket).Cursor().Seek(prefix); bytes.HasPrefix(k, prefix) {
			id, wrapped = string(k), bytes.Clone(v)
		}
		return nil
	})
	return id, wrapped, err
}

func (r *keyring) unwrap(id string, wrapped []byte) (*seal.DataKey, error) {
	key, err := r.secret.DataKey(id, wrapped)
	if err != nil {
		return nil, err
	}
	r.cache.put(id, key)
	return key, nil
}

func (r *keyring) view(fn func(btx *bbolt.Tx) error) error {
	r.reading.RLock()
	defer r.reading.RUnlock()
	err := r.db.View(fn)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

func newKeyID(n uint64) string {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails; it ends the program instead
	return numberText(n) + hex.EncodeToString(random[:])
}

func numberText(n uint64) string {
	return fmt.Sprintf("%0*x", numberDigits, n)
}

func keyNumber(id string) (uint64, bool) {
	if len(id) < numberDigits {
		return 0, false
	}
	n, err := strconv.ParseUint(id[:numberDigits], 16, 64)
	return n, err == nil
}

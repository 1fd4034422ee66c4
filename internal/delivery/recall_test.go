package delivery_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
)

// backup makes a backup of the index and returns what puts it back, which ends the Dispatcher.
func (r *rig) backup() (putBack func()) {
	r.t.Helper()
	dir := r.t.TempDir()
	raw, file := filepath.Join(dir, "raw"), filepath.Join(dir, "backup.db")
	if err := errors.Join(r.index.Copy(context.Background(), boltmap.IndexFile, raw), boltmap.WriteBackup(raw, file, time.Now())); err != nil {
		r.t.Fatal(err)
	}
	return func() {
		r.t.Helper()
		r.close(time.Minute)
		if err := r.index.Close(); err != nil {
			r.t.Fatal(err)
		}
		content, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(r.dir, boltmap.IndexFile), content, 0o600)
		}
		if err != nil {
			r.t.Fatal(err)
		}
		r.open()
	}
}

// TestP31WhatWasOpenInABackupIsNotSentBlindly makes a backup while an operation waits that was never sent, has it done, puts the
// backup back, and starts again.
func TestP31WhatWasOpenInABackupIsNotSentBlindly(t *testing.T) {
	for name, c := range map[string]struct {
		class         leadmuxv1.IdempotencyClass
		then          answer // of the vendor, after the restore
		state, reason string
		attempts      int // in all
	}{
		"an upsert is sent again":                  {keyed, took, "ACTIVE", "", 2},
		"a create is sent with a check":            {detectable, took, "ACTIVE", "", 2},
		"a person who is there may be a stranger":  {detectable, fails(adapters.KindConflict), "IN_DOUBT", "DUPLICATE_AT_VENDOR", 2},
		"what must not be sent twice is in doubt":  {atMostOnce, took, "IN_DOUBT", "INTERRUPTED", 1},
		"and so is what nobody knows the class of": {leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_UNSPECIFIED, took, "IN_DOUBT", "INTERRUPTED", 1},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(c.class, took, c.then)
				r := newRig(t, at("west", v))
				r.stop()
				id := r.create(somebody())
				putBack := r.backup()
				r.resume()
				synctest.Wait()
				r.wants(id, "ACTIVE", "")
				putBack()
				r.wants(id, "QUEUED", "ACCOUNT_STOPPED")
				op := r.op(id).GetOperationId()
				r.store.set(func(w *watched) { w.state[op] = "QUEUED" })
				r.start()
				r.resume()
				synctest.Wait()
				r.wants(id, c.state, c.reason)
				seen := v.seen(id)
				if len(seen) != c.attempts || c.attempts == 2 && !seen[1].recheck {
					t.Errorf("the attempts are %+v", seen)
				}
				r.view(func(index idmap.Reader) error {
					restored, err := index.Restored()
					if !restored.IsZero() {
						t.Error("it will be recalled again")
					}
					return err
				})
				pass(100 * time.Hour)
				r.wants(id, c.state, c.reason)
			})
		})
	}
}

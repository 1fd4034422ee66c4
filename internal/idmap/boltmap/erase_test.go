package boltmap

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// eraseLead erases a lead and, if asked, drops its key.
func eraseLead(t *testing.T, s *Store, id string, drop bool) {
	t.Helper()
	err := s.Update(context.Background(), func(tx idmap.Tx) error {
		return tx.EraseLead("acme", &leadmuxv1.ErasureReceipt{LeadId: id}, &leadmuxv1.Event{EventId: "evt_9", LeadId: id})
	})
	if err == nil && drop {
		err = s.DropErased(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// wrappedKey is a lead's data key as keys.db has it.
func wrappedKey(t *testing.T, s *Store, leadID string) (wrapped []byte) {
	t.Helper()
	id := keyOf(t, s, leadID)
	if err := s.keys.view(func(btx *bbolt.Tx) error {
		wrapped = bytes.Clone(btx.Bucket(keysBucket).Get([]byte(id)))
		return nil
	}); err != nil || wrapped == nil {
		t.Fatalf("key %s: %v", id, err)
	}
	return wrapped
}

// inFile tells whether a file of the data directory holds some bytes anywhere, free pages included.
func inFile(t *testing.T, dir, name string, what []byte) bool {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(content, what)
}

// TestP24DroppedKeyIsNowhereInTheFile erases leads one by one among many and looks for their keys in the whole of keys.db.
func TestP24DroppedKeyIsNowhereInTheFile(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s := openStore(t, cfg)
	ids := addLeads(t, s, 2*keyBatch)
	for _, i := range []int{0, 1, 700, keyBatch, 2*keyBatch - 1} {
		wrapped := wrappedKey(t, s, ids[i])
		if !inFile(t, cfg.Dir, KeysFile, wrapped) {
			t.Fatal("the key is not where it is looked for")
		}
		eraseLead(t, s, ids[i], true)
		if inFile(t, cfg.Dir, KeysFile, wrapped) {
			t.Errorf("the file still holds the key of lead %d", i)
		}
	}
	for i, id := range ids {
		if err := readLead(s, id); i == 2 && err != nil || i == 700 && !errors.Is(err, idmap.ErrErased) {
			t.Errorf("lead %d: %v", i, err)
		}
	}
	noProblems(t, s, 2*keyBatch-5, 5)
}

// TestReadersGoOnWhileKeysAreDropped reads and creates while keys are dropped and pages overwritten.
func TestReadersGoOnWhileKeysAreDropped(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	ids := addLeads(t, s, keyBatch)
	done := make(chan error, 1)
	go func() {
		var err error
		for _, id := range ids[:200] {
			err = errors.Join(err, s.Update(context.Background(), func(tx idmap.Tx) error {
				return tx.EraseLead("acme", &leadmuxv1.ErasureReceipt{LeadId: id}, &leadmuxv1.Event{EventId: "evt_9", LeadId: id})
			}), s.DropErased(context.Background()))
		}
		done <- err
	}()
	var err error
	for running := true; running; {
		for _, id := range ids[500:520] {
			s.keys.cache.drop(keyOf(t, s, id))
			err = errors.Join(err, s.View(context.Background(), func(r idmap.Reader) error { _, err := r.Lead("acme", id); return err }))
		}
		addLeads(t, s, 3)
		select {
		case gone := <-done:
			err, running = errors.Join(err, gone), false
		default:
		}
	}
	if err != nil {
		t.Error(err)
	}
	if report, err := s.Verify(context.Background()); err != nil || len(report.Problems) > 0 {
		t.Errorf("%v, %v", report, err)
	}
}

func noProblems(t *testing.T, s *Store, leads, erased int) {
	t.Helper()
	report, err := s.Verify(context.Background())
	if err != nil || len(report.Problems) > 0 || report.Leads != leads || report.Erased != erased {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestStopBetweenTheFiles stops after the index knows of an erasure and before keys.db does: the next start drops the key.
func TestStopBetweenTheFiles(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	id := addLeads(t, s, 2)[0]
	wrapped := wrappedKey(t, s, id)
	eraseLead(t, s, id, false)
	if err := errors.Join(s.Close(), err); err != nil || !inFile(t, cfg.Dir, KeysFile, wrapped) {
		t.Fatalf("the key is gone already, or %v", err)
	}
	if report, err := VerifyDir(context.Background(), cfg); err != nil || len(report.Problems) != 1 {
		t.Errorf("verify before the start: %v, %v", report, err)
	}
	s = openStore(t, cfg)
	if inFile(t, cfg.Dir, KeysFile, wrapped) {
		t.Error("the key is still there")
	}
	noProblems(t, s, 1, 1)
}

// TestP24ErasedStaysErased puts either file back to its state before an erasure.
func TestP24ErasedStaysErased(t *testing.T) {
	for _, file := range []string{IndexFile, KeysFile} {
		t.Run(file, func(t *testing.T) {
			cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
			s, err := Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			ids := addLeads(t, s, 3)
			queueFor(t, s, ids)
			wrapped := wrappedKey(t, s, ids[1])
			older := reopened(t, s, cfg, file, func(s *Store) { eraseLead(t, s, ids[1], true) })
			if err := os.WriteFile(filepath.Join(cfg.Dir, file), older, 0o600); err != nil {
				t.Fatal(err)
			}
			s = openStore(t, cfg)
			if inFile(t, cfg.Dir, KeysFile, wrapped) {
				t.Error("keys.db holds the key")
			}
			noProblems(t, s, 2, 1)
			err = s.View(context.Background(), func(r idmap.Reader) error {
				if _, err := r.Lead("acme", ids[1]); !errors.Is(err, idmap.ErrErased) {
					t.Errorf("got %v", err)
				}
				owner, err := r.Owner("acme", idmap.VendorRef{Account: "west", Kind: idmap.KindLead, VendorID: "v" + ids[1]})
				if owner != ids[1] {
					t.Errorf("owner %q", owner)
				}
				queue, err2 := r.Queue("acme", "west")
				started, err3 := r.Started()
				if queue.Depth != 2 || len(started) != 2 {
					t.Errorf("%+v, %v", queue, started)
				}
				return errors.Join(err, err2, err3)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// queueFor gives each lead an ID at a vendor, a QUEUED and a STARTED operation.
func queueFor(t *testing.T, s *Store, ids []string) {
	t.Helper()
	if err := s.Update(context.Background(), func(tx idmap.Tx) error {
		var err error
		for _, id := range ids {
			for state, name := range map[leadmuxv1.OperationState]string{1: "op_q", 2: "op_s"} {
				op := &leadmuxv1.Operation{OperationId: name + id, LeadId: id, Account: "west", State: state, NextAttemptTime: timestamppb.Now()}
				err = errors.Join(err, tx.PutOperation("acme", op))
			}
			err = errors.Join(err, tx.Bind("acme", idmap.VendorRef{Account: "west", Kind: idmap.KindLead, VendorID: "v" + id}, id))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// reopened closes the store, keeps a file as it is, has more done to the store, and returns what it kept.
func reopened(t *testing.T, s *Store, cfg Config, file string, do func(*Store)) []byte {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	older, err := os.ReadFile(filepath.Join(cfg.Dir, file))
	if err != nil {
		t.Fatal(err)
	}
	s, err = Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	do(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return older
}

package boltmap

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// backup makes a backup of an open store.
func backup(t *testing.T, s *Store, at time.Time) string {
	t.Helper()
	dir := t.TempDir()
	raw, to := filepath.Join(dir, "raw"), filepath.Join(dir, "backup.db")
	if err := errors.Join(s.Copy(context.Background(), IndexFile, raw), WriteBackup(raw, to, at)); err != nil {
		t.Fatal(err)
	}
	return to
}

// putBack stops the store, puts a file into its place, and opens it again.
func putBack(t *testing.T, s *Store, cfg Config, file, from string) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(filepath.Join(cfg.Dir, file), content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return openStore(t, cfg)
}

// TestP31BackupIsPutBack makes a backup while the store goes on, puts it back, and finds what was there then: nothing later, no key
// twice, and the word that it was put back, until that is dealt with.
func TestP31BackupIsPutBack(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	before := addLeads(t, s, 3)
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	file := backup(t, s, at)
	after := addLeads(t, s, 3)
	taken := keyOf(t, s, after[2])
	eraseLead(t, s, before[1], true)

	s = putBack(t, s, cfg, IndexFile, file)
	noProblems(t, s, 2, 1)
	restored := func() (when time.Time) {
		if err := s.View(context.Background(), func(r idmap.Reader) (err error) { when, err = r.Restored(); return err }); err != nil {
			t.Fatal(err)
		}
		return when
	}
	if got := restored(); !got.Equal(at) {
		t.Errorf("restored %v", got)
	}
	for id, want := range map[string]error{before[0]: nil, before[1]: idmap.ErrErased, after[0]: idmap.ErrNotFound} {
		if err := readLead(s, id); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
	}
	if got := keyOf(t, s, addLeads(t, s, 1)[0]); got[:numberDigits] <= taken[:numberDigits] {
		t.Errorf("key %s comes before %s", got, taken)
	}
	if err := s.Update(context.Background(), func(tx idmap.Tx) error { return tx.ClearRestored() }); err != nil {
		t.Fatal(err)
	}
	if got := restored(); !got.IsZero() {
		t.Errorf("restored %v", got)
	}
}

// TestP24BackupHoldsNoKeyAndNoPerson looks for a person, and for the key of an erased one, in backups of both files.
func TestP24BackupHoldsNoKeyAndNoPerson(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	id, _ := sample(t, s)
	wrapped := wrappedKey(t, s, id)
	file := backup(t, s, time.Now())
	dir := filepath.Dir(file)
	if inFile(t, dir, filepath.Base(file), wrapped) {
		t.Error("a backup of the index holds a key")
	}
	for _, c := range canaries {
		if inFile(t, dir, filepath.Base(file), []byte(c)) {
			t.Errorf("the backup holds %q", c)
		}
	}
	raw, keys := filepath.Join(dir, "raw-keys"), filepath.Join(dir, "keys-backup.db")
	copyKeys := func() bool {
		if err := errors.Join(s.Copy(context.Background(), KeysFile, raw), WriteKeys(raw, keys)); err != nil {
			t.Fatal(err)
		}
		return inFile(t, dir, "raw-keys", wrapped) || inFile(t, dir, "keys-backup.db", wrapped)
	}
	if !copyKeys() {
		t.Error("the key is not where it is looked for")
	}
	eraseLead(t, s, id, true)
	if copyKeys() {
		t.Error("a copy of the keys made after the erasure holds the key")
	}
}

func TestNoBackupOfWhatIsNoIndex(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s := openStore(t, cfg)
	to := filepath.Join(t.TempDir(), "backup.db")
	if err := CopyFile(cfg.Dir, IndexFile, to); !errors.Is(err, ErrInUse) {
		t.Errorf("of an open directory: %v", err)
	}
	if err := WriteBackup(filepath.Join(t.TempDir(), "nothing"), to, time.Now()); err == nil {
		t.Error("a backup of nothing")
	}
	raw := filepath.Join(t.TempDir(), "raw")
	if err := s.Copy(context.Background(), KeysFile, raw); err != nil {
		t.Fatal(err)
	}
	if err := WriteBackup(raw, to, time.Now()); err == nil {
		t.Error("the key file passes for an index")
	}
	if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was written: %v", err)
	}
}

// TestCompact fills a directory, removes most of it, and compacts it over what a cut-off run has left.
func TestCompact(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	keep := addLeads(t, s, 3000)
	taken := keyOf(t, s, keep[2999])
	if _, err := CompactDir(cfg); !errors.Is(err, ErrInUse) {
		t.Errorf("of an open directory: %v", err)
	}
	if err := s.index.Update(func(btx *bbolt.Tx) error { // as nothing in the store would: most of it at once
		b := btx.Bucket(tenantsBucket).Bucket([]byte("acme")).Bucket([]byte(leadsBucket))
		for _, id := range keep[10:] {
			if err := b.Delete([]byte(id)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cfg.Dir, IndexFile+".part"), []byte("half of an earlier run"), 0o600); err != nil {
		t.Fatal(err)
	}
	sizes, err := CompactDir(cfg)
	if err != nil || len(sizes) != 2 || sizes[0].After > sizes[0].Before/4 {
		t.Errorf("%+v, %v", sizes, err)
	}
	if entries, err := os.ReadDir(cfg.Dir); err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
	s = openStore(t, cfg)
	noProblems(t, s, 10, 0)
	for _, id := range keep[:10] {
		if err := readLead(s, id); err != nil {
			t.Error(err)
		}
	}
	if got := keyOf(t, s, addLeads(t, s, 1)[0]); got[:numberDigits] <= taken[:numberDigits] {
		t.Errorf("key %s comes before %s", got, taken)
	}
}

// TestAllOpen reads the open operations of two tenants in pages.
func TestAllOpen(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	want := map[string]bool{}
	for _, tenant := range []string{"acme", "b"} {
		if err := s.Update(context.Background(), func(tx idmap.Tx) error {
			for _, n := range []string{"1", "2", "3"} {
				lead := &leadmuxv1.Lead{LeadId: "lead_" + n}
				err := errors.Join(tx.PutLead(tenant, lead),
					tx.PutOperation(tenant, operation("op_a"+n, lead.GetLeadId(), leadmuxv1.OperationState_OPERATION_STATE_QUEUED)),
					tx.PutOperation(tenant, operation("op_b"+n, lead.GetLeadId(), leadmuxv1.OperationState_OPERATION_STATE_BLOCKED)),
					tx.PutOperation(tenant, operation("op_c"+n, lead.GetLeadId(), leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED)))
				if err != nil {
					return err
				}
				want[tenant+" op_a"+n], want[tenant+" op_b"+n] = true, true
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{1, 2, 5, 6, 12, 99} {
		got := map[string]bool{}
		for position, more := "", true; more; more = position != "" {
			if err := s.View(context.Background(), func(r idmap.Reader) error {
				ops, next, err := r.AllOpen(position, limit)
				for _, op := range ops {
					got[op.Tenant+" "+op.Operation.GetOperationId()] = true
				}
				if len(ops) > limit {
					t.Errorf("%d at once, limit %d", len(ops), limit)
				}
				position = next
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if len(got) != len(want) {
			t.Errorf("with limit %d: %v", limit, got)
		}
	}
}

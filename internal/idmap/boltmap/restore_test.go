package boltmap

import (
	"errors"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// TestOlderKeyFile puts keys.db back to a state before leads were added: they are gone, and no key made later passes for
// theirs, not even when the index had been put back as well for a while.
func TestOlderKeyFile(t *testing.T) {
	const many = 3 * keyBatch
	for name, sequence := range map[string]uint64{"alone": many, "with the index": 0} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
			s, err := Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			lost := addLeads(t, s, many)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			tamper(t, filepath.Join(cfg.Dir, KeysFile), func(btx *bbolt.Tx) error {
				if err := btx.DeleteBucket(keysBucket); err != nil {
					return err
				}
				_, err := btx.CreateBucket(keysBucket)
				return err
			})
			tamper(t, filepath.Join(cfg.Dir, IndexFile), func(btx *bbolt.Tx) error { return btx.Bucket(metaBucket).SetSequence(sequence) })
			s = openStore(t, cfg)
			kept := addLeads(t, s, 2*keyBatch)
			if err := errors.Join(readLead(s, kept[0]), readLead(s, kept[len(kept)-1])); err != nil {
				t.Error(err)
			}
			if got := keyOf(t, s, kept[0]); got[:numberDigits] != numberText(sequence+1) {
				t.Errorf("the first key is %s, want number %s", got, numberText(sequence+1))
			}
			if err := readLead(s, lost[1]); !errors.Is(err, ErrKeyGone) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestOlderIndex puts index.db back to a state before most leads were added: their keys are not used again.
func TestOlderIndex(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	addLeads(t, s, 4*keyBatch)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tamper(t, filepath.Join(cfg.Dir, IndexFile), func(btx *bbolt.Tx) error { return btx.Bucket(metaBucket).SetSequence(5) })
	s = openStore(t, cfg)
	if got := keyOf(t, s, addLeads(t, s, 1)[0]); got[:numberDigits] <= numberText(4*keyBatch) {
		t.Errorf("key %s is used again", got)
	}
}

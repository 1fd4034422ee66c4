package boltmap

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/typeid"
)

// addLeads stores new leads, all in one change, and returns their IDs.
func addLeads(tb testing.TB, s *Store, n int) []string {
	tb.Helper()
	var ids []string
	if err := s.Update(context.Background(), func(tx idmap.Tx) error {
		ids = nil
		for range n {
			lead := &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead), FirstName: "Ann"}
			if err := tx.PutLead("acme", lead); err != nil {
				return err
			}
			ids = append(ids, lead.GetLeadId())
		}
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	return ids
}

// keyOf returns the ID of a lead's data key.
func keyOf(t *testing.T, s *Store, leadID string) (id string) {
	t.Helper()
	if err := s.view(func(btx *bbolt.Tx) error {
		record, err := reader{s: s, btx: btx}.leadRecord("acme", leadID)
		id = record.GetKeyId()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return id
}

// readLead reads a lead with no key in the cache.
func readLead(s *Store, leadID string) error {
	s.keys.cache = keyCache{}
	return s.View(context.Background(), func(r idmap.Reader) error {
		_, err := r.Lead("acme", leadID)
		return err
	})
}

func TestKeysAreMadeAheadAndUsedUp(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	for i := range 5 {
		s, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		addLeads(t, s, 10)
		if taken, made := s.taken(), s.keys.made.Load(); taken != uint64(10*(i+1)) || made != keyBatch {
			t.Errorf("start %d: %d taken, %d made", i, taken, made)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEachLeadHasItsOwnKeyAndKeepsIt(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	keys := map[string]bool{}
	ids := addLeads(t, s, 3*keyBatch) // more than are ready: the transaction waits for new ones
	for _, id := range ids {
		keys[keyOf(t, s, id)] = true
	}
	if len(keys) != len(ids) {
		t.Errorf("%d keys for %d leads", len(keys), len(ids))
	}
	before := keyOf(t, s, ids[0])
	if err := s.Update(context.Background(), func(tx idmap.Tx) error {
		return tx.PutLead("acme", &leadmuxv1.Lead{LeadId: ids[0], FirstName: "Bea"})
	}); err != nil {
		t.Fatal(err)
	}
	if after := keyOf(t, s, ids[0]); after != before {
		t.Errorf("the key changed from %s to %s", before, after)
	}
	for _, id := range []string{ids[0], ids[len(ids)-1]} {
		if err := readLead(s, id); err != nil {
			t.Error(err)
		}
	}
}

func TestKeysAreMadeInTheBackground(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	addLeads(t, s, keyBatch-keysLow)
	if made := s.keys.made.Load(); made != keyBatch {
		t.Fatalf("%d made before keys are low", made)
	}
	addLeads(t, s, 1)
	s.keys.close() // finishes what was asked for
	defer func() {
		s.keys.quit, s.keys.exited = make(chan struct{}), make(chan struct{})
		go s.keys.refill() // for Close
	}()
	made := s.keys.made.Load()
	select {
	case <-s.keys.low: // close came before the request was taken up
		if err := s.keys.make(s.keys.wanted.Load()); err != nil {
			t.Fatal(err)
		}
		made = s.keys.made.Load()
	default:
	}
	if made != 2*keyBatch {
		t.Errorf("%d made, want %d", made, 2*keyBatch)
	}
}

func TestUndoneLeadGivesItsKeyBack(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	undo := errors.New("undo")
	for range 5 {
		if err := s.Update(context.Background(), func(tx idmap.Tx) error {
			return errors.Join(tx.PutLead("acme", &leadmuxv1.Lead{LeadId: "lead_1"}), undo)
		}); !errors.Is(err, undo) {
			t.Fatal(err)
		}
	}
	if taken := s.taken(); taken != 0 {
		t.Errorf("%d keys taken", taken)
	}
}

func TestLeadWithoutKeyIsNotFoundAndPassedOver(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	ids := addLeads(t, s, 2)
	if err := s.Update(context.Background(), func(tx idmap.Tx) error {
		for i, id := range ids {
			op := operation("op_"+id, id, leadmuxv1.OperationState_OPERATION_STATE_QUEUED)
			started := operation("op_s"+id, id, leadmuxv1.OperationState_OPERATION_STATE_STARTED)
			blocked := operation("op_b"+id, id, leadmuxv1.OperationState_OPERATION_STATE_BLOCKED)
			event := &leadmuxv1.Event{EventId: []string{"evt_1", "evt_2"}[i], LeadId: id}
			if err := errors.Join(tx.PutOperation("acme", op), tx.PutOperation("acme", started), tx.PutOperation("acme", blocked),
				tx.AppendEvent("acme", event)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	dropKey(t, s, keyOf(t, s, ids[0]))
	if err := readLead(s, ids[0]); !errors.Is(err, ErrKeyGone) || !errors.Is(err, idmap.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if err := s.View(context.Background(), func(r idmap.Reader) error {
		leads, _, errList := r.ListLeads("acme", idmap.LeadFilter{}, "", 9)
		events, errEvents := r.Events("acme", "", 9)
		due, errDue := r.Due("acme", "west", epochs, 9)
		started, errStarted := r.Started()
		none, errNone := r.OpenOperations("acme", ids[0], "west")
		open, errOpen := r.OpenOperations("acme", ids[1], "west")
		if len(none) != 0 || len(open) != 3 {
			t.Errorf("%d open of the erased lead and %d of the other, want none and 3", len(none), len(open))
		}
		if len(leads) != 1 || len(events) != 1 || len(due) != 1 || len(started) != 1 {
			t.Errorf("%d leads, %d events, %d due, %d started; want the other lead's only", len(leads), len(events), len(due), len(started))
		}
		return errors.Join(errList, errEvents, errDue, errStarted, errNone, errOpen)
	}); err != nil {
		t.Error(err)
	}
	report, err := s.Verify(context.Background())
	if err != nil || len(report.Problems) != 5 { // the lead, three operations, the event
		t.Fatalf("%v, %v", report, err)
	}
	for _, p := range report.Problems {
		if !strings.Contains(p, "its data key is gone") {
			t.Errorf("%q does not say that the key is gone", p)
		}
	}
}

func dropKey(t *testing.T, s *Store, id string) {
	t.Helper()
	if err := s.keys.db.Update(func(btx *bbolt.Tx) error { return btx.Bucket(keysBucket).Delete([]byte(id)) }); err != nil {
		t.Fatal(err)
	}
	s.keys.cache = keyCache{}
}

func TestErasedUnusedKeyIsPassedOver(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	id, _, err := s.keys.find(1)
	if err != nil {
		t.Fatal(err)
	}
	dropKey(t, s, id)
	if got := keyOf(t, s, addLeads(t, s, 1)[0]); got[:numberDigits] != numberText(2) {
		t.Errorf("key %s, want the second", got)
	}
}

func TestKeyCacheKeepsWhatWasUsedLately(t *testing.T) {
	var c keyCache
	key := new(seal.DataKey)
	most := 0
	for i := range 10 * cacheHalf {
		c.put(fmt.Sprint(i), key)
		if c.get("0") == nil {
			t.Fatalf("the key asked for all the time is gone after %d others", i)
		}
		if i > 0 && c.get(fmt.Sprint(i-1)) == nil {
			t.Fatalf("key %d is gone after one other", i-1)
		}
		most = max(most, len(c.young)+len(c.old))
	}
	if most > 2*cacheHalf || most < cacheHalf {
		t.Errorf("%d keys were cached", most)
	}
	if c.get("1") != nil {
		t.Error("a key of long ago is still cached")
	}
}

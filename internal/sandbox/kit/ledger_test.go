package kit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

func TestLedgerSurvivesReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "toy.db")
	l, err := kit.OpenLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{`{"a":1}`, ``} {
		r := kit.Request{Method: "POST", Path: "/x", Status: 201, Body: json.RawMessage(body)}
		if err := l.AppendRequest(&r); err != nil {
			t.Fatal(err)
		}
	}
	put := func(tx *kit.Tx) error {
		if _, err := tx.NextID("thing"); err != nil {
			return err
		}
		return tx.Put("thing", "one", thing{ID: "one"})
	}
	if err := l.Update(put); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	l = openLedger(t, path)
	all, err := l.Requests()
	if err != nil || len(all) != 2 {
		t.Fatalf("requests after reopening: %v, %v", all, err)
	}
	if string(all[0].Body) != `{"a":1}` || all[1].Body != nil {
		t.Errorf("bodies = %s, %s", all[0].Body, all[1].Body)
	}
	if seq, _ := l.Arrive(time.Now); seq != 3 {
		t.Errorf("next sequence = %d, want 3", seq)
	}
	err = l.Update(func(tx *kit.Tx) error {
		var got thing
		if found, err := tx.Get("thing", "one", &got); err != nil || !found || got.ID != "one" {
			t.Errorf("record after reopening: %v, %v, %v", got, found, err)
		}
		id, err := tx.NextID("thing")
		if id != 2 {
			t.Errorf("next id = %d, want 2", id)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLedgerLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "toy.db")
	openLedger(t, path)
	_, err := kit.OpenLedger(path)
	if !errors.Is(err, kit.ErrLedgerLocked) {
		t.Fatalf("second open: %v", err)
	}
	wantErr(t, err, path, "in use by another process", "stop that process")
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	l := openLedger(t, filepath.Join(t.TempDir(), "toy.db"))
	err := l.Update(func(tx *kit.Tx) error {
		if err := tx.Put("thing", "one", thing{}); err != nil {
			return err
		}
		return errRollback
	})
	if !errors.Is(err, errRollback) {
		t.Fatalf("update: %v", err)
	}
	err = l.View(func(tx *kit.Tx) error {
		if found, _ := tx.Get("thing", "one", &thing{}); found {
			t.Error("record of a failed update is there")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRecords(t *testing.T) {
	l := openLedger(t, filepath.Join(t.TempDir(), "toy.db"))
	err := l.Update(func(tx *kit.Tx) error {
		for _, id := range []string{"c", "a", "b"} {
			if err := tx.Put("thing", id, thing{ID: id}); err != nil {
				return err
			}
		}
		return errors.Join(tx.Delete("thing", "b"), tx.Delete("thing", "none"), tx.Delete("none", "x"))
	})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	err = l.View(func(tx *kit.Tx) error {
		if err := tx.Each("none", nil); err != nil {
			return err
		}
		return tx.Each("thing", func(id string, raw json.RawMessage) error {
			ids = append(ids, id+string(raw))
			return nil
		})
	})
	if want := []string{`a{"id":"a"}`, `c{"id":"c"}`}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("records = %v, %v, want %v", ids, err, want)
	}
}

// Writers that share a commit must all be told, and none may be lost.
func TestConcurrentRequests(t *testing.T) {
	const writers, each = 16, 8
	l := openLedger(t, filepath.Join(t.TempDir(), "toy.db"))
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for j := range each {
				if err := l.AppendRequest(&kit.Request{Path: fmt.Sprint(i, "/", j)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	requests, err := l.Requests()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, r := range requests {
		seen[r.Path] = true
		if r.Seq != uint64(i+1) {
			t.Fatalf("entry %d has number %d", i, r.Seq)
		}
	}
	if len(seen) != writers*each {
		t.Errorf("%d of %d requests are there", len(seen), writers*each)
	}
}

func TestClosedLedgerRefuses(t *testing.T) {
	l, err := kit.OpenLedger(filepath.Join(t.TempDir(), "toy.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.AppendRequest(&kit.Request{}); err == nil {
		t.Error("a closed ledger took a request")
	}
}

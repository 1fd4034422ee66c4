package idmaptest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// writers is how many goroutines race.
const writers = 64

var raceTests = []contractTest{
	{"of many claims of one key exactly one wins, and the losers find it", func(f *fixture) {
		for round := range 10 {
			key := fmt.Sprint("r", round)
			f.race(idmap.ErrClaimed, func(lead *leadmuxv1.Lead) error {
				return f.store.Update(context.Background(), func(tx idmap.Tx) error {
					return errors.Join(tx.PutLead(acme, lead), tx.PutRequest(acme, "CreateLead", key, claimOf(lead, 60), at(0)))
				})
			}, func(r idmap.Reader) (string, error) {
				claim, err := r.Request(acme, "CreateLead", key, at(0))
				return claim.LeadID, err
			})
		}
		if n := f.sound().Leads; n != 10 {
			f.Errorf("%d leads, want one for each key", n)
		}
	}},
	{"of many bindings of one vendor ID exactly one wins, and the losers find it", func(f *fixture) {
		for round := range 10 {
			ref := leadRef(west, fmt.Sprint("v", round))
			f.race(idmap.ErrBound, func(lead *leadmuxv1.Lead) error {
				return f.store.Update(context.Background(), func(tx idmap.Tx) error {
					return errors.Join(tx.PutLead(acme, lead), tx.Bind(acme, ref, lead.GetLeadId()))
				})
			}, func(r idmap.Reader) (string, error) { return r.Owner(acme, ref) })
		}
	}},
	{"of many leads with one external ID exactly one wins, and the losers find it", func(f *fixture) {
		for round := range 10 {
			key := idmap.LeadKey{Kind: idmap.KeyExternalID, Value: fmt.Sprint("x", round)}
			f.race(idmap.ErrKeyTaken, func(lead *leadmuxv1.Lead) error {
				lead.ExternalId = key.Value
				return f.store.Update(context.Background(), putLeads(acme, lead))
			}, func(r idmap.Reader) (string, error) {
				ids, err := r.FindLeads(acme, key, 9)
				if err == nil && len(ids) != 1 {
					err = fmt.Errorf("%d leads found", len(ids))
				}
				if err != nil {
					return "", err
				}
				return ids[0], nil
			})
		}
	}},
	{"failing and panicking neighbours change nothing for the others", neighbours},
	{"of many operations accepted for one lead at one account exactly one goes, then one after the other", acceptInOrder},
	{"the log has no gap for those who read it while it grows", readWhileWritten},
}

// race has many writers try the same thing, each with a lead of its own. One must win, the others get lost; each of them must
// find the winner at once.
func (f *fixture) race(lost error, try func(lead *leadmuxv1.Lead) error, winner func(r idmap.Reader) (string, error)) {
	f.Helper()
	won, seen := make(chan string, writers), make(chan string, writers)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			lead := leadOf()
			switch err := try(lead); {
			case err == nil:
				won <- lead.GetLeadId()
			case !errors.Is(err, lost):
				f.Errorf("a loser got %v", err)
			}
			if err := f.store.View(context.Background(), func(r idmap.Reader) error {
				id, err := winner(r)
				seen <- id
				return err
			}); err != nil {
				f.Errorf("looking for the winner: %v", err)
			}
		})
	}
	all.Wait()
	close(won)
	close(seen)
	id := <-won
	for other := range won {
		f.Errorf("%s and %s have both won", id, other)
	}
	for s := range seen {
		if s != id {
			f.Errorf("someone saw %q win, it was %q", s, id)
		}
	}
}

func neighbours(f *fixture) {
	mine := errors.New("mine")
	var all sync.WaitGroup
	for i := range writers * 4 {
		all.Go(func() {
			defer func() {
				if p := recover(); (i%4 == 3) != (p == "mine") {
					f.Errorf("writer %d: recovered %v", i, p)
				}
			}()
			lead := leadOf()
			err := f.store.Update(context.Background(), func(tx idmap.Tx) error {
				if err := errors.Join(tx.PutLead(acme, lead), tx.AppendEvent(acme, eventOf(lead.GetLeadId()))); err != nil {
					return err
				}
				switch i % 4 {
				case 2:
					return mine
				case 3:
					panic("mine") //nolint:forbidigo // what the test is about
				}
				return nil
			})
			if (i%4 == 2) != (err == mine) || (i%4 < 2 && err != nil) { //nolint:errorlint // as it is: not wrapped
				f.Errorf("writer %d: got error %v", i, err)
			}
		})
	}
	all.Wait()
	if r := f.sound(); r.Leads != writers*2 || r.Events != writers*2 {
		f.Errorf("%d leads and %d events, want %d", r.Leads, r.Events, writers*2)
	}
}

// readWhileWritten follows the log while it is written; whoever has seen a cursor must have seen all before it.
func readWhileWritten(f *fixture) {
	const each = 20
	written := make(chan struct{})
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				if err := f.store.Update(context.Background(), appendEvents(acme, eventOf(""))); err != nil {
					f.Errorf("append: %v", err)
				}
			}
		})
	}
	go func() { all.Wait(); close(written) }()
	seen, cursor, last := map[string]bool{}, "", false
	for !last {
		select {
		case <-written:
			last = true
		default:
		}
		f.view(func(r idmap.Reader) error {
			events, err := r.Events(acme, cursor, writers*each)
			for _, e := range events {
				seen[e.GetEventId()], cursor = true, e.GetCursor()
			}
			return err
		})
	}
	if len(seen) != writers*each {
		f.Errorf("%d events seen, %d written", len(seen), writers*each)
	}
}

package idmaptest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// acceptInOrder has many writers accept an operation for one lead at one account, each behind those that are open. One of them
// may go; then each that ends lets the next one go, in the order they were accepted.
func acceptInOrder(f *fixture) {
	lead := leadOf()
	id := lead.GetLeadId()
	f.update(putLeads(acme, lead))
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			if err := f.store.Update(context.Background(), func(tx idmap.Tx) error { return accept(tx, id) }); err != nil {
				f.Errorf("accept: %v", err)
			}
		})
	}
	all.Wait()
	accepted := f.wantOneGoing(id, writers)
	for range writers {
		all.Go(func() {
			if err := f.store.Update(context.Background(), func(tx idmap.Tx) error { return endFirst(tx, id) }); err != nil {
				f.Errorf("end: %v", err)
			}
		})
	}
	all.Wait()
	f.wantOpen(acme, id, west)
	f.wantQueue(west, idmap.Queue{})
	for i, op := range accepted {
		op.State, op.AttemptCount = opSucceeded, int32(writers-i)
		f.wantOperation(op)
	}
}

// accept stores an operation, BLOCKED if any is open. Its ID is made within the transaction, so that IDs sort as the
// transactions were carried out.
func accept(tx idmap.Tx, leadID string) error {
	open, err := tx.OpenOperations(acme, leadID, west)
	if err != nil {
		return err
	}
	op := operationOf(leadID, west, 0, 0)
	if len(open) > 0 {
		op.State = opBlocked
	}
	return tx.PutOperation(acme, op)
}

// endFirst ends the operation that goes and lets the next one go. AttemptCount takes down how many were open by then.
func endFirst(tx idmap.Tx, leadID string) error {
	open, err := tx.OpenOperations(acme, leadID, west)
	if err != nil {
		return err
	}
	if len(open) == 0 || open[0].GetState() != opQueued {
		return fmt.Errorf("%d open, the first does not go", len(open))
	}
	open[0].State, open[0].AttemptCount = opSucceeded, int32(len(open))
	if err := tx.PutOperation(acme, open[0]); err != nil || len(open) == 1 {
		return err
	}
	open[1].State = opQueued
	return tx.PutOperation(acme, open[1])
}

// wantOneGoing wants n operations of a lead to be open at west, the oldest QUEUED and the others BLOCKED, and returns them.
func (f *fixture) wantOneGoing(leadID string, n int) []*leadmuxv1.Operation {
	f.Helper()
	var open []*leadmuxv1.Operation
	f.view(func(r idmap.Reader) (err error) {
		open, err = r.OpenOperations(acme, leadID, west)
		queue, errQueue := r.Queue(acme, west)
		if queue.Depth != 1 {
			errQueue = errors.Join(errQueue, fmt.Errorf("%d are QUEUED, want one", queue.Depth))
		}
		return errors.Join(err, errQueue)
	})
	if len(open) != n {
		f.Fatalf("%d open, want %d", len(open), n)
	}
	for i, op := range open {
		want := opBlocked
		if i == 0 {
			want = opQueued
		}
		if op.GetState() != want {
			f.Fatalf("operation %d of %d is %s, want %s", i+1, n, op.GetState(), want)
		}
	}
	f.wantDue(west, at(60), 9, open[0])
	return open
}

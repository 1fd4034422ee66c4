package idmaptest

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

var queueTests = []contractTest{
	{"due are the QUEUED of one account up to a moment, earliest first, at most limit", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		late, early, now, future := operationOf(lead.GetLeadId(), west, 20, 0), operationOf(lead.GetLeadId(), west, 10, 0),
			operationOf(lead.GetLeadId(), west, 30, 0), operationOf(lead.GetLeadId(), west, 31, 0)
		elsewhere, started := operationOf(lead.GetLeadId(), east, 1, 0), operationOf(lead.GetLeadId(), west, 1, 0)
		started.State = opStarted
		f.update(putOperations(acme, late, early, now, future, elsewhere, started))
		for range 2 {
			f.wantDue(west, at(30), 9, early, late, now)
			f.wantDue(west, at(30).Add(-1), 9, early, late)
			f.wantDue(west, at(30), 2, early, late)
			f.wantDue(west, at(60), 9, early, late, now, future)
			f.wantDue(west, at(9), 9)
			f.wantDue(east, at(60), 9, elsewhere)
			f.wantDue("wes", at(60), 9)
			f.reopen()
		}
	}},
	{"an operation is due when its last state says", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		op := operationOf(lead.GetLeadId(), west, 10, 0)
		f.update(putOperations(acme, op))
		op.State = opStarted
		f.update(putOperations(acme, op))
		f.wantDue(west, at(60), 9)
		op.State, op.NextAttemptTime = opQueued, stamp(40)
		f.update(putOperations(acme, op))
		f.wantDue(west, at(39), 9)
		f.wantDue(west, at(40), 9, op)
		op.Account = east
		f.update(putOperations(acme, op))
		f.wantDue(west, at(60), 9)
		f.wantDue(east, at(60), 9, op)
	}},
	{"without a time an operation is due at once", func(f *fixture) {
		lead := leadOf()
		op, later := operationOf(lead.GetLeadId(), west, 0, 0), operationOf(lead.GetLeadId(), west, 0, 0)
		op.NextAttemptTime = nil
		f.update(putLeads(acme, lead))
		f.update(putOperations(acme, later, op))
		f.wantDue(west, at(0), 9, op, later)
	}},
	{"the queue tells depth, next due and oldest", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		f.wantQueue(west, idmap.Queue{})
		a, b, c := operationOf(lead.GetLeadId(), west, 50, 3), operationOf(lead.GetLeadId(), west, 40, 2), operationOf(lead.GetLeadId(), west, 60, 1)
		f.update(putOperations(acme, a, b, c, operationOf(lead.GetLeadId(), east, 1, 0)))
		f.reopen()
		f.wantQueue(west, idmap.Queue{Depth: 3, NextDue: at(40), Oldest: at(1)})
		f.update(putOperations(acme, a, b, c)) // unchanged: not counted again
		f.wantQueue(west, idmap.Queue{Depth: 3, NextDue: at(40), Oldest: at(1)})
		c.State = opStarted
		f.update(putOperations(acme, c))
		f.wantQueue(west, idmap.Queue{Depth: 2, NextDue: at(40), Oldest: at(2)})
		b.NextAttemptTime = stamp(70)
		f.update(putOperations(acme, b))
		f.wantQueue(west, idmap.Queue{Depth: 2, NextDue: at(50), Oldest: at(2)})
		a.State, b.State = opSucceeded, opFailed
		f.update(putOperations(acme, a, b))
		f.wantQueue(west, idmap.Queue{})
		f.wantQueue(east, idmap.Queue{Depth: 1, NextDue: at(1), Oldest: at(0)})
	}},
	{"a queue keeps count through a change that is undone", func(f *fixture) {
		lead := leadOf()
		op := operationOf(lead.GetLeadId(), west, 0, 0)
		f.update(putLeads(acme, lead))
		undo := errors.New("undo")
		f.refused(undo, func(tx idmap.Tx) error { return errors.Join(tx.PutOperation(acme, op), undo) })
		f.wantQueue(west, idmap.Queue{})
		f.update(putOperations(acme, op))
		closed := proto.CloneOf(op)
		closed.State = opSucceeded
		f.refused(undo, func(tx idmap.Tx) error { return errors.Join(tx.PutOperation(acme, closed), undo) })
		f.wantQueue(west, idmap.Queue{Depth: 1, NextDue: at(0), Oldest: at(0)})
	}},
}

// wantDue wants exactly these operations of acme to be due.
func (f *fixture) wantDue(account string, until time.Time, limit int, want ...*leadmuxv1.Operation) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Due(acme, account, until, limit)
		return errors.Join(err, sameAll("due", got, want))
	})
}

func (f *fixture) wantQueue(account string, want idmap.Queue) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Queue(acme, account)
		return errors.Join(err, sameQueue(got, want))
	})
}

func sameQueue(got, want idmap.Queue) error {
	if got.Depth != want.Depth || !got.NextDue.Equal(want.NextDue) || !got.Oldest.Equal(want.Oldest) {
		return fmt.Errorf("queue: got %v, want %v", got, want)
	}
	return nil
}

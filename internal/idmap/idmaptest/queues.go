package idmaptest

import (
	"errors"
	"fmt"
	"slices"
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
	{"unconfirmed are the SUCCEEDED of one account that wait for the vendor's word up to a moment, earliest first", func(f *fixture) {
		lead, erased := leadOf(), leadOf()
		f.update(putLeads(acme, lead, erased))
		waits := func(lead *leadmuxv1.Lead, account string, until int) *leadmuxv1.Operation {
			op := operationOf(lead.GetLeadId(), account, 0, 0)
			op.State, op.NextAttemptTime, op.ConfirmTime = opSucceeded, nil, stamp(until)
			return op
		}
		late, early, future, elsewhere := waits(lead, west, 20), waits(lead, west, 10), waits(lead, west, 31), waits(lead, east, 1)
		doubted, gone := waits(lead, west, 5), waits(erased, west, 6)
		doubted.State = opInDoubt
		f.update(putOperations(acme, late, early, future, elsewhere, doubted, gone))
		f.update(func(tx idmap.Tx) error { return tx.EraseLead(acme, receiptOf(erased.GetLeadId()), eventOf("")) })
		for range 2 {
			f.wantUnconfirmed(west, at(30), 9, early, late)
			f.wantUnconfirmed(west, at(30), 1, early)
			f.wantUnconfirmed(west, at(9), 9)
			f.wantUnconfirmed(east, at(60), 9, elsewhere)
			f.wantDue(west, at(60), 9)
			f.wantOpen(acme, lead.GetLeadId(), west)
			f.sound()
			f.reopen()
		}
		early.ConfirmTime = nil
		f.update(putOperations(acme, early))
		f.wantUnconfirmed(west, at(60), 9, late, future)
		f.update(func(tx idmap.Tx) error { // what still waits is not done
			_, _, err := tx.TrimOperations(acme, at(1000), "", 99)
			return err
		})
		f.wantUnconfirmed(west, at(60), 9, late, future)
		f.sound()
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
	{"due are those of the highest priority first, and among equals the earliest", duePriorities},
	{"the queue tells each priority, and all together", queuePriorities},
	{"the queue tells depth, next due and oldest", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		f.wantQueue(west, idmap.Queue{})
		a, b, c := operationOf(lead.GetLeadId(), west, 50, 3), operationOf(lead.GetLeadId(), west, 40, 2), operationOf(lead.GetLeadId(), west, 60, 1)
		f.update(putOperations(acme, a, b, c, operationOf(lead.GetLeadId(), east, 1, 0)))
		f.reopen()
		f.wantQueue(west, queueOf(interactive, 3, at(40), at(1)))
		f.update(putOperations(acme, a, b, c)) // unchanged: not counted again
		f.wantQueue(west, queueOf(interactive, 3, at(40), at(1)))
		c.State = opStarted
		f.update(putOperations(acme, c))
		f.wantQueue(west, queueOf(interactive, 2, at(40), at(2)))
		b.NextAttemptTime = stamp(70)
		f.update(putOperations(acme, b))
		f.wantQueue(west, queueOf(interactive, 2, at(50), at(2)))
		a.State, b.State = opSucceeded, opFailed
		f.update(putOperations(acme, a, b))
		f.wantQueue(west, idmap.Queue{})
		f.wantQueue(east, queueOf(interactive, 1, at(1), at(0)))
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
		f.wantQueue(west, queueOf(interactive, 1, at(0), at(0)))
	}},
}

// prioritised makes three operations of each priority and one without; those of lower priority are due and were accepted earlier.
func prioritised(leadID string) (byPriority map[leadmuxv1.Priority][]*leadmuxv1.Operation, all []*leadmuxv1.Operation) {
	byPriority = map[leadmuxv1.Priority][]*leadmuxv1.Operation{}
	for i, priority := range []leadmuxv1.Priority{bulk, 0, interactive, optOut} {
		for n := range 3 {
			op := operationOf(leadID, west, 10*i+n, 10*i-n)
			op.Priority = priority
			byPriority[idmap.PriorityOf(op)] = append(byPriority[idmap.PriorityOf(op)], op)
			all = append(all, op)
		}
	}
	return byPriority, all
}

func duePriorities(f *fixture) {
	lead := leadOf()
	f.update(putLeads(acme, lead))
	by, all := prioritised(lead.GetLeadId())
	f.update(putOperations(acme, all...))
	for range 2 {
		f.wantDue(west, at(60), 99, slices.Concat(by[optOut], by[interactive], by[bulk])...)
		f.wantDue(west, at(60), 4, by[optOut][0], by[optOut][1], by[optOut][2], by[interactive][0])
		f.wantDue(west, at(21), 4, by[interactive][0], by[interactive][1], by[interactive][2], by[interactive][3])
		f.wantDue(west, at(20), 99, slices.Concat(by[interactive][:4], by[bulk])...)
		f.wantDue(west, at(1), 99, by[bulk][:2]...)
		f.reopen()
	}
	by[bulk][1].Priority = optOut
	f.update(putOperations(acme, by[bulk][1]))
	f.wantDue(west, at(60), 2, by[bulk][1], by[optOut][0])
	f.wantDue(west, at(0), 9, by[bulk][0])
}

func queuePriorities(f *fixture) {
	lead := leadOf()
	f.update(putLeads(acme, lead))
	by, all := prioritised(lead.GetLeadId())
	f.update(putOperations(acme, all...))
	f.reopen()
	f.wantQueue(west, idmap.QueueOf([]idmap.Waiting{
		{Priority: optOut, Depth: 3, NextDue: at(30), Oldest: at(28)},
		{Priority: interactive, Depth: 6, NextDue: at(10), Oldest: at(8)},
		{Priority: bulk, Depth: 3, NextDue: at(0), Oldest: at(-2)},
	}))
	for _, op := range by[optOut] {
		op.Priority = bulk
	}
	by[bulk][0].State = opStarted
	f.update(putOperations(acme, append(by[optOut], by[bulk][0])...))
	f.wantQueue(west, idmap.QueueOf([]idmap.Waiting{
		{Priority: interactive, Depth: 6, NextDue: at(10), Oldest: at(8)},
		{Priority: bulk, Depth: 5, NextDue: at(1), Oldest: at(-2)},
	}))
	f.sound()
}

// wantDue wants exactly these operations of acme to be due.
func (f *fixture) wantDue(account string, until time.Time, limit int, want ...*leadmuxv1.Operation) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Due(acme, account, until, limit)
		return errors.Join(err, sameAll("due", got, want))
	})
}

func (f *fixture) wantUnconfirmed(account string, until time.Time, limit int, want ...*leadmuxv1.Operation) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Unconfirmed(acme, account, until, limit)
		return errors.Join(err, sameAll("unconfirmed", got, want))
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
	same := func(a, b idmap.Waiting) bool {
		return a.Priority == b.Priority && a.Depth == b.Depth && a.NextDue.Equal(b.NextDue) && a.Oldest.Equal(b.Oldest)
	}
	inAll := func(q idmap.Queue) idmap.Waiting {
		return idmap.Waiting{Depth: q.Depth, NextDue: q.NextDue, Oldest: q.Oldest}
	}
	if !same(inAll(got), inAll(want)) || !slices.EqualFunc(got.Parts, want.Parts, same) {
		return fmt.Errorf("queue: got %v, want %v", got, want)
	}
	return nil
}

// queueOf is a queue of operations that wait at one priority.
func queueOf(priority leadmuxv1.Priority, depth int, nextDue, oldest time.Time) idmap.Queue {
	return idmap.QueueOf([]idmap.Waiting{{Priority: priority, Depth: depth, NextDue: nextDue, Oldest: oldest}})
}

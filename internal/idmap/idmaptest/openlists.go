package idmaptest

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// opStates are the states an operation can be stored in.
var opStates = []leadmuxv1.OperationState{opQueued, opStarted, opBlocked, opSucceeded, opFailed, opInDoubt}

// isOpen tells whether an operation in this state is one of its lead's open ones.
func isOpen(state leadmuxv1.OperationState) bool {
	return state == opQueued || state == opStarted || state == opBlocked
}

var openTests = []contractTest{
	{"open are the QUEUED, STARTED and BLOCKED of one lead at one account, the oldest first", func(f *fixture) {
		lead, other := leadOf(), leadOf()
		id := lead.GetLeadId()
		f.update(putLeads(acme, lead, other))
		f.update(putLeads("other", lead))
		f.wantOpen(acme, id, west)
		var all, open []*leadmuxv1.Operation
		for i, state := range slices.Concat(opStates, opStates) {
			op := operationOf(id, west, 50-i, 50-i) // neither when it is due nor what its times say orders it
			op.State = state
			all = append(all, op)
			if isOpen(state) {
				open = append(open, op)
			}
		}
		for i := range all { // nor when it was stored last
			f.update(putOperations(acme, all[len(all)-1-i]))
		}
		elsewhere, others, theirs := operationOf(id, east, 0, 0), operationOf(other.GetLeadId(), west, 0, 0), operationOf(id, west, 0, 0)
		f.update(putOperations(acme, elsewhere, others))
		f.update(putOperations("other", theirs))
		for range 2 {
			f.wantOpen(acme, id, west, open...)
			f.wantOpen(acme, id, east, elsewhere)
			f.wantOpen(acme, other.GetLeadId(), west, others)
			f.wantOpen("other", id, west, theirs)
			f.wantOpen(acme, other.GetLeadId(), east)
			f.wantOpen("nobody", id, west)
			f.reopen()
		}
	}},
	{"parts of an open operation do not run into one another", func(f *fixture) {
		var ops []*leadmuxv1.Operation
		for _, id := range []string{"lead_1", "lead_12", "lead_1a", "lead_"} {
			f.update(putLeads(acme, leadOf(func(l *leadmuxv1.Lead) { l.LeadId = id })))
			for _, account := range []string{"a", "ab", "2", "2a", "aop_", "\x00\x01a"} {
				op := operationOf(id, account, 0, 0)
				op.State = []leadmuxv1.OperationState{opQueued, opStarted, opBlocked}[len(ops)%3]
				ops = append(ops, op)
			}
		}
		f.update(putOperations(acme, ops...))
		for _, op := range ops {
			f.wantOpen(acme, op.GetLeadId(), op.GetAccount(), op)
		}
		for _, name := range []string{"", "a", "lead_1", "lead_1aop_"} {
			f.wantOpen(acme, "lead", name)
			f.wantOpen(acme, "", name)
		}
		f.wantOpen(acme, "lead_1", "")
	}},
	{"a BLOCKED operation is neither due nor counted nor started", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		first, behind := operationOf(lead.GetLeadId(), west, 10, 1), operationOf(lead.GetLeadId(), west, 0, 0)
		behind.State = opBlocked
		f.update(putOperations(acme, first, behind))
		f.reopen()
		f.wantDue(west, at(60), 9, first)
		f.wantQueue(west, queueOf(interactive, 1, at(10), at(1)))
		f.wantStarted()
		first.State, behind.State, behind.NextAttemptTime = opSucceeded, opQueued, stamp(20)
		f.update(putOperations(acme, first, behind))
		f.wantDue(west, at(60), 9, behind)
		f.wantQueue(west, queueOf(interactive, 1, at(20), at(0)))
		f.wantOpen(acme, lead.GetLeadId(), west, behind)
	}},
	{"from every state an operation comes into every other, and stands only in the lists of its last", everyMove},
	{"an operation is open where its last form says", func(f *fixture) {
		first, second := leadOf(), leadOf()
		f.update(putLeads(acme, first, second))
		for _, state := range []leadmuxv1.OperationState{opQueued, opStarted, opBlocked} {
			op := operationOf(first.GetLeadId(), west, 0, 0)
			op.State = state
			f.update(putOperations(acme, op))
			moved := proto.CloneOf(op)
			moved.Account = east
			f.update(putOperations(acme, moved))
			f.wantOpen(acme, first.GetLeadId(), west)
			f.wantOpen(acme, first.GetLeadId(), east, moved)
			moved.LeadId = second.GetLeadId()
			f.update(putOperations(acme, moved))
			f.wantOpen(acme, first.GetLeadId(), east)
			f.wantOpen(acme, second.GetLeadId(), east, moved)
			f.sound()
			moved.State = opFailed
			f.update(putOperations(acme, moved))
			f.wantOpen(acme, second.GetLeadId(), east)
		}
	}},
	{"a transaction sees which operations it opened and closed, and an error undoes both", func(f *fixture) {
		lead := leadOf()
		op, closed, more := operationOf(lead.GetLeadId(), west, 0, 0), operationOf(lead.GetLeadId(), west, 0, 0), operationOf(lead.GetLeadId(), west, 0, 0)
		f.update(putLeads(acme, lead))
		f.update(putOperations(acme, op))
		closed.OperationId, closed.State, more.State = op.GetOperationId(), opSucceeded, opBlocked
		undo := errors.New("undo")
		f.refused(undo, func(tx idmap.Tx) error {
			errPut := putOperations(acme, closed, more)(tx)
			open, err := tx.OpenOperations(acme, lead.GetLeadId(), west)
			if err := errors.Join(errPut, err, sameAll("open within the transaction", open, []*leadmuxv1.Operation{more})); err != nil {
				return err
			}
			return undo
		})
		f.wantOpen(acme, lead.GetLeadId(), west, op)
	}},
}

// everyMove takes one operation from each state to each, itself among them.
func everyMove(f *fixture) {
	lead := leadOf()
	op := operationOf(lead.GetLeadId(), west, 5, 3)
	f.update(putLeads(acme, lead))
	for _, from := range opStates {
		for _, to := range opStates {
			f.Logf("from %s to %s", from, to) // the last one is where it failed
			op.State = from
			f.update(putOperations(acme, op))
			op.State = to
			f.update(putOperations(acme, op))
			f.wantListed(op)
			f.sound()
		}
	}
}

// wantListed wants op, the only operation at west, to be in the lists of its state and in no other.
func (f *fixture) wantListed(op *leadmuxv1.Operation) {
	f.Helper()
	var open, due []*leadmuxv1.Operation
	var queue idmap.Queue
	var started []string
	if isOpen(op.GetState()) {
		open = append(open, op)
	}
	switch op.GetState() {
	case opQueued:
		due = append(due, op)
		queue = queueOf(interactive, 1, op.GetNextAttemptTime().AsTime(), op.GetCreateTime().AsTime())
	case opStarted:
		started = append(started, acme+" "+op.GetOperationId())
	default:
	}
	f.wantOpen(acme, op.GetLeadId(), west, open...)
	f.wantDue(west, at(60), 9, due...)
	f.wantQueue(west, queue)
	f.wantStarted(started...)
}

// wantOpen wants exactly these operations of a lead to be open at an account, in this order.
func (f *fixture) wantOpen(tenant, leadID, account string, want ...*leadmuxv1.Operation) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.OpenOperations(tenant, leadID, account)
		return errors.Join(err, sameAll(fmt.Sprintf("open of %q at %q", leadID, account), got, want))
	})
}

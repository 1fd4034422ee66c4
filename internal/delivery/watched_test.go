package delivery_test

import (
	"context"
	"errors"
	"sync"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// errIndex is what a watched store fails with, errUndone what undoes the first run of a change.
var (
	errIndex  = errors.New("the disk is full")
	errUndone = errors.New("undone")
)

// watched is a store that the delivery uses in every test. It holds each committed change against the table of moves and
// against what operation and engagement must have in common, and it can fail.
type watched struct {
	idmap.Store
	may    map[move]bool
	report func(format string, args ...any)

	mu          sync.Mutex
	state       map[string]string // engagement's state by operation ID
	spoken      map[string]bool   // operations whose engagement the vendor moved while they were under way
	failUpdates int
	failViews   int
	once        bool // changes run once, where a test makes very many
	dead        bool // the process is gone: nothing is written any more
	forget      int  // so many changes are made, and said to have failed
	updates     int
}

func (w *watched) View(ctx context.Context, fn func(idmap.Reader) error) error {
	w.mu.Lock()
	fail := w.failViews > 0
	if fail {
		w.failViews--
	}
	w.mu.Unlock()
	if fail {
		return errIndex
	}
	return w.Store.View(ctx, fn)
}

func (w *watched) Update(ctx context.Context, fn func(idmap.Tx) error) error {
	w.mu.Lock()
	w.updates++
	fail := w.dead || w.failUpdates > 0
	forget := w.forget > 0 && !fail
	if forget {
		w.forget--
	}
	if w.failUpdates > 0 {
		w.failUpdates--
	}
	w.mu.Unlock()
	if fail {
		return errIndex
	}
	if !w.once {
		_ = w.Store.Update(ctx, func(inner idmap.Tx) error { // a change may run more than once
			_ = fn(inner)
			return errUndone
		})
	}
	var tx *watchedTx
	err := w.Store.Update(ctx, func(inner idmap.Tx) error {
		tx = &watchedTx{Tx: inner, leads: map[string]*leadmuxv1.Lead{}}
		return fn(tx)
	})
	if err == nil {
		w.committed(tx)
	}
	if forget && err == nil {
		return errIndex
	}
	return err
}

// set changes how the store fails.
func (w *watched) set(change func(*watched)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

func (w *watched) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.updates
}

// committed looks at the operations of a change with the engagements they belong to. Those of other operations in the same
// lead may be older than what another change has said meanwhile.
func (w *watched) committed(tx *watchedTx) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, op := range tx.ops {
		for _, e := range tx.leads[op.GetLeadId()].GetEngagements() {
			if e.GetOperationId() != op.GetOperationId() {
				continue
			}
			if w.spoken[op.GetOperationId()] {
				continue
			}
			before, now := w.state[op.GetOperationId()], stateName(e.GetState())
			if before == "" {
				before = "UNSPECIFIED"
			}
			if op.GetMethod() != "" && op.GetMethod() != delivery.CreateLead { // it finds the engagement open, and ends it at most
				w.opened(op, now)
				continue
			}
			hurried := before == "QUEUED" && now == "QUEUED" // its operation waits at a higher priority than before
			stays := before == "OPTED_OUT" && now == "OPTED_OUT"
			if !w.may[move{before, now}] && !hurried && !stays && !byHand(op, move{before, now}) {
				w.report("an engagement went from %s to %s", before, now)
			}
			w.state[op.GetOperationId()] = now
			if !belong(op.GetState(), e.GetState()) {
				w.report("an operation is %s while its engagement is %s", opName(op.GetState()), now)
			}
		}
	}
}

// byHand says whether a person made an engagement go through more than one move at once: one that waits for an account which is
// gone is in doubt before it is found to be there, and one that was refused is closed and opened anew.
func byHand(op *leadmuxv1.Operation, m move) bool {
	return len(op.GetResolutions()) > 0 && m == move{"QUEUED", "ACTIVE"} || op.GetRetryTime() != nil && m == move{"REJECTED", "QUEUED"}
}

// opened looks at an operation that did not open its engagement. That stays open until the operation is done.
func (w *watched) opened(op *leadmuxv1.Operation, now string) {
	ends := map[string]string{"EndConversation": "QUALIFIED", "StopConversation": "UNQUALIFIED"}
	may := now == "ACTIVE" || now == "ENDED" || now == "OPTED_OUT"
	if opName(op.GetState()) == "SUCCEEDED" && ends[op.GetMethod()] != "" {
		may = now == ends[op.GetMethod()] || now == "OPTED_OUT" || now == "ENDED"
	}
	if !may {
		w.report("%s is %s while its engagement is %s", op.GetMethod(), opName(op.GetState()), now)
	}
}

// belong says whether an operation and its engagement may be seen in these states together.
func belong(op leadmuxv1.OperationState, e leadmuxv1.EngagementState) bool {
	switch stateName(e) {
	case "QUEUED":
		return opName(op) == "QUEUED"
	case "SENDING":
		return opName(op) == "STARTED"
	case "ACTIVE", "SUPPRESSED":
		return opName(op) == "SUCCEEDED"
	case "REJECTED":
		return opName(op) == "FAILED"
	case "IN_DOUBT":
		return opName(op) == "IN_DOUBT"
	case "OPTED_OUT": // whatever became of it: nothing waits to be sent
		return opName(op) != "QUEUED" && opName(op) != "BLOCKED"
	default:
		return false
	}
}

type watchedTx struct {
	idmap.Tx
	leads map[string]*leadmuxv1.Lead
	ops   []*leadmuxv1.Operation
}

func (tx *watchedTx) PutLead(tenant string, lead *leadmuxv1.Lead) error {
	tx.leads[lead.GetLeadId()] = lead
	return tx.Tx.PutLead(tenant, lead)
}

func (tx *watchedTx) PutOperation(tenant string, op *leadmuxv1.Operation) error {
	tx.ops = append(tx.ops, op)
	return tx.Tx.PutOperation(tenant, op)
}

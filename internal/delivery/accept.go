package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/typeid"
)

// Slots says at which accounts a rate slot was taken, by account name.
type Slots map[string]bool

// Reserve takes a slot for an operation of this priority at each account where it can be sent at once: none at an account where
// an operation that does not stand behind it is due, there or at one that shares its limit, for that one waits for the slot. It is
// called before the transaction that accepts the operations; a slot that is not used after all is lost, which only delays.
func (d *Dispatcher) Reserve(ctx context.Context, accounts []*adapters.Account, priority leadmuxv1.Priority) (Slots, error) {
	slots := Slots{}
	var free []*adapters.Account
	err := d.store.View(ctx, func(r idmap.Reader) error {
		free = nil
		for _, account := range accounts {
			waits, err := d.ahead(r, account, priority)
			if err != nil {
				return err
			}
			if !waits {
				free = append(free, account)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, account := range free {
		slots[account.Name] = d.running.Err() == nil && account.Line.TryTake()
		failpoint.Here(failpoint.SlotTaken)
	}
	return slots, nil
}

// Write is one operation that the service wants done.
type Write struct {
	Method   string                   // one of the RPCs in methods.go
	Priority leadmuxv1.Priority       // unset: INTERACTIVE
	Options  *leadmuxv1.VendorOptions // for CreateLead
	Reason   string                   // for those that end or defer
	Lot      Lot                      // of one of a batch; nil for a single one
}

// Accept stores the lead, as the caller has changed it, with an operation for each account: CreateLead opens an engagement
// there, the others need an open one. An operation goes behind the open ones of its lead and account, if there are any; else
// its first attempt is marked started where slots has one, or it is queued. An account that a suppression keeps the person from
// gets none of it: its engagement is SUPPRESSED if this would have opened it, else opted out, and the vendor is told. The caller
// hands the returned operations to Go once the transaction is durable.
func (d *Dispatcher) Accept(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, accounts []*adapters.Account, write Write, slots Slots) ([]*leadmuxv1.Operation, error) {
	if methods[write.Method].opens {
		if err := d.attach(tx, tenant, lead); err != nil {
			return nil, err
		}
	}
	var ops []*leadmuxv1.Operation
	var hindered []hindrance
	for _, account := range accounts {
		s, err := kept(tx, tenant, lead, account, write.Method)
		if err != nil {
			return nil, err
		}
		if s != nil {
			hindered = append(hindered, hindrance{account, s})
			continue
		}
		op, err := d.acceptAt(tx, tenant, lead, account, write, slots[account.Name])
		if err != nil {
			return nil, err
		}
		if op != nil {
			ops = append(ops, op)
		}
	}
	if err := d.putLead(tx, tenant, lead); err != nil {
		return nil, err
	}
	for _, op := range ops {
		if err := tx.PutOperation(tenant, op); err != nil {
			return nil, err
		}
	}
	if len(hindered) == 0 {
		return ops, nil
	}
	telling, err := d.hinder(tx, tenant, lead, write.Method, hindered)
	return append(ops, telling...), err
}

// acceptAt makes the operation for one account; nil when one that waits there does its work.
func (d *Dispatcher) acceptAt(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, account *adapters.Account, write Write, slot bool) (*leadmuxv1.Operation, error) {
	waiting, err := tx.OpenOperations(tenant, lead.GetLeadId(), account.Name)
	if err != nil {
		return nil, err
	}
	if write.Method == UpdateLead && carries(waiting) {
		return nil, nil //nolint:nilnil // nothing to do is no error
	}
	unsure, err := repeatsDoubt(tx, tenant, Engagement(lead, account.Name), write.Method)
	if err != nil {
		return nil, err
	}
	held, err := heldUp(tx, account)
	if err != nil {
		return nil, err
	}
	op, err := d.plan(lead, account, write, len(waiting) > 0, slot, held)
	if err != nil {
		return nil, err
	}
	op.Ambiguous = unsure
	if write.Lot != nil && op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_QUEUED {
		due, err := write.Lot.turn(tx, account, d.now())
		if err != nil {
			return nil, err
		}
		op.NextAttemptTime = stamp(due)
	}
	return op, hurry(tx, tenant, waiting, op.GetPriority())
}

// hurry raises those that an operation has to wait for to its priority: else it would wait as long as they do.
func hurry(tx idmap.Tx, tenant string, before []*leadmuxv1.Operation, priority leadmuxv1.Priority) error {
	for _, op := range before {
		if idmap.PriorityOf(op) >= priority {
			continue
		}
		op.Priority = priority
		if err := tx.PutOperation(tenant, op); err != nil {
			return err
		}
	}
	return nil
}

// repeatsDoubt says whether the caller asks again for what the last operation of the engagement left in doubt: it may be done
// already, and "it is so already" is then a success.
func repeatsDoubt(r idmap.Reader, tenant string, e *leadmuxv1.Engagement, method string) (bool, error) {
	if methods[method].opens || e.GetOperationId() == "" {
		return false, nil
	}
	last, err := r.Operation(tenant, e.GetOperationId())
	if errors.Is(err, idmap.ErrNotFound) {
		return false, nil
	}
	return last.GetMethod() == method && last.GetState() == leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT, err
}

// carries says whether one of the operations that are open still brings the vendor the lead as it is by then, so that no
// further one is needed.
func carries(open []*leadmuxv1.Operation) bool {
	for _, op := range open {
		if sendsLead(op) && op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_STARTED && !mayBeThere(op) {
			return true
		}
	}
	return false
}

// Carries says whether the operation that gives the lead to the account is still to be sent, so that the account needs not be
// told of a change.
func Carries(r idmap.Reader, tenant, leadID, account string) (bool, error) {
	open, err := r.OpenOperations(tenant, leadID, account)
	return carries(open), err
}

// sendsLead says whether an operation sends the whole lead.
func sendsLead(op *leadmuxv1.Operation) bool {
	return op.GetMethod() == CreateLead || op.GetMethod() == UpdateLead
}

// mayBeThere says whether the vendor may have what the operation sent earlier, and then keeps it as it was: the next attempt
// only finds out.
func mayBeThere(op *leadmuxv1.Operation) bool {
	return op.GetAmbiguous() && op.GetIdempotencyClass() != leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
}

// Go sends what Accept marked started and wakes the queues of the rest. After Close it does nothing: the next start repairs
// what was marked.
func (d *Dispatcher) Go(tenant string, ops []*leadmuxv1.Operation) {
	failpoint.Here(failpoint.Accepted)
	d.closing.RLock()
	defer d.closing.RUnlock()
	if d.running.Err() != nil {
		return
	}
	for _, op := range ops {
		if op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_STARTED {
			d.attempts.Go(func() { d.run(tenant, op) })
		} else {
			d.Wake(op.GetAccount())
		}
	}
}

// plan makes an operation, and its engagement if it opens one. held is why the account takes nothing now; nil when it does.
func (d *Dispatcher) plan(lead *leadmuxv1.Lead, account *adapters.Account, write Write, behind, slot bool, held *leadmuxv1.EngagementError) (*leadmuxv1.Operation, error) {
	way, unsupported := WriteOf(account, write.Method)
	if unsupported != nil {
		return nil, unsupported
	}
	if methods[write.Method].opens {
		OpenEngagement(lead, account, d.now())
	}
	now, e := d.now(), Engagement(lead, account.Name)
	if e == nil {
		return nil, fmt.Errorf("%s: the lead has no engagement at %s", write.Method, account.Name)
	}
	op := &leadmuxv1.Operation{
		OperationId: typeid.New(typeid.Operation), Method: write.Method, LeadId: lead.GetLeadId(),
		Account: account.Name, Vendor: account.Vendor, VendorOptions: write.Options, Reason: write.Reason,
		IdempotencyClass: way.Class(adapters.LeadInput{Lead: lead, Engagement: e, Options: write.Options}),
		CreateTime:       stamp(now), UpdateTime: stamp(now),
		Priority: cmp.Or(write.Priority, leadmuxv1.Priority_PRIORITY_INTERACTIVE),
	}
	switch {
	case behind || e.GetState() == inDoubt:
		op.State, op.Decision = leadmuxv1.OperationState_OPERATION_STATE_BLOCKED, "waits behind another operation of this lead and account"
		return op, nil
	case slot && held == nil:
		return op, d.begin(op, e)
	}
	op.State, op.NextAttemptTime = leadmuxv1.OperationState_OPERATION_STATE_QUEUED, stamp(now)
	op.Decision = "queued: no rate slot was free, or the account takes nothing now"
	e.OperationId, e.Error = op.GetOperationId(), held
	if !methodOf(op).opens {
		return op, nil
	}
	return op, move(e, queued, now)
}

// OpenEngagement begins an engagement at an account, still without a state, and returns it; what was there is kept among the
// closed ones.
func OpenEngagement(lead *leadmuxv1.Lead, account *adapters.Account, now time.Time) *leadmuxv1.Engagement {
	fresh := &leadmuxv1.Engagement{Account: account.Name, Vendor: account.Vendor, CreateTime: stamp(now)}
	for i, e := range lead.GetEngagements() {
		if e.GetAccount() == account.Name {
			fresh.Closed = append(e.GetClosed(), &leadmuxv1.ClosedEngagement{
				VendorLeadId: e.GetVendorLeadId(), State: e.GetState(), Outcome: e.GetOutcome(),
				CreateTime: e.GetCreateTime(), CloseTime: e.GetUpdateTime(),
			})
			lead.Engagements[i] = fresh
			return fresh
		}
	}
	lead.Engagements = append(lead.Engagements, fresh)
	slices.SortFunc(lead.Engagements, func(a, b *leadmuxv1.Engagement) int {
		return strings.Compare(a.GetAccount(), b.GetAccount())
	})
	return fresh
}

// begin marks the next attempt started. The caller stores both before the first byte leaves.
func (d *Dispatcher) begin(op *leadmuxv1.Operation, e *leadmuxv1.Engagement) error {
	now := d.now()
	op.State = leadmuxv1.OperationState_OPERATION_STATE_STARTED
	op.NextAttemptTime, op.UpdateTime = nil, stamp(now)
	op.AttemptCount++
	op.Attempts = append(op.Attempts, &leadmuxv1.Attempt{StartTime: stamp(now)})
	d.hold(lastAttempt(op))
	if extra := len(op.GetAttempts()) - maxAttemptsKept; extra > 0 {
		op.Attempts = slices.Delete(op.Attempts, 0, extra)
	}
	e.OperationId = op.GetOperationId()
	e.Attempts++
	if !methodOf(op).opens {
		return nil
	}
	return move(e, sending, now)
}

// maxAttemptsKept bounds the journal of an operation that fails for days.
const maxAttemptsKept = 20

// heldUp says why nothing leaves for this account, when it is stopped: by the index, or by a failure that is about to be stored.
func heldUp(r idmap.Reader, account *adapters.Account) (*leadmuxv1.EngagementError, error) {
	stop, stopped, err := stopOf(r, account)
	if err != nil {
		return nil, err
	}
	if stopped {
		return stoppedError(account, rpcerr.Name(stop.Reason)), nil
	}
	if health := account.Line.Health(); health.GetStopped() {
		return stoppedError(account, health.GetStopReason()), nil
	}
	return nil, nil //nolint:nilnil // nothing holds it up
}

package delivery

import (
	"context"
	"errors"
	"log/slog"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// settling is one outcome on its way into the index, within one transaction.
type settling struct {
	d       *Dispatcher
	tx      idmap.Tx
	tenant  string
	account *adapters.Account
	lead    *leadmuxv1.Lead // nil in a resolution, where the operation is about none
	op      *leadmuxv1.Operation
	e       *leadmuxv1.Engagement // nil in a resolution, where the lead has none of the operation any more
	attempt *leadmuxv1.Attempt
	// configured says, in a resolution and a repair, whether the account still is.
	configured bool
	// behind says, in a resolution, that another operation of the lead and account goes before it.
	behind bool
	// leaving says that the lead is erased, and that this is one of the last things that vendors are told of it.
	leaving bool
	note    string // the adapter's word on what a success covers
	// follows says that what becomes of it is followed from here on.
	follows bool
}

// settle stores the outcome of an attempt: binding, engagement, events, operation and the stop of the account in one
// transaction. sent is the operation as it was sent.
func (d *Dispatcher) settle(tenant string, account *adapters.Account, sent *leadmuxv1.Operation, came outcome) error {
	var settled *settling
	err := d.store.Update(context.Background(), func(tx idmap.Tx) error {
		settled = nil
		if stops(came.failure) {
			if err := d.putStop(tx, account, came.failure, sent.GetOperationId()); err != nil {
				return err
			}
		}
		s, err := d.open(tx, tenant, account, sent)
		if err != nil || s == nil {
			return err
		}
		settled = s
		switch {
		case came.kept:
			err = s.unsent()
		case came.failure == nil:
			err = s.succeed(came)
		default:
			err = s.fail(came.failure)
		}
		if err != nil {
			return err
		}
		s.attempt.EndTime, s.attempt.Decision = stamp(d.now()), s.op.GetDecision()
		err = s.store()
		failpoint.Here(failpoint.OutcomeWritten)
		return err
	})
	if err != nil {
		return err
	}
	failpoint.Here(failpoint.OutcomeStored)
	if settled != nil {
		d.report(settled.op)
		if settled.leaving {
			d.dropErased()
		}
		d.hub.publish(settled.lead.GetLeadId())
		if settled.follows {
			d.followed(account.Name)
		}
	}
	d.Wake(account.Name)
	return nil
}

// report tells whoever reads the log of what went wrong with an operation, by its ID: GetOperation says the rest.
func (d *Dispatcher) report(op *leadmuxv1.Operation) {
	last := lastAttempt(op)
	of := []slog.Attr{
		slog.String("operation_id", op.GetOperationId()), slog.String("method", op.GetMethod()), slog.String("account", op.GetAccount()),
		slog.Int("attempts", int(op.GetAttemptCount())), slog.Int("status", int(last.GetHttpStatus())), slog.String("reason", last.GetReason()),
		slog.String("decision", op.GetDecision()),
	}
	switch op.GetState() {
	case leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT:
		d.logger.LogAttrs(context.Background(), slog.LevelWarn, "operation is in doubt; look at the vendor, then ResolveOperation", of...)
	case leadmuxv1.OperationState_OPERATION_STATE_FAILED:
		d.logger.LogAttrs(context.Background(), slog.LevelInfo, "operation failed; GetOperation tells the rest", of...)
	default: // nothing went wrong
	}
}

// open reads what the outcome of an attempt belongs to; nil when the attempt was settled already, by this process or one that
// took it for lost, or its lead was erased meanwhile.
func (d *Dispatcher) open(tx idmap.Tx, tenant string, account *adapters.Account, sent *leadmuxv1.Operation) (*settling, error) {
	op, err := tx.Operation(tenant, sent.GetOperationId())
	if errors.Is(err, idmap.ErrErased) {
		return nil, nil //nolint:nilnil // it ended with its lead
	}
	if err != nil {
		return nil, err
	}
	if op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_STARTED || op.GetAttemptCount() != sent.GetAttemptCount() {
		return nil, nil //nolint:nilnil // nothing to settle is no error
	}
	lead, leaving, err := leadOf(tx, tenant, op.GetLeadId())
	if err != nil {
		return nil, err
	}
	e := Engagement(lead, op.GetAccount())
	if e == nil || len(op.GetAttempts()) == 0 {
		return nil, errors.New("operation " + op.GetOperationId() + " has no engagement or attempt of its own")
	}
	return &settling{
		d: d, tx: tx, tenant: tenant, account: account, lead: lead, op: op, e: e,
		attempt: lastAttempt(op), leaving: leaving,
	}, nil
}

// succeed records that the vendor did it.
func (s *settling) succeed(came outcome) error {
	result := came.result
	s.note = result.Note
	s.attempt.HttpStatus, s.attempt.VendorRequestId = int32(result.HTTPStatus), result.RequestID
	if result.VendorLeadID != "" && !s.leaving { // nothing is bound to an erased lead
		ref := idmap.VendorRef{Account: s.account.Name, Kind: idmap.KindLead, VendorID: result.VendorLeadID}
		err := s.tx.Bind(s.tenant, ref, s.lead.GetLeadId())
		if errors.Is(err, idmap.ErrBound) {
			return s.boundElsewhere(ref)
		}
		if err != nil {
			return err
		}
	}
	s.learn(came)
	if err := s.follow(); err != nil {
		return err
	}
	to := methodOf(s.op).after
	if methodOf(s.op).opens {
		to = result.State
	}
	if outcome := outcomeOf(s.op); outcome != nil {
		s.e.Outcome = outcome
	}
	return s.close(leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED, leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_SUCCEEDED,
		to, "the vendor did it")
}

// boundElsewhere records that the vendor answered with the ID of another lead of ours: two of our leads are one at the vendor.
func (s *settling) boundElsewhere(ref idmap.VendorRef) error {
	owner, err := s.tx.Owner(s.tenant, ref)
	if err != nil {
		return err
	}
	s.attempt.Reason = rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_DUPLICATE_AT_VENDOR)
	return s.refuse(&adapters.Error{
		Vendor: s.account.Vendor, Op: s.op.GetMethod(), Kind: adapters.KindConflict, Message: "it is " + owner,
	}, "the vendor's ID belongs to another lead")
}

// close ends the operation and moves the engagement; unset leaves its state.
func (s *settling) close(state leadmuxv1.OperationState, outcome leadmuxv1.AttemptOutcome, to leadmuxv1.EngagementState, decision string) error {
	s.op.State, s.attempt.Outcome, s.op.Decision = state, outcome, decision
	s.op.NextAttemptTime = nil
	s.forget()
	return s.moved(to)
}

// forget drops what only a further attempt would need, once there can be none.
func (s *settling) forget() {
	if s.op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED {
		s.op.VendorOptions, s.op.Reason = nil, ""
	}
}

// opened is the state that a failure means for the engagement: the one given if the operation opens it; the other operations
// leave it, their failure stands in its error.
func (s *settling) opened(to leadmuxv1.EngagementState) leadmuxv1.EngagementState {
	if methodOf(s.op).opens {
		return to
	}
	return unset
}

// moved moves the engagement and records the event, when it is a change that a reader of the lead's story wants to see.
func (s *settling) moved(to leadmuxv1.EngagementState) error {
	if s.e == nil {
		return nil
	}
	before := s.e.GetState()
	if to == unset || to == before || outran(before, to) {
		s.e.UpdateTime = stamp(s.d.now())
		return nil
	}
	if to == queued {
		return move(s.e, to, s.d.now())
	}
	return s.change(to)
}

// change moves the engagement along the table and records the event.
func (s *settling) change(to leadmuxv1.EngagementState) error {
	before := s.e.GetState()
	if err := move(s.e, to, s.d.now()); err != nil {
		return err
	}
	return s.tx.AppendEvent(s.tenant, s.d.engagementChanged(s.lead, s.e, before))
}

// outran says whether the engagement went further than its own operation knows while that was under way: what a vendor or a
// person said meanwhile is never taken back by a late answer.
func outran(now, to leadmuxv1.EngagementState) bool {
	return now == optedOut || now == active && to == inDoubt ||
		!MayMove(now, to) && now != unset && now != queued && now != sending && now != inDoubt
}

// store writes what was settled.
func (s *settling) store() error {
	if s.e != nil {
		if err := s.respect(); err != nil {
			return err
		}
	}
	now := s.d.now()
	s.op.UpdateTime = stamp(now)
	if s.lead == nil {
		return s.tx.PutOperation(s.tenant, s.op)
	}
	Touch(s.lead, now)
	if err := s.tx.PutOperation(s.tenant, s.op); err != nil {
		return err
	}
	if methodOf(s.op).tells && s.op.GetSuppressionId() != "" {
		if err := s.recordNotice(s.op, s.e.GetError(), s.note); err != nil {
			return err
		}
	}
	if err := s.promote(); err != nil {
		return err
	}
	if s.leaving {
		return s.left()
	}
	return s.tx.PutLead(s.tenant, s.lead)
}

package delivery

import (
	"context"
	"errors"
	"log/slog"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/typeid"
)

// A failure that would meet every other request too stops its account, until a test of it succeeds: vendors lock an account
// after repeated wrong passwords. The stop stands in the index, so that neither a restart nor another process tries again. The
// line is stopped before that, in memory, and so nothing leaves while the index is written.

// stops says whether a failure stops its account.
func stops(failure *adapters.Error) bool {
	if failure == nil {
		return false
	}
	next := steps[failure.Kind]
	return next == stopAndRefuse || next == stopAndKeep
}

// stopLine stops the account's line where the failure says that nothing else will fare better.
func (d *Dispatcher) stopLine(account *adapters.Account, failure *adapters.Error) {
	if !stops(failure) {
		return
	}
	reason := rpcerr.KindReason(failure.Kind)
	account.Line.Stop(reason)
	d.logger.Error("account stopped; correct the cause, then test the account",
		slog.String("account", account.Name), slog.String("reason", rpcerr.Name(reason)))
}

// Met stops the account where a failure that a read met says that nothing else will fare better.
func (d *Dispatcher) Met(account *adapters.Account, err error) {
	failure, ok := errors.AsType[*adapters.Error](err)
	if !ok || !stops(failure) {
		return
	}
	d.stopLine(account, failure)
	// Not under the caller's context, which may be over by now.
	err = d.store.Update(context.Background(), func(tx idmap.Tx) error { return d.putStop(tx, account, failure, "") })
	if err != nil {
		d.logger.Error("the stop of an account cannot be stored; it ends with this process",
			slog.String("account", account.Name), slog.String("error", err.Error()))
	}
}

// putStop stores that a failure stopped the account, and the event. It leaves an earlier stop, and stops nothing when the
// account was tested and resumed after the failure.
func (d *Dispatcher) putStop(tx idmap.Tx, account *adapters.Account, failure *adapters.Error, operationID string) error {
	if _, stopped, err := stopOf(tx, account); err != nil || stopped || !account.Line.Health().GetStopped() {
		return err
	}
	stop := idmap.Stop{Reason: rpcerr.KindReason(failure.Kind), Time: d.now(), OperationID: operationID}
	event := d.accountEvent("account.stopped", account)
	event.Detail = &leadmuxv1.Event_AccountStopped{AccountStopped: &leadmuxv1.AccountStopped{
		Reason: rpcerr.Name(stop.Reason), OperationId: operationID,
	}}
	if err := tx.AppendEvent(account.Tenant, event); err != nil {
		return err
	}
	return tx.PutAccountStop(account.Tenant, account.Name, stop)
}

// Resume sends to an account again that a test found good.
func (d *Dispatcher) Resume(ctx context.Context, account *adapters.Account) error {
	var stopped bool
	err := d.store.View(ctx, func(r idmap.Reader) (err error) {
		_, stopped, err = stopOf(r, account)
		return err
	})
	if err == nil && stopped {
		err = d.endStop(ctx, account)
	}
	if err != nil {
		return err
	}
	account.Line.Resume()
	d.Wake(account.Name)
	return nil
}

// endStop takes the stop of an account away, and stores the event.
func (d *Dispatcher) endStop(ctx context.Context, account *adapters.Account) error {
	return d.store.Update(ctx, func(tx idmap.Tx) error {
		stop, stopped, err := stopOf(tx, account)
		if err != nil || !stopped {
			return err
		}
		event := d.accountEvent("account.resumed", account)
		event.Detail = &leadmuxv1.Event_AccountResumed{AccountResumed: &leadmuxv1.AccountResumed{
			StopTime: stamp(stop.Time), Reason: rpcerr.Name(stop.Reason),
		}}
		if err := tx.AppendEvent(account.Tenant, event); err != nil {
			return err
		}
		return tx.DeleteAccountStop(account.Tenant, account.Name)
	})
}

// stopOf reads whether an account is stopped.
func stopOf(r idmap.Reader, account *adapters.Account) (stop idmap.Stop, stopped bool, err error) {
	stop, err = r.AccountStop(account.Tenant, account.Name)
	if errors.Is(err, idmap.ErrNotFound) {
		return idmap.Stop{}, false, nil
	}
	return stop, err == nil, err
}

// follow makes the account's line do what the index says, where that has changed since the last look: the stop may be of an
// earlier process or of another one.
func (q *queue) follow(stop idmap.Stop) {
	switch since := stop.Time; {
	case since.Equal(q.stopped):
		return
	case since.IsZero():
		q.account.Line.Resume()
	default:
		q.account.Line.Stop(stop.Reason)
	}
	q.stopped = stop.Time
}

// recallStops stops the lines of the accounts that are stopped, before anything is sent.
func (d *Dispatcher) recallStops(ctx context.Context) error {
	return d.store.View(ctx, func(r idmap.Reader) error {
		for _, q := range d.queues {
			stop, stopped, err := stopOf(r, q.account)
			if err != nil {
				return err
			}
			if q.follow(stop); stopped {
				d.logger.Warn("account is stopped since before this start; correct the cause, then test the account",
					slog.String("account", q.account.Name), slog.String("reason", rpcerr.Name(stop.Reason)), slog.Time("since", stop.Time))
			}
		}
		return nil
	})
}

// accountEvent is an event of an account at this moment.
func (d *Dispatcher) accountEvent(kind string, account *adapters.Account) *leadmuxv1.Event {
	return &leadmuxv1.Event{
		EventId: typeid.New(typeid.Event), Type: kind, Account: account.Name, Vendor: account.Vendor, ReceiveTime: stamp(d.now()),
	}
}

// stoppedError says that an operation waits for a stopped account, and why that is stopped.
func stoppedError(account *adapters.Account, reason string) *leadmuxv1.EngagementError {
	e := rpcerr.Engagement(&adapters.Error{Vendor: account.Vendor, Kind: adapters.KindAccountStopped})
	e.Message += " (" + reason + ")"
	return e
}

package delivery

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/idmap"
)

// settleRetry is the pause between tries to store an outcome when the index cannot be written.
const settleRetry = time.Second

// run makes the attempt that was marked started and stores what came of it.
func (d *Dispatcher) run(tenant string, op *leadmuxv1.Operation) {
	account, ok := d.accounts.Get(tenant, op.GetAccount())
	if !ok {
		return // only a changed configuration does that, and then the operation was never taken from a queue
	}
	failpoint.Here(failpoint.AttemptMarked)
	came := d.send(tenant, account, op)
	failpoint.Here(failpoint.AnswerRead)
	if came.failure != nil {
		d.stopLine(account, came.failure) // before it is stored, so that the queue cannot send again what goes back into it
	}
	for {
		err := d.settle(tenant, account, op, came)
		if err == nil {
			return
		}
		d.logger.Error("outcome of an attempt cannot be stored; trying again",
			slog.String("operation_id", op.GetOperationId()), slog.String("account", account.Name), slog.String("error", err.Error()))
		select {
		case <-time.After(settleRetry):
		case <-d.attempt.Done():
			return // the repair at the next start finds the attempt without an outcome
		}
	}
}

// outcome is what came of an attempt.
type outcome struct {
	sent    *leadmuxv1.Lead // the lead as the adapter had it; nil when it was not called
	result  adapters.LeadResult
	failure *adapters.Error // nil when the vendor did it
	kept    bool            // nothing was sent: the person opted out after the attempt was marked
}

// send calls the vendor once.
func (d *Dispatcher) send(tenant string, account *adapters.Account, op *leadmuxv1.Operation) outcome {
	left := d.timeLeft(op)
	if left <= 0 {
		return outcome{failure: &adapters.Error{Vendor: account.Vendor, Op: op.GetMethod(), Kind: adapters.KindTimeout, Cause: errOvertime}}
	}
	ctx, cancel := context.WithTimeout(d.attempt, left)
	defer cancel()
	write, unsupported := WriteOf(account, op.GetMethod())
	if unsupported != nil {
		return outcome{failure: unsupported}
	}
	in, hindered, err := d.input(ctx, tenant, account, op)
	if err != nil {
		return outcome{failure: asVendorError(account, op, err, false)}
	}
	if hindered {
		return outcome{kept: true}
	}
	came := outcome{sent: proto.CloneOf(in.Lead)}
	came.result, err = d.call(adapters.WithSlot(ctx), write, in)
	if err != nil {
		came.failure = asVendorError(account, op, err, true)
	}
	return came
}

// errOvertime says that the process was held up between the mark and the vendor.
var errOvertime = errors.New("nothing was sent: the time of the attempt was over before it could begin")

// input reads what the adapter works on as it is now, and whether a suppression has come since the attempt was marked.
func (d *Dispatcher) input(ctx context.Context, tenant string, account *adapters.Account, op *leadmuxv1.Operation) (in adapters.LeadInput, hindered bool, err error) {
	err = d.store.View(ctx, func(r idmap.Reader) error {
		lead, _, err := leadOf(r, tenant, op.GetLeadId())
		if err != nil {
			return err
		}
		s, err := d.keptNow(r, lead, account, op)
		if err != nil {
			return err
		}
		hindered = s != nil
		in, err = InputOf(r, tenant, lead, account, op)
		return err
	})
	return in, hindered, err
}

// InputOf is what the adapter works on in an attempt of an operation that is made now.
func InputOf(r idmap.Reader, tenant string, lead *leadmuxv1.Lead, account *adapters.Account, op *leadmuxv1.Operation) (adapters.LeadInput, error) {
	heldBack, err := HeldBack(r, tenant, lead, account)
	return adapters.LeadInput{
		Lead: lead, Engagement: Engagement(lead, account.Name), Options: op.GetVendorOptions(), Reason: op.GetReason(),
		Recheck: op.GetAmbiguous(), Scope: op.GetScope(), Suppressed: heldBack,
	}, err
}

// errPanic stands for a panic in an adapter.
var errPanic = errors.New("panic in the adapter")

// call calls the adapter. A panic in it costs this attempt only: the repair would send the lead again, and one lead that an
// adapter cannot bear would end the service at every start.
func (d *Dispatcher) call(ctx context.Context, write adapters.LeadWrite, in adapters.LeadInput) (result adapters.LeadResult, err error) {
	defer func() {
		if p := recover(); p != nil {
			// The value stays out of the log: it may hold anything.
			d.logger.Error("panic in an adapter", slog.String("vendor", in.Engagement.GetVendor()), slog.String("stack", string(debug.Stack())))
			err = &adapters.Error{Vendor: in.Engagement.GetVendor(), Kind: adapters.KindUnknown, Ambiguous: true, Cause: errPanic}
		}
	}()
	return write.Send(ctx, in)
}

// asVendorError gives every failure a kind. One that no adapter classified may have taken effect if the adapter was called.
func asVendorError(account *adapters.Account, op *leadmuxv1.Operation, err error, called bool) *adapters.Error {
	var v *adapters.Error
	if errors.As(err, &v) {
		return v
	}
	return &adapters.Error{Vendor: account.Vendor, Op: op.GetMethod(), Kind: adapters.KindUnavailable, Ambiguous: called, Cause: err}
}

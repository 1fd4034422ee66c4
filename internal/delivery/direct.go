package delivery

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// Direct is an RPC that goes to a vendor as it is, while its caller waits. Its IDs are ours on this side and the vendor's on the
// other; what the vendor shows for the first time becomes a lead, call or chat of ours. A write is journalled like every other,
// but never queued and never sent again by itself: what was to be sent is not kept.
type Direct struct {
	Tenant  string
	Account *adapters.Account
	Method  protoreflect.MethodDescriptor
	Class   leadmuxv1.IdempotencyClass
	// Request is not changed; Response is filled in.
	Request, Response proto.Message
	// Send does it once, with the vendor's IDs; nil for the account's adapters.Forwarder.
	Send func(ctx context.Context, request, response proto.Message) (adapters.Forwarded, error)
	// Check looks at the index in the transaction that journals a write, and refuses it or lets it go; nil lets it go.
	Check func(r idmap.Reader) error
	// Key is the caller's request_id; nil for a request without one.
	Key RequestKey
}

// RequestKey is a caller's request_id.
type RequestKey interface {
	// Before is the operation of an earlier request with the same request_id; "" when there is none.
	Before(r idmap.Reader) (string, error)
	// Put claims the request_id for an operation.
	Put(tx idmap.Tx, operationID string) error
}

// rpc is the RPC's name.
func (p Direct) rpc() string { return string(p.Method.Name()) }

// Direct does an RPC and fills its response in. A caller who does not wait to its end misses only the answer: the write goes on,
// and is settled. Errors are *rpcerr.Error, *adapters.Error or of the store.
func (d *Dispatcher) Direct(ctx context.Context, p Direct) error {
	if p.Send == nil {
		forwarder, ok := p.Account.Adapter.(adapters.Forwarder)
		if !ok || !forwarder.Forwards(p.rpc()) {
			return &adapters.Error{Vendor: p.Account.Vendor, Op: p.rpc(), Kind: adapters.KindNotSupported}
		}
		p.Send = func(ctx context.Context, request, response proto.Message) (adapters.Forwarded, error) {
			return forwarder.Forward(ctx, p.rpc(), request, response)
		}
	}
	if p.Class != leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS {
		return d.writeDirect(ctx, p)
	}
	request, err := d.outward(ctx, p)
	if err == nil {
		err = p.fits(request)
	}
	if err != nil {
		return err
	}
	if err := d.slot(ctx, p.Account); err != nil {
		return err
	}
	if _, err := p.Send(adapters.WithSlot(ctx), request, p.Response); err != nil {
		d.metDirect(p.Account, err)
		return err
	}
	return d.inward(ctx, p)
}

// fits refuses, before anything is journalled, a request that the account's vendor cannot be sent.
func (p Direct) fits(request proto.Message) error {
	checker, ok := p.Account.Adapter.(adapters.ForwardChecker)
	if !ok || !checker.Forwards(p.rpc()) {
		return nil
	}
	err := checker.CheckForward(p.rpc(), request)
	refused, ok := errors.AsType[*adapters.Error](err)
	if !ok || len(refused.Fields) == 0 {
		return err
	}
	invalid := rpcerr.Invalid(refused.Fields[0].GetField(), "%s", refused.Fields[0].GetDescription())
	for _, more := range refused.Fields[1:] {
		invalid = invalid.Field(more.GetField(), more.GetDescription())
	}
	return invalid
}

// writeDirect journals a write, sends it and settles it.
func (d *Dispatcher) writeDirect(ctx context.Context, p Direct) error {
	request, err := d.outward(ctx, p)
	if err == nil {
		err = p.fits(request)
	}
	if err != nil {
		return err
	}
	if done, err := d.repeatedDirect(ctx, p); done || err != nil {
		return err
	}
	if err := d.slot(ctx, p.Account); err != nil { // before anything is journalled: without a slot in time nothing is sent
		return err
	}
	op, twin, err := d.journal(ctx, p)
	if err != nil {
		return err
	}
	if twin {
		_, err := d.repeatedDirect(ctx, p)
		return err
	}
	ended := make(chan error, 1)
	if !d.while(func() { ended <- d.runDirect(p, op, request) }) {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SHUTTING_DOWN, "the service is stopping") // the next start settles it
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return goesOn(ctx, op)
	}
}

// while runs an attempt that Close waits for; false after Close.
func (d *Dispatcher) while(attempt func()) bool {
	d.closing.RLock()
	defer d.closing.RUnlock()
	if d.running.Err() != nil {
		return false
	}
	d.attempts.Go(attempt)
	return true
}

// runDirect makes the attempt that was journalled and settles it.
func (d *Dispatcher) runDirect(p Direct, op *leadmuxv1.Operation, request proto.Message) error {
	ctx, cancel := context.WithTimeout(adapters.WithSlot(d.attempt), AttemptTimeout)
	defer cancel()
	response := p.Response.ProtoReflect().New().Interface() // the caller may be gone, and its response with it
	if op.GetAmbiguous() {
		ctx = adapters.WithRecheck(ctx)
	}
	came, err := d.callDirect(ctx, p, request, response)
	d.metDirect(p.Account, err)
	s := directSettling{d: d, p: p, op: op, came: came}
	if err != nil {
		s.failure = asVendorError(p.Account, op, err, true)
	} else {
		s.response = response
	}
	answer, err := s.keepTrying()
	if err != nil {
		return err
	}
	d.hub.publish(op.GetOperationId())
	if answer == nil {
		return s.refusal()
	}
	if _, begins := jobs[p.rpc()]; begins {
		d.followed(p.Account.Name)
	}
	proto.Merge(p.Response, answer)
	return nil
}

// keepTrying stores the outcome, as soon as the index can be written.
func (s directSettling) keepTrying() (proto.Message, error) {
	for {
		answer, err := s.store()
		if _, told := errors.AsType[*rpcerr.Error](err); err == nil || told || errors.Is(err, idmap.ErrErased) { // its lead was erased meanwhile, and the operation with it
			return answer, err
		}
		s.d.logger.Error("outcome of a direct write cannot be stored; trying again",
			slog.String("operation_id", s.op.GetOperationId()), slog.String("account", s.p.Account.Name), slog.String("error", err.Error()))
		select {
		case <-time.After(settleRetry):
		case <-s.d.attempt.Done():
			return nil, err // the repair at the next start finds the attempt without an outcome
		}
	}
}

// callDirect calls the adapter; a panic in it costs this attempt only.
func (d *Dispatcher) callDirect(ctx context.Context, p Direct, request, response proto.Message) (came adapters.Forwarded, err error) {
	defer func() {
		if recover() != nil { // the value stays out of the log: it may hold anything
			d.logger.Error("panic in an adapter", slog.String("vendor", p.Account.Vendor), slog.String("method", p.rpc()))
			err = &adapters.Error{Vendor: p.Account.Vendor, Op: p.rpc(), Kind: adapters.KindUnknown, Ambiguous: true, Cause: errPanic}
		}
	}()
	return p.Send(ctx, request, response)
}

// metDirect stops the account where a failure says that its credentials are not good. A path that the vendor does not know does
// not: many of these routes rest on an assumption, and none says anything about the others.
func (d *Dispatcher) metDirect(account *adapters.Account, err error) {
	failure, ok := errors.AsType[*adapters.Error](err)
	if ok && (failure.Kind == adapters.KindCredentials || failure.Kind == adapters.KindOnHold) {
		d.Met(account, failure)
	}
}

// goesOn is the answer to a caller whose time ended before the vendor's.
func goesOn(ctx context.Context, op *leadmuxv1.Operation) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED,
		"the call's deadline passed before the vendor answered; it goes on as an operation, which shows what comes of it").
		With("operation_id", op.GetOperationId())
}

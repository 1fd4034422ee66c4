package delivery

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// directSettling is the outcome of a direct write on its way into the index.
type directSettling struct {
	d        *Dispatcher
	p        Direct
	op       *leadmuxv1.Operation
	came     adapters.Forwarded
	response proto.Message   // with the vendor's IDs; nil after a failure
	failure  *adapters.Error // nil when the vendor did it
}

// errOvertaken says that somebody else settled the attempt, who took it for lost.
var errOvertaken = errors.New("the attempt was settled by another process")

// store settles the attempt: bindings, records, events and operation in one transaction. It returns the response with our IDs.
func (s directSettling) store() (answer proto.Message, err error) {
	var op *leadmuxv1.Operation
	err = s.d.store.Update(context.Background(), func(tx idmap.Tx) (err error) {
		if op, err = tx.Operation(s.p.Tenant, s.op.GetOperationId()); err != nil {
			return err
		}
		attempt := lastAttempt(op)
		if op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_STARTED || op.GetAttemptCount() != s.op.GetAttemptCount() {
			return errOvertaken
		}
		attempt.EndTime, op.UpdateTime = stamp(s.d.now()), stamp(s.d.now())
		attempt.HttpStatus, attempt.VendorRequestId = int32(s.came.HTTPStatus), s.came.RequestID
		in := &intake{d: s.d, tx: tx, p: s.p, op: op}
		if s.failure != nil {
			answer = nil
			if err := in.failed(attempt, s.failure); err != nil || op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED {
				return err
			}
			answer = s.p.Response.ProtoReflect().New().Interface() // the vendor's own event stands in for its answer
			return s.p.showMade(tx, op, answer.ProtoReflect())
		}
		answer = proto.Clone(s.response)
		return in.succeeded(attempt, answer, s.came.HTTPStatus)
	})
	if errors.Is(err, errOvertaken) {
		return nil, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_OUTCOME_UNKNOWN, "the attempt took so long that it was taken for lost").
			With("operation_id", s.op.GetOperationId())
	}
	if err == nil {
		s.d.report(op)
	}
	return answer, err
}

// succeeded records that the vendor did it.
func (in *intake) succeeded(attempt *leadmuxv1.Attempt, answer proto.Message, status int) error {
	attempt.Outcome = leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_SUCCEEDED
	in.op.State, in.op.Decision = leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED, "the vendor did it"
	unnamed, err := in.bindMade(answer.ProtoReflect(), status)
	if err != nil {
		return err
	}
	if err := in.swap(answer.ProtoReflect()); err != nil {
		return err
	}
	for _, shown := range unnamed { // taken on, or a success that does not say which: it gets its ID there by an event or by hand
		if err := in.learn(in.name(shown), map[string]string{}); err != nil {
			return err
		}
	}
	if err := in.tell(); err != nil {
		return err
	}
	if err := in.follow(answer.ProtoReflect()); err != nil {
		return err
	}
	if in.p.Key != nil {
		reply, err := proto.Marshal(answer)
		if err != nil {
			return err
		}
		in.op.Reply = reply
	}
	return in.tx.PutOperation(in.p.Tenant, in.op)
}

// bindMade ties what the write made to the ID that the operation has for it. Where an event was faster, that one's call or chat is
// the one. It returns what the vendor has given no ID, to be named once the IDs there are swapped.
func (in *intake) bindMade(answer protoreflect.Message, status int) (unnamed []protoreflect.Message, err error) {
	for _, made := range []struct {
		resource proto.Message
		kind     idmap.Kind
		field    protoreflect.Name
		id       *string
	}{
		{&leadmuxv1.Call{}, idmap.KindCall, "call_id", &in.op.CallId}, {&leadmuxv1.Chat{}, idmap.KindChat, "chat_id", &in.op.ChatId},
	} {
		f := in.p.resource(made.resource.ProtoReflect().Descriptor())
		if f == nil || *made.id == "" {
			continue
		}
		shown := answer.Mutable(f).Message()
		idField := shown.Descriptor().Fields().ByName(made.field)
		if call, ok := shown.Interface().(*leadmuxv1.Call); ok && status == http.StatusAccepted {
			call.Accepted = true
		}
		vendorID := shown.Get(idField).String()
		if vendorID == "" {
			unnamed = append(unnamed, shown)
			continue
		}
		ref := idmap.VendorRef{Account: in.p.Account.Name, Kind: made.kind, VendorID: vendorID}
		owner, err := in.tx.Owner(in.p.Tenant, ref)
		if err == nil {
			*made.id = owner
			continue
		}
		if !errors.Is(err, idmap.ErrNotFound) {
			return nil, err
		}
		if other, err := in.stored(made.kind, *made.id); err != nil {
			return nil, err
		} else if other != nil && other.vendorID() != "" { // an event was taken to be of this write, and was of another call or chat
			*made.id = newSessionID(made.kind)
		}
		if err := in.tx.Bind(in.p.Tenant, ref, *made.id); err != nil {
			return nil, err
		}
	}
	return unnamed, nil
}

// name gives a call or chat without an ID the one that the operation has for it.
func (in *intake) name(shown protoreflect.Message) protoreflect.Message {
	switch m := shown.Interface().(type) {
	case *leadmuxv1.Call:
		m.CallId = in.op.GetCallId()
	case *leadmuxv1.Chat:
		m.ChatId = in.op.GetChatId()
	}
	return shown
}

// tell appends the event of a write to a call or chat whose answer did not show it.
func (in *intake) tell() error {
	if in.told {
		return nil
	}
	kind, id := ofOperation(in.op)
	if id == "" {
		return nil
	}
	about, err := in.stored(kind, id)
	if err != nil || about == nil {
		return err
	}
	return in.put(about, copyOf(about))
}

// failed records that the vendor refused it, or that nobody knows.
func (in *intake) failed(attempt *leadmuxv1.Attempt, failure *adapters.Error) error {
	attempt.HttpStatus, attempt.VendorRequestId = int32(failure.Status), failure.RequestID
	attempt.Reason = rpcerr.Name(rpcerr.KindReason(failure.Kind))
	if failure.Ambiguous || in.op.GetAmbiguous() {
		attempt.Outcome = leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_NO_EFFECT
		if failure.Ambiguous {
			attempt.Outcome = leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_AMBIGUOUS
		}
		return in.doubt(attempt.GetReason())
	}
	attempt.Outcome = leadmuxv1.AttemptOutcome_ATTEMPT_OUTCOME_REFUSED
	in.disproved()
	in.op.State, in.op.Decision = leadmuxv1.OperationState_OPERATION_STATE_FAILED, "the vendor refused it, or it had no effect; the caller was told"
	return in.unsettled("operation.failed", attempt.GetReason())
}

// doubt parks the operation where people can see it, and what it may have made under the ID that it has for it.
func (in *intake) doubt(reason string) error {
	if in.op.GetProvenByEventId() != "" { // its event was faster than the loss of its answer
		in.op.State = leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED
		if err := in.tell(); err != nil {
			return err
		}
		return in.tx.PutOperation(in.p.Tenant, in.op)
	}
	in.op.State, in.op.Ambiguous = leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT, true
	in.op.Decision = className(in.op) + ": never sent again by itself"
	if in.op.GetIdempotencyClass() == leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED {
		in.op.Decision = "KEYED: to ask for it again is safe"
	}
	if err := in.keepMade(); err != nil {
		return err
	}
	return in.unsettled("operation.in_doubt", reason)
}

// keepMade stores the call or chat that the write may have made, without an ID at the vendor.
func (in *intake) keepMade() error {
	kind, id := ofOperation(in.op)
	if id == "" {
		return nil
	}
	if there, err := in.stored(kind, id); there != nil || err != nil {
		return err
	}
	return in.put(nil, newSession(kind, id, in.d.now()))
}

func (in *intake) unsettled(kind, reason string) error {
	event := in.event("operation", false, in.op.GetLeadId())
	event.Type = kind
	missing, err := in.madeHere()
	if err != nil {
		return err
	}
	if kind == "operation.in_doubt" || !missing { // what a refused write would have made is not there
		event.CallId, event.ChatId = in.op.GetCallId(), in.op.GetChatId()
	}
	event.Detail = &leadmuxv1.Event_OperationUnsettled{OperationUnsettled: &leadmuxv1.OperationUnsettled{
		OperationId: in.op.GetOperationId(), Reason: reason,
	}}
	if err := in.tx.AppendEvent(in.p.Tenant, event); err != nil {
		return err
	}
	return in.tx.PutOperation(in.p.Tenant, in.op)
}

// madeHere says whether the write was to make the call or chat that it names.
func (in *intake) madeHere() (bool, error) {
	kind, id := ofOperation(in.op)
	there, err := in.stored(kind, id)
	return there == nil, err
}

// refusal is the failure as the caller sees it.
func (s directSettling) refusal() error {
	keyed := s.op.GetIdempotencyClass() == leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
	if s.failure.Ambiguous && !keyed {
		return unknownOutcome(s.op, rpcerr.VendorMessage(s.failure))
	}
	return rpcerr.FromVendor(s.failure).With("operation_id", s.op.GetOperationId())
}

// unknownOutcome says that nobody knows whether it was done.
func unknownOutcome(op *leadmuxv1.Operation, why string) error {
	e := rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_OUTCOME_UNKNOWN,
		"whether %s was done at %s is not known, and it is not sent again by itself: find out there, then resolve the operation", op.GetMethod(), op.GetAccount())
	if why != "" {
		e.Message += " (" + why + ")"
	}
	for name, id := range map[string]string{"operation_id": op.GetOperationId(), "call_id": op.GetCallId(), "chat_id": op.GetChatId()} {
		if id != "" {
			e = e.With(name, id)
		}
	}
	return e
}

package delivery

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/typeid"
)

// journal marks the write's attempt started, durably. twin says that another call with the same request_id was faster.
func (d *Dispatcher) journal(ctx context.Context, p Direct) (op *leadmuxv1.Operation, twin bool, err error) {
	fresh := p.operation()
	fresh.Reach = d.reachOf(p.Request)
	err = d.store.Update(ctx, func(tx idmap.Tx) error {
		op, twin = proto.CloneOf(fresh), false
		claims := false
		if p.Check != nil {
			if err := p.Check(tx); err != nil {
				return err
			}
		}
		if p.Key != nil {
			before, err := p.Key.Before(tx)
			if err != nil {
				return err
			}
			if before != "" {
				if op, err = tx.Operation(p.Tenant, before); err != nil {
					return err
				}
				if twin = !mayGoAgain(op); twin {
					return nil
				}
			}
			claims = before == ""
		}
		d.beginDirect(op)
		if err := tx.PutOperation(p.Tenant, op); err != nil || !claims {
			return err
		}
		return p.Key.Put(tx, op.GetOperationId())
	})
	return op, twin, err
}

// operation is the journal's entry of a write.
func (p Direct) operation() *leadmuxv1.Operation {
	op := &leadmuxv1.Operation{
		OperationId: typeid.New(typeid.Operation), Method: p.rpc(), Account: p.Account.Name, Vendor: p.Account.Vendor,
		IdempotencyClass: p.Class, Direct: true, Priority: leadmuxv1.Priority_PRIORITY_INTERACTIVE,
	}
	subjects := map[leadmuxv1.IdKind]string{}
	for _, f := range idFields(p.Request.ProtoReflect(), "") {
		if subjects[f.kind] == "" {
			subjects[f.kind] = f.value
		}
	}
	switch {
	case p.makes(&leadmuxv1.Call{}, "call_id"):
		op.CallId = typeid.New(typeid.Call)
	case p.makes(&leadmuxv1.Chat{}, "chat_id"):
		op.ChatId = typeid.New(typeid.Chat)
	case subjects[leadmuxv1.IdKind_ID_KIND_CALL] != "":
		op.CallId = subjects[leadmuxv1.IdKind_ID_KIND_CALL]
	case subjects[leadmuxv1.IdKind_ID_KIND_CHAT] != "":
		op.ChatId = subjects[leadmuxv1.IdKind_ID_KIND_CHAT]
	default:
		op.LeadId = subjects[leadmuxv1.IdKind_ID_KIND_LEAD]
	}
	return op
}

// makes says whether the RPC makes a call or chat: it answers with one, and its request has no place to name it.
func (p Direct) makes(resource proto.Message, id protoreflect.Name) bool {
	if p.resource(resource.ProtoReflect().Descriptor()) == nil {
		return false
	}
	fields := p.Method.Input().Fields()
	for i := range fields.Len() {
		if m := fields.Get(i).Message(); fields.Get(i).Name() == id || m != nil && m.Fields().ByName(id) != nil {
			return false
		}
	}
	return true
}

// resource is the response's field that holds one message of a type; nil when there is none.
func (p Direct) resource(of protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	fields := p.Method.Output().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); f.Message() != nil && !f.IsList() && f.Message().FullName() == of.FullName() {
			return f
		}
	}
	return nil
}

// beginDirect marks the next attempt started.
func (d *Dispatcher) beginDirect(op *leadmuxv1.Operation) {
	now := stamp(d.now())
	if op.GetCreateTime() == nil {
		op.CreateTime = now
	}
	op.State, op.UpdateTime, op.Decision = leadmuxv1.OperationState_OPERATION_STATE_STARTED, now, ""
	op.ProvenByEventId = ""
	op.AttemptCount++
	attempt := &leadmuxv1.Attempt{StartTime: now}
	d.hold(attempt)
	op.Attempts = append(op.Attempts, attempt)
}

// mayGoAgain says whether a repeated request may be sent again: the last attempt had no effect, or to have it twice changes nothing.
func mayGoAgain(op *leadmuxv1.Operation) bool {
	switch op.GetState() {
	case leadmuxv1.OperationState_OPERATION_STATE_FAILED:
		return true
	case leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT:
		return resendable(op.GetIdempotencyClass()) // what is DETECTABLE is looked for first
	default:
		return false
	}
}

// repeatedDirect answers a request that was made before with the same request_id: with what came of it, waiting for that if it is
// under way. False when there was none, or when it may be sent again.
func (d *Dispatcher) repeatedDirect(ctx context.Context, p Direct) (bool, error) {
	if p.Key == nil {
		return false, nil
	}
	id, err := d.claimed(ctx, p)
	if err != nil || id == "" {
		return false, err
	}
	changed, stop := d.hub.subscribe(id)
	defer stop()
	for {
		var op *leadmuxv1.Operation
		err := d.store.View(ctx, func(r idmap.Reader) (err error) {
			op, err = r.Operation(p.Tenant, id)
			return err
		})
		switch {
		case err != nil:
			return true, err
		case mayGoAgain(op):
			return false, nil
		case op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED:
			return true, d.answerAgain(ctx, p, op)
		case op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_STARTED:
			return true, unknownOutcome(op, "")
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return true, stillUnderWay(op)
		case <-d.running.Done():
			return true, stillUnderWay(op)
		}
	}
}

// claimed is the operation that has the request_id; "" when none has.
func (d *Dispatcher) claimed(ctx context.Context, p Direct) (id string, err error) {
	err = d.store.View(ctx, func(r idmap.Reader) error {
		id, err = p.Key.Before(r)
		return err
	})
	return id, err
}

// answerAgain fills the response in from what was answered then; its call or chat is the one as it is now.
func (d *Dispatcher) answerAgain(ctx context.Context, p Direct, op *leadmuxv1.Operation) error {
	if err := proto.Unmarshal(op.GetReply(), p.Response); err != nil {
		return err
	}
	return d.store.View(ctx, func(r idmap.Reader) error { return p.showMade(r, op, p.Response.ProtoReflect()) })
}

// showMade puts the call or chat that an operation made, as it is now, where its RPC answers with one.
func (p Direct) showMade(r idmap.Reader, op *leadmuxv1.Operation, into protoreflect.Message) error {
	if f := p.resource((&leadmuxv1.Call{}).ProtoReflect().Descriptor()); f != nil && op.GetCallId() != "" {
		call, err := r.Call(p.Tenant, op.GetCallId())
		if err != nil {
			return err
		}
		into.Set(f, protoreflect.ValueOfMessage(call.ProtoReflect()))
	}
	if f := p.resource((&leadmuxv1.Chat{}).ProtoReflect().Descriptor()); f != nil && op.GetChatId() != "" {
		chat, err := r.Chat(p.Tenant, op.GetChatId())
		if err != nil {
			return err
		}
		into.Set(f, protoreflect.ValueOfMessage(chat.ProtoReflect()))
	}
	return nil
}

func stillUnderWay(op *leadmuxv1.Operation) error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_REQUEST_UNDER_WAY, "the request with this request_id is still under way").
		With("operation_id", op.GetOperationId())
}

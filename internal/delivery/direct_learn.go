package delivery

import (
	"errors"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// learn stores every call and chat in a message, and puts them there as they are stored. Messages that only name one by its ID are
// no calls or chats.
func (in *intake) learn(m protoreflect.Message, vendorIDs map[string]string) error {
	switch shown := m.Interface().(type) {
	case *leadmuxv1.Call:
		return in.learnCall(shown, vendorIDs[shown.GetCallId()])
	case *leadmuxv1.Chat:
		return in.learnChat(shown, vendorIDs[shown.GetChatId()])
	}
	var err error
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := 0; i < v.List().Len() && err == nil; i++ {
				err = in.learn(v.List().Get(i).Message(), vendorIDs)
			}
		default:
			err = in.learn(v.Message(), vendorIDs)
		}
		return err == nil
	})
	return err
}

func (in *intake) learnCall(shown *leadmuxv1.Call, vendorID string) error {
	if shown.GetCallId() == "" {
		return nil
	}
	before, err := in.tx.Call(in.p.Tenant, shown.GetCallId())
	if errors.Is(err, idmap.ErrNotFound) {
		before, err = nil, nil
	}
	if err != nil {
		return err
	}
	now := proto.CloneOf(before)
	if now == nil {
		now = &leadmuxv1.Call{CreateTime: stamp(in.d.now())}
	}
	overlay(now.ProtoReflect(), shown.ProtoReflect())
	if vendorID != "" {
		now.VendorCallId, now.Accepted = vendorID, false
	}
	if err := in.putCall(before, now); err != nil {
		return err
	}
	replace(shown, now)
	return nil
}

func (in *intake) learnChat(shown *leadmuxv1.Chat, vendorID string) error {
	if shown.GetChatId() == "" {
		return nil
	}
	before, err := in.tx.Chat(in.p.Tenant, shown.GetChatId())
	if errors.Is(err, idmap.ErrNotFound) {
		before, err = nil, nil
	}
	if err != nil {
		return err
	}
	now := proto.CloneOf(before)
	if now == nil {
		now = &leadmuxv1.Chat{CreateTime: stamp(in.d.now())}
	}
	overlay(now.ProtoReflect(), shown.ProtoReflect())
	if vendorID != "" {
		now.VendorChatId = vendorID
	}
	if err := in.putChat(before, now); err != nil {
		return err
	}
	replace(shown, now)
	return nil
}

// putCall stores a call and appends the event of what changed; before is nil for a new one.
func (in *intake) putCall(before, now *leadmuxv1.Call) error {
	now.Account, now.Vendor = in.p.Account.Name, in.p.Account.Vendor
	if before != nil && proto.Equal(before, now) && !in.owns(now.GetCallId()) {
		return nil
	}
	now.UpdateTime = stamp(in.d.now())
	if err := in.tx.PutCall(in.p.Tenant, now); err != nil {
		return err
	}
	if before != nil && !in.owns(now.GetCallId()) && (in.fresh[now.GetCallId()] || before.GetStatus() == now.GetStatus()) {
		return nil
	}
	event := in.event("call", before == nil, now.GetEndUser().GetLeadId())
	event.CallId = now.GetCallId()
	event.Detail = &leadmuxv1.Event_CallChanged{CallChanged: &leadmuxv1.CallChanged{
		Before: before.GetStatus(), After: now.GetStatus(), VendorStatus: now.GetVendorStatus(), VendorCallId: now.GetVendorCallId(),
		OperationId: in.op.GetOperationId(), Method: in.op.GetMethod(),
	}}
	in.told = in.told || in.owns(now.GetCallId())
	return in.tx.AppendEvent(in.p.Tenant, event)
}

// putChat is putCall for a chat.
func (in *intake) putChat(before, now *leadmuxv1.Chat) error {
	now.Account, now.Vendor = in.p.Account.Name, in.p.Account.Vendor
	if before != nil && proto.Equal(before, now) && !in.owns(now.GetChatId()) {
		return nil
	}
	now.UpdateTime = stamp(in.d.now())
	if err := in.tx.PutChat(in.p.Tenant, now); err != nil {
		return err
	}
	if before != nil && !in.owns(now.GetChatId()) && (in.fresh[now.GetChatId()] || before.GetStatus() == now.GetStatus()) {
		return nil
	}
	event := in.event("chat", before == nil, now.GetEndUser().GetLeadId())
	event.ChatId = now.GetChatId()
	event.Detail = &leadmuxv1.Event_ChatChanged{ChatChanged: &leadmuxv1.ChatChanged{
		Before: before.GetStatus(), After: now.GetStatus(), VendorStatus: now.GetVendorStatus(), VendorChatId: now.GetVendorChatId(),
		OperationId: in.op.GetOperationId(), Method: in.op.GetMethod(),
	}}
	in.told = in.told || in.owns(now.GetChatId())
	return in.tx.AppendEvent(in.p.Tenant, event)
}

// owns says whether a call or chat is the one that the write is about.
func (in *intake) owns(id string) bool {
	return id != "" && (in.op.GetCallId() == id || in.op.GetChatId() == id)
}

// event is one of a call or chat.
func (in *intake) event(noun string, created bool, leadID string) *leadmuxv1.Event {
	kind := noun + ".changed"
	if created {
		kind = noun + ".created"
	}
	return &leadmuxv1.Event{
		EventId: typeid.New(typeid.Event), Type: kind, LeadId: leadID, Account: in.p.Account.Name, Vendor: in.p.Account.Vendor,
		ReceiveTime: stamp(in.d.now()),
	}
}

// overlay sets in to every field that from has; a list is taken whole.
func overlay(to, from protoreflect.Message) {
	from.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		to.Set(f, v)
		return true
	})
}

func replace(to, by proto.Message) {
	by = proto.Clone(by)
	proto.Reset(to)
	proto.Merge(to, by)
}

// PutCall stores a call that was linked by hand, with the event of what changed; before is nil for a new one.
func (d *Dispatcher) PutCall(tx idmap.Tx, tenant string, account *adapters.Account, before, now *leadmuxv1.Call) error {
	in := &intake{d: d, tx: tx, p: Direct{Tenant: tenant, Account: account}}
	return in.putCall(before, now)
}

// PutChat is PutCall for a chat.
func (d *Dispatcher) PutChat(tx idmap.Tx, tenant string, account *adapters.Account, before, now *leadmuxv1.Chat) error {
	in := &intake{d: d, tx: tx, p: Direct{Tenant: tenant, Account: account}}
	return in.putChat(before, now)
}

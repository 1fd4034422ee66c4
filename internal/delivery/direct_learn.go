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
	if shown := sessionOf(m.Interface()); shown != nil {
		return in.learnSession(shown, vendorIDs[shown.id()])
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

func (in *intake) learnSession(shown session, vendorID string) error {
	if shown.id() == "" {
		return nil
	}
	before, err := in.stored(shown.kind(), shown.id())
	if err != nil {
		return err
	}
	now := newSession(shown.kind(), shown.id(), in.d.now())
	if before != nil {
		now = copyOf(before)
	}
	overlay(now.ProtoReflect(), shown.ProtoReflect())
	if vendorID != "" {
		now.knownAs(vendorID)
	}
	if err := in.put(before, now); err != nil {
		return err
	}
	replace(shown.message(), now.message())
	return nil
}

// put stores a call or chat and appends the event of what changed; before is nil for a new one.
func (in *intake) put(before, now session) error {
	own := in.owns(now.id())
	if before != nil && !own && proto.Equal(before.message(), now.message()) {
		return nil
	}
	if err := in.keep(now); err != nil {
		return err
	}
	if before != nil && !own && (in.fresh[now.id()] || before.state() == now.state()) {
		return nil
	}
	event := in.event(now.noun(), before == nil, now.GetEndUser().GetLeadId())
	now.detail(event, before, in.op, nil)
	in.told = in.told || own
	return in.tx.AppendEvent(in.p.Tenant, event)
}

// keep stores a call or chat without an event.
func (in *intake) keep(now session) error {
	now.at(in.p.Account, in.d.now())
	return now.put(in.tx, in.p.Tenant)
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

// ErrElsewhere says that a call or chat is at another account.
var ErrElsewhere = errors.New("at another account")

// Linked ties a vendor's call or chat that has no ID of ours yet to the one with an ID, or to a new one without, and to a lead where one is
// named. It returns our ID. Errors: idmap.ErrNotFound, ErrElsewhere, idmap.ErrBound where the one with the ID has another at the vendor.
func (d *Dispatcher) Linked(tx idmap.Tx, tenant string, account *adapters.Account, ref idmap.VendorRef, id, leadID string) (string, error) {
	in := &intake{d: d, tx: tx, p: Direct{Tenant: tenant, Account: account}}
	var before session
	now := newSession(ref.Kind, newSessionID(ref.Kind), d.now())
	if id != "" {
		var err error
		if before, err = in.stored(ref.Kind, id); err != nil {
			return "", err
		}
		if before == nil {
			return "", idmap.ErrNotFound
		}
		if before.GetAccount() != account.Name {
			return "", ErrElsewhere
		}
		if before.vendorID() != "" {
			return "", idmap.ErrBound
		}
		now = copyOf(before)
	}
	now.knownAs(ref.VendorID)
	if leadID != "" {
		now.tie(leadID)
	}
	if err := in.put(before, now); err != nil {
		return "", err
	}
	return now.id(), tx.Bind(tenant, ref, now.id())
}

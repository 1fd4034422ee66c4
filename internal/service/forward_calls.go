package service

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// createCall checks the form of the call by the vendor's rules, and that the person may be called.
func createCall(f *forward, request *leadmuxv1.CreateCallRequest) error {
	var number *string
	switch form := request.GetForm().(type) {
	case *leadmuxv1.CreateCallRequest_OutboundByNumber:
		number = &form.OutboundByNumber.EndUserNumber
		if err := f.e164("outbound_by_number.outbound_number", &form.OutboundByNumber.OutboundNumber); err != nil {
			return err
		}
	case *leadmuxv1.CreateCallRequest_OutboundByTicket:
		return f.e164("outbound_by_ticket.outbound_number", &form.OutboundByTicket.OutboundNumber)
	case *leadmuxv1.CreateCallRequest_Inbound:
		call := form.Inbound
		call.MenuType, number = "", &call.EndUserNumber
		if err := eitherNumberOrTicket("inbound", call.GetEndUserNumber(), call.GetTicketId()); err != nil {
			return err
		}
		if err := f.e164("inbound.outbound_number", &call.OutboundNumber); err != nil {
			return err
		}
	case *leadmuxv1.CreateCallRequest_Scheduled:
		call := form.Scheduled
		call.MenuType, number = "", &call.EndUserNumber
		if err := f.scheduled(call); err != nil {
			return err
		}
	}
	return f.mayCall(formOf(request)+".end_user_number", number)
}

// scheduled checks what only a call back has.
func (f *forward) scheduled(call *leadmuxv1.ScheduledCall) error {
	if !call.GetScheduledAt().AsTime().After(f.s.cfg.Now()) {
		return rpcerr.Invalid("scheduled.scheduled_at", "must be in the future")
	}
	if call.GetMenuId() == "" && call.GetParentCallId() == "" {
		return rpcerr.Invalid("scheduled.menu_id", "name the queue, or the call that this one follows in parent_call_id")
	}
	if err := eitherNumberOrTicket("scheduled", call.GetEndUserNumber(), call.GetTicketId()); err != nil {
		return err
	}
	return f.e164("scheduled.outbound_number", &call.OutboundNumber)
}

// eitherNumberOrTicket refuses both, for the vendor would drop the number without a word.
func eitherNumberOrTicket(form, number, ticket string) error {
	if (number == "") == (ticket == "") {
		return rpcerr.Invalid(form+".end_user_number", "give exactly one of end_user_number and ticket_id").
			Field(form+".ticket_id", "give exactly one of end_user_number and ticket_id")
	}
	return nil
}

// formOf is the name of the form that is set.
func formOf(request *leadmuxv1.CreateCallRequest) string {
	m := request.ProtoReflect()
	return string(m.WhichOneof(m.Descriptor().Oneofs().ByName("form")).Name())
}

// mayCall puts the number into its one form and refuses a person who opted out of calls. Who is behind a ticket is the vendor's
// knowledge; it refuses the numbers on its own list.
func (f *forward) mayCall(field string, number *string) error {
	if *number == "" {
		return nil
	}
	if err := f.e164(field, number); err != nil {
		return err
	}
	f.check = func(r idmap.Reader) error {
		return f.mayContact(r, delivery.Person{Phones: []string{*number}}, leadmuxv1.ContactChannel_CONTACT_CHANNEL_CALL, field)
	}
	return nil
}

// mayContact refuses a person who opted out; field says where the person stands in the request.
func (f *forward) mayContact(r idmap.Reader, who delivery.Person, channel leadmuxv1.ContactChannel, field string) error {
	suppression, err := delivery.Suppressed(r, f.caller.Tenant, who, f.account.Name, channel)
	if err != nil || suppression == nil || mutant.ContactSuppressedDirectly {
		return err
	}
	return delivery.SuppressedError(suppression).Field(field, "must not be contacted")
}

// e164 puts a phone number into its one form; an empty one stays so.
func (f *forward) e164(field string, number *string) error {
	if *number == "" {
		return nil
	}
	form, _, err := phoneNumber(field, *number, f.s.cfg.Region)
	if err != nil {
		return err
	}
	*number = form
	return nil
}

// someFlag refuses a request that changes nothing.
func someFlag(_ *forward, request proto.Message) error {
	m := request.ProtoReflect()
	some := false
	m.Get(m.Descriptor().Fields().ByName("customer_flags")).Message().Range(func(protoreflect.FieldDescriptor, protoreflect.Value) bool {
		some = true
		return false
	})
	if !some {
		return rpcerr.Invalid("customer_flags", "names nothing to change; each of its flags can be")
	}
	return nil
}

// replaceFlags makes a flag that was left out false: what is not named is replaced, too.
func replaceFlags(_ *forward, request proto.Message) error {
	m := request.ProtoReflect()
	flags := m.Mutable(m.Descriptor().Fields().ByName("customer_flags")).Message()
	for i := range flags.Descriptor().Fields().Len() {
		field := flags.Descriptor().Fields().Get(i)
		flags.Set(field, flags.Get(field))
	}
	return nil
}

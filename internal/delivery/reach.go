package delivery

import (
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// A write that is sent once and no more is known again in what the vendor tells by whom or what it reaches. Its content is not kept, so a
// keyed hash of that is.

// reachOf is that hash of a request; nil where it does not say whom it reaches, and for every other RPC.
func (d *Dispatcher) reachOf(request proto.Message) []byte {
	switch request := request.(type) {
	case *leadmuxv1.CreateCallRequest:
		return d.fingerprint("number", calledNumber(request))
	case *leadmuxv1.SendSmsRequest:
		return d.fingerprint("number", request.GetEndUserNumber())
	case *leadmuxv1.CreateChatRequest:
		return d.fingerprint("lead", request.GetChat().GetLeadId())
	case *leadmuxv1.SendChatMessageRequest:
		m := request.GetMessage()
		return d.fingerprint("message", m.GetType(), m.GetContent()+m.GetMediaId())
	default:
		return nil
	}
}

// calledNumber is the number that a call goes to; empty for one to whoever is behind a ticket.
func calledNumber(request *leadmuxv1.CreateCallRequest) string {
	switch form := request.GetForm().(type) {
	case *leadmuxv1.CreateCallRequest_OutboundByNumber:
		return form.OutboundByNumber.GetEndUserNumber()
	case *leadmuxv1.CreateCallRequest_Inbound:
		return form.Inbound.GetEndUserNumber()
	case *leadmuxv1.CreateCallRequest_Scheduled:
		return form.Scheduled.GetEndUserNumber()
	default:
		return ""
	}
}

// reachesOf are the hashes of the writes that reach a lead.
func (d *Dispatcher) reachesOf(lead *leadmuxv1.Lead) [][]byte {
	all := [][]byte{d.fingerprint("lead", lead.GetLeadId())}
	for _, number := range PersonOf(lead).Phones {
		all = append(all, d.fingerprint("number", number))
	}
	return all
}

// fingerprint is a keyed hash; nil where a part is empty, or there is no key.
func (d *Dispatcher) fingerprint(purpose string, parts ...string) []byte {
	if d.secret == nil {
		return nil
	}
	var raw [][]byte
	for _, part := range parts {
		if part == "" {
			return nil
		}
		raw = append(raw, []byte(part))
	}
	return d.secret.Sum("reach of a write: "+purpose, raw...)
}

package service

import (
	"context"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// createChat refuses a person who opted out, by whatever the lead is known by at the moment of the journal's entry. A chat is none
// of the channels that can be opted out of singly, so any opt-out counts.
func createChat(f *forward, request *leadmuxv1.CreateChatRequest) error {
	f.check = func(r idmap.Reader) error {
		lead, err := r.Lead(f.caller.Tenant, request.GetChat().GetLeadId())
		if err != nil {
			return leadNotFound(err)
		}
		who := delivery.PersonOf(lead)
		if email := request.GetChat().GetEmail(); email != "" {
			who.Emails = append(who.Emails, email)
		}
		return f.mayContact(r, who, leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL, "chat.lead_id")
	}
	return nil
}

func sendSms(f *forward, request *leadmuxv1.SendSmsRequest) error {
	if request.GetAgentId() != "" && request.GetAgentEmail() != "" {
		return rpcerr.Invalid("agent_email", "name the agent by one of agent_id and agent_email")
	}
	for field, number := range map[string]*string{"end_user_number": &request.EndUserNumber, "outbound_number": &request.OutboundNumber} {
		if err := f.e164(field, number); err != nil {
			return err
		}
	}
	f.check = func(r idmap.Reader) error {
		who := delivery.Person{Phones: []string{request.GetEndUserNumber()}}
		return f.mayContact(r, who, leadmuxv1.ContactChannel_CONTACT_CHANNEL_SMS, "end_user_number")
	}
	return nil
}

// getChat answers by what we know where the vendor cannot be asked for one chat.
func getChat(ctx context.Context, f *forward) error {
	if forwarder, ok := f.account.Adapter.(adapters.Forwarder); ok && forwarder.Forwards("GetChat") {
		return nil
	}
	request, _ := f.request.(*leadmuxv1.GetChatRequest)
	response, _ := f.response.(*leadmuxv1.GetChatResponse)
	f.answered = true
	return f.s.cfg.Store.View(ctx, func(r idmap.Reader) (err error) {
		response.Chat, err = r.Chat(f.caller.Tenant, request.GetChatId())
		return chatNotFound(err)
	})
}

// updateChat refuses what no vendor could do: to clear a value, to set one that only vendors set.
func updateChat(_ *forward, r *leadmuxv1.UpdateChatRequest) error {
	return only(r.GetChat(), "chat", r.GetUpdateMask(), "chat_id",
		"status", "deflection_channel", "escalation_id", "assignee", "notes", "tags", "attributes", "picture")
}

// dismissed are the states that a chat can be resumed from.
var dismissed = []leadmuxv1.ChatStatus{leadmuxv1.ChatStatus_CHAT_STATUS_DISMISSED, leadmuxv1.ChatStatus_CHAT_STATUS_VA_DISMISSED}

// resumeChat refuses a chat that is known not to be dismissed.
func resumeChat(ctx context.Context, f *forward) error {
	chat, err := f.chat(ctx)
	if err != nil {
		return err
	}
	status := chat.GetStatus()
	if status == leadmuxv1.ChatStatus_CHAT_STATUS_UNSPECIFIED || slices.Contains(dismissed, status) {
		return nil
	}
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_WRONG_STATE,
		"only a dismissed chat can be resumed, and as far as we know this one is %s; GetChat asks the vendor", chat.GetVendorStatus())
}

// chat is the chat that the request names, as we know it.
func (f *forward) chat(ctx context.Context) (chat *leadmuxv1.Chat, err error) {
	err = f.s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		chat, err = r.Chat(f.caller.Tenant, text(f.request.ProtoReflect(), "chat_id"))
		return chatNotFound(err)
	})
	return chat, err
}

// sendChatMessage checks that the message is one, and fills in who writes where the chat says it.
func sendChatMessage(ctx context.Context, f *forward) error {
	request, _ := f.request.(*leadmuxv1.SendChatMessageRequest)
	m := request.GetMessage()
	m.MessageId, m.CreateTime, m.SenderType = "", nil, ""
	if m.GetType() == "" {
		return rpcerr.Invalid("message.type", "must be text, photo or video")
	}
	if isText := m.GetType() == "text"; isText == (m.GetContent() == "") || isText == (m.GetMediaId() != "") {
		return rpcerr.Invalid("message", "a text needs content alone, a photo or video media_id alone")
	}
	if request.GetFromLeadId() != "" {
		return nil
	}
	chat, err := f.chat(ctx)
	if err != nil {
		return err
	}
	if request.FromLeadId = chat.GetEndUser().GetLeadId(); request.GetFromLeadId() == "" {
		return rpcerr.Invalid("from_lead_id", "name the person who writes: who the person of the chat is, is not known here")
	}
	return nil
}

func updateEscalation(_ *forward, r *leadmuxv1.UpdateChatEscalationRequest) error {
	if r.GetEscalation().GetDeflectionChannel() == "" {
		return rpcerr.Invalid("escalation.deflection_channel", "is needed: it is all that can be changed")
	}
	return only(r.GetEscalation(), "escalation", r.GetUpdateMask(), "escalation_id", "deflection_channel")
}

// addPhotos fills in the kind of photo.
func addPhotos(_ *forward, request *leadmuxv1.AddChatPhotosRequest) error {
	for _, photo := range request.GetPhotos() {
		if photo.GetPhotoType() == "" {
			photo.PhotoType = "photo"
		}
	}
	return nil
}

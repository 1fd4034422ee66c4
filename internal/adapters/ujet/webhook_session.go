package ujet

import (
	"cmp"
	"encoding/json"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// What the vendor tells of a call or chat is read as its answers are: its members stand where those of the call and chat objects do. Of the
// webhooks only the envelope is documented; that "chat" inside the body is the chat object is assumed, and nothing rests on it. Who sent a
// message is not taken for an end user: whether that number is one of end users or of participants is not documented.

// chatSteps are the chat webhooks that say where the chat stands, with the vendor's word for that where the body has none.
var chatSteps = map[string]string{"chatended": "finished", "chatdismissed": "dismissed"}

// chatTold are the members of a chat that a webhook tells.
func chatTold(event string, body loose, at *timestamppb.Timestamp) loose {
	members := body.object("chat")
	if members == nil {
		members = loose{}
	}
	switch event {
	case "chatcreated":
		return members
	case "messagereceived":
		last := map[string]any{"by": message(body).GetSenderType(), "text": message(body).GetText()}
		if at != nil {
			last["time"] = at.AsTime()
		}
		return loose{"last_message": asRaw(last)}
	}
	word, known := chatSteps[event]
	if !known {
		return nil
	}
	members["status"] = asRaw(cmp.Or(body.text("status"), members.text("status"), word))
	if ends := cmp.Or(members.text("ends_at"), body.text("ends_at")); ends != "" {
		members["ends_at"] = asRaw(ends)
	} else if event == "chatended" && at != nil {
		members["ends_at"] = asRaw(at.AsTime())
	}
	return members
}

// sessionSteps are the documented steps of a session with the status that each leads to (inferred from what the document says of them: the
// person is routed, an agent accepted, is connected, disconnected). The first and the last leave the status as it is.
var sessionSteps = map[string]string{"routing": "queued", "assigned": "assigned", "active": "connected", "end": "finished"}

// sessionTold are the members of a call or chat that a session event tells. That a status stands in it is assumed; it would say more than the
// step.
func sessionTold(step string, e loose) loose {
	members := loose{}
	for _, name := range []string{"connected_at", "ends_at", "participants", "end_user"} {
		if raw, ok := e[name]; ok {
			members[name] = raw
		}
	}
	word := sessionSteps[letters(step)]
	if e.text("chat_id") != "" && strings.HasPrefix(e.text("initiator"), "virtual_agent") && (word == "assigned" || word == "connected") {
		word = "va_" + word
	}
	if word = cmp.Or(e.text("status"), word); word != "" {
		members["status"] = asRaw(word)
	} else {
		delete(members, "ends_at") // the step that ends it tells so; until it has come, it has not ended
	}
	return members
}

// told reads the members of the call or chat that an event is about. odd says that its status means nothing to us.
func told(said adapters.VendorEvent, members loose) (session proto.Message, odd bool) {
	switch {
	case said.VendorCallID != "":
		call := &leadmuxv1.Call{}
		vendorhttp.Fill(call, asRaw(members), names)
		call.CallId, call.ParentId, call.VendorStatus = said.VendorCallID, "", adapters.Clip(call.GetVendorStatus(), maxWord)
		call.EndUser = person(call.GetEndUser(), call.GetParticipants(), func(p *leadmuxv1.SessionParticipant) { p.CallId, p.ChatId = said.VendorCallID, "" })
		return call, call.GetVendorStatus() != "" && call.GetStatus() == leadmuxv1.CallStatus_CALL_STATUS_UNSPECIFIED
	case said.VendorChatID != "":
		chat := &leadmuxv1.Chat{}
		vendorhttp.Fill(chat, asRaw(members), names)
		chat.ChatId, chat.VendorStatus = said.VendorChatID, adapters.Clip(chat.GetVendorStatus(), maxWord)
		chat.EndUser = person(chat.GetEndUser(), chat.GetParticipants(), func(p *leadmuxv1.SessionParticipant) { p.CallId, p.ChatId = "", said.VendorChatID })
		return chat, chat.GetVendorStatus() != "" && chat.GetStatus() == leadmuxv1.ChatStatus_CHAT_STATUS_UNSPECIFIED
	default:
		return nil, false
	}
}

// person is who the call or chat is with: as it says itself, else the one participant who is no agent.
func person(said *leadmuxv1.SessionEndUser, participants []*leadmuxv1.SessionParticipant, own func(*leadmuxv1.SessionParticipant)) *leadmuxv1.SessionEndUser {
	found := map[string]bool{}
	last := ""
	for _, p := range participants {
		own(p)
		if len(p.GetLeadId()) > maxVendorID {
			p.LeadId = ""
		}
		if p.GetLeadId() != "" {
			found[p.GetLeadId()], last = true, p.GetLeadId()
		}
	}
	if len(said.GetLeadId()) > maxVendorID {
		said = nil
	}
	if said.GetLeadId() == "" && len(found) == 1 {
		return &leadmuxv1.SessionEndUser{LeadId: last, Identifier: said.GetIdentifier()}
	}
	return said
}

// asRaw is a value as JSON; null for one that has no such form.
func asRaw(value any) json.RawMessage {
	raw, err := json.Marshal(value)
	if err != nil {
		return json.RawMessage("null")
	}
	return raw
}

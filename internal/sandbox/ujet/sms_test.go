package ujet_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

const sms = `{"chat_type":"Messaging (SMS)","end_user_number":"+1 415-555-0142","outbound_number":"+1 415-555-0110","message":"Your visit is at five."}`

func TestSendSMS(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", "/end_users", `{"identifier":"lead_a","phone":"+14155550142"}`)
	f.call("POST", "/sms", with(t, sms, `ticket_id="T-5"`)).has(t, 200, map[string]any{
		"id": 1, "chat_type": "Messaging (SMS)", "status": "selecting", "lang": "en", "created_at": "2026-03-04T09:00:02.000Z",
		"end_user.identifier": "lead_a", "outbound_number": "+14155550110", "out_ticket_id": "T-5", "agent_info": nil,
		"participants.0.chat_id": 1, "participants.0.end_user_id": 1,
	})
	m := record[ujet.Message](t, f, ujet.KindMessage, "1")
	if m.ChatID != 1 || m.SenderType != "agent" || m.Type != "text" || string(m.Content) != `"Your visit is at five."` || !m.ByAPI {
		t.Errorf("stored %+v", m)
	}
	for i, member := range []string{`agentId=23`, `agentEmail="ANA@agents.example.com"`} {
		number := []string{`end_user_number="+14155550143"`, `end_user_number="+14155550144"`}[i]
		f.call("POST", "/sms", with(t, sms, number, member, `chat_type="SMS"`)).has(t, 200, map[string]any{
			"status": "assigned", "agent_info.id": []int{23, 21}[i], "assigned_at": []string{"2026-03-04T09:00:03.000Z", "2026-03-04T09:00:04.000Z"}[i],
		})
	}
	f.refuses(t, []string{ujet.KindChat, ujet.KindMessage},
		refusal{"active", "POST", "/sms", sms, 400, "Outbound SMS failed. Consumer is already in an active SMS session."})
	f.ask("POST", "/chats/status", `{"id":1,"status":"finished"}`)
	f.call("POST", "/sms", with(t, sms, `chat_type="Messaging (API)"`)).has(t, 200, map[string]any{"id": 4})
	chats, err := f.Chats()
	if err != nil || len(chats) != 4 || chats[3].Type != "Messaging (SMS)" {
		t.Errorf("%+v, %v", chats, err)
	}
	if messages, err := f.Messages(); err != nil || len(messages) != 4 || messages[3].ChatID != 4 {
		t.Errorf("%+v, %v", messages, err)
	}
	if got := f.count(ujet.KindChat, ujet.KindMessage, ujet.KindEndUser); got != "chat=4 message=4 endUser=3" {
		t.Errorf("ledger has %s", got)
	}
}

func TestSMSRefused(t *testing.T) {
	f, _ := start(t, t.TempDir())
	kinds := []string{ujet.KindChat, ujet.KindMessage, ujet.KindEndUser}
	post := func(message string, members ...string) refusal {
		return refusal{"", "POST", "/sms", with(t, sms, members...), 400, message}
	}
	f.refuses(
		t, kinds,
		post("chat_type needs to be provided", "-chat_type"),
		post("valid chat type needs to be provided", `chat_type="Email"`),
		post("end_user_number is required", "-end_user_number"),
		post("end_user_number is invalid", `end_user_number="555"`),
		post("outbound_number is required", "-outbound_number"),
		post("outbound_number is invalid", `outbound_number="555"`),
		post("outbound_number is not found", `outbound_number="+14155550199"`),
		post("Non-US phone number not allowed", `end_user_number="+4930123456"`),
		post("message is required", "-message"),
		post("Not a valid agent", "agentId=99"),
	)
	f.set(t, `{"foreignSms":true}`)
	f.call("POST", "/sms", with(t, sms, `end_user_number="+4930123456"`)).has(t, 200, nil)
	f.set(t, `{"outboundSms":false}`)
	f.refuses(t, kinds, post("Outbound SMS is not enabled"))
	f.set(t, `{"sms":false}`)
	f.refuses(t, kinds, post("SMS is not enabled"))
}

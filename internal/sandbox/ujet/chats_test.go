package ujet_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

const (
	chat   = `{"chat":{"menu_id":12,"end_user_id":1}}`
	vaChat = `{"chat":{"menu_id":15,"end_user_id":1}}`
	hello  = `{"from_user_id":1,"message":{"type":"text","content":"Hello"}}`
)

var chatKinds = []string{ujet.KindChat, ujet.KindMessage, ujet.KindMedia, ujet.KindEscalation}

// startChat serves an emulator that has one end user and one chat.
func startChat(t *testing.T, body string) *fixture {
	t.Helper()
	f, _ := start(t, t.TempDir())
	f.call("POST", "/end_users", `{"identifier":"lead_a"}`)
	f.call("POST", "/chats", body).has(t, 201, map[string]any{"id": 1})
	return f
}

func TestCreateChat(t *testing.T) {
	f := startChat(t, chat)
	want := map[string]any{
		"id": 1, "status": "queued", "lang": "en", "menus.0.id": 12, "menus.0.name": "Support", "end_user.identifier": "lead_a",
		"created_at": "2026-03-04T09:00:02.000Z", "agent": nil, "ends_at": nil, "virtual_agent": nil,
	}
	f.call("GET", "/chats/1", "").has(t, 200, want)
	f.call("POST", "/chats", `{"chat":{"menu_id":15,"end_user_id":1,"lang":"es","email":"ada@example.com","context":{"value":{"plan":"gold"}},
		"transcript":{"greeting_override":"Hi","transcript":[
			{"sender":"end_user","timestamp":"2026-03-04T08:00:00Z","content":[{"type":"text","text":"Anyone?"}]},
			{"sender":"virtual_agent","timestamp":"2026-03-04T08:00:01Z","content":[{"type":"media","media":{"type":"image","url":"https://example.com/a"}}]}]}}}`,
	).has(t, 201, map[string]any{"id": 2, "status": "va_assigned", "virtual_agent.id": 501, "lang": "es"})
	c := record[ujet.Chat](t, f, ujet.KindChat, "2")
	if c.Email != "ada@example.com" || string(c.Context) != `{"value":{"plan":"gold"}}` || len(c.Transcript) != 2 || c.Greeting != "Hi" {
		t.Errorf("stored %+v", c)
	}
	f.call("POST", "/chats", `{"chat":{"menu_id":12,"end_user_id":1,"transcript":[{"sender":"agent","timestamp":"2026-03-04T08:00:00Z","content":[{"type":"text","text":"Hi"}]}]}}`).has(t, 201, nil)
	if got := f.count(chatKinds...); got != "chat=3 message=0 media=0 escalation=0" {
		t.Errorf("ledger has %s", got)
	}
}

func TestCreateChatRefused(t *testing.T) {
	f := startChat(t, chat)
	post := func(members, message string) refusal {
		return refusal{"", "POST", "/chats", `{"chat":{` + members + `}}`, 400, message}
	}
	const entry = `{"sender":"agent","timestamp":"2026-03-04T08:00:00Z","content":[{"type":"text","text":"Hi"}]}`
	transcript := func(was, is string) refusal {
		return post(`"menu_id":12,"end_user_id":1,"transcript":[`+replaced(t, entry, was, is)+`]`, "transcript is invalid")
	}
	f.refuses(
		t, chatKinds,
		refusal{"", "POST", "/chats", `{"menu_id":12,"end_user_id":1}`, 400, "param is missing or the value is empty: chat"},
		refusal{"", "POST", "/chats", `{"chat":[]}`, 400, "chat is invalid"},
		post(`"end_user_id":1`, "menu_id is required"),
		post(`"menu_id":"12","end_user_id":1`, "menu_id is not well formed"),
		post(`"menu_id":99,"end_user_id":1`, "menu_id 99 is not found"),
		post(`"menu_id":12`, "param is missing or the value is empty: end_user_id"),
		post(`"menu_id":12,"end_user_id":"1"`, "end_user_id is not well formed"),
		post(`"menu_id":12,"end_user_id":7`, "end_user_id 7 is not found"),
		post(`"menu_id":12,"end_user_id":1,"lang":"xx"`, "Language 'xx' is not found"),
		post(`"menu_id":12,"end_user_id":1,"email":1`, "email is invalid"),
		post(`"menu_id":12,"end_user_id":1,"context":"gold"`, "context is invalid"),
		post(`"menu_id":12,"end_user_id":1,"transcript":"Hi"`, "transcript is invalid"),
		transcript(`"agent"`, `"bot"`),
		transcript(`2026-03-04T08:00:00Z`, `yesterday`),
		transcript(`"type":"text"`, `"type":"html"`),
		transcript(`[{"type":"text","text":"Hi"}]`, `[]`),
		refusal{"", "GET", "/chats/9", ``, 404, "Not Found"},
		refusal{"", "GET", "/chats/last", ``, 404, "Not Found"},
	)
}

func TestEndChat(t *testing.T) {
	f := startChat(t, chat)
	const path, missing = "/chats/1", "param is missing or the value is empty: "
	f.refuses(
		t, chatKinds,
		refusal{"", "PATCH", path, `{}`, 400, missing + "chat"},
		refusal{"", "PATCH", path, `{"chat":{"status":"paused"}}`, 400, "status is invalid"},
		refusal{"", "PATCH", path, `{"finished_by_user_id":9,"chat":{"status":"finished"}}`, 400, "finished_by_user_id is invalid"},
		refusal{"", "PATCH", path, `{"chat":{"status":"finished","deflection_channel":"fax"}}`, 400, "deflection_channel is invalid"},
		refusal{"", "PATCH", path, `{"chat":{"status":"finished","deflection_channel":"email"}}`, 400, missing + "escalation_id"},
		refusal{"", "PATCH", path, `{"chat":{"status":"finished","deflection_channel":"email","escalation_id":3}}`, 404, "Not Found"},
		refusal{"", "PATCH", "/chats/2", `{"chat":{"status":"finished"}}`, 404, "Not Found"},
	)
	f.call("PATCH", path, `{"finished_by_user_id":1,"chat":{"status":"finished"}}`).has(t, 200, map[string]any{"status": "finished", "ends_at": "2026-03-04T09:00:10.000Z"})
	f.refuses(
		t, chatKinds,
		refusal{"", "PATCH", path, `{"chat":{"status":"finished"}}`, 400, "Chat is already ended"},
		refusal{"", "POST", path + "/message", hello, 400, "Chat is already ended"},
		refusal{"", "POST", path + "/escalations", `{}`, 400, "Chat is already ended"},
		refusal{"", "POST", path + "/photos/upload", ``, 400, "Chat is already ended"},
		refusal{"", "POST", path + "/resume", ``, 400, "Chat status must be dismissed or va_dismissed"},
	)
}

func TestResumeChat(t *testing.T) {
	f := startChat(t, chat)
	f.call("POST", "/chats", vaChat)
	f.refuses(t, chatKinds, refusal{"active", "POST", "/chats/1/resume", "", 400, "Chat status must be dismissed or va_dismissed"},
		refusal{"unknown", "POST", "/chats/9/resume", "", 404, "Not Found"})
	f.ask("POST", "/chats/status", `{"id":1,"status":"dismissed"}`).has(t, 200, map[string]any{"status": "dismissed"})
	f.refuses(t, chatKinds, refusal{"dismissed", "POST", "/chats/1/message", hello, 400, "Chat is dismissed"})
	f.call("POST", "/chats/1/resume", "").has(t, 200, map[string]any{"status": "queued"})
	f.call("POST", "/chats/1/message", hello).is(t, 200, `{}`)
	f.ask("POST", "/chats/status", `{"id":1,"status":"assigned","agentId":23}`).has(t, 200, map[string]any{"agent.id": 23, "agent.first_name": "Cleo"})
	f.refuses(t, chatKinds, refusal{"with an agent", "POST", "/chats/1/resume", "", 400, "Chat status must be dismissed or va_dismissed"})
	f.ask("POST", "/chats/status", `{"id":1,"status":"dismissed"}`)
	f.call("POST", "/chats/1/resume", "").has(t, 200, map[string]any{"status": "assigned", "agent.id": 23})
	f.ask("POST", "/chats/status", `{"id":2,"status":"va_dismissed"}`)
	f.call("POST", "/chats/2/resume", "").has(t, 200, map[string]any{"status": "va_assigned"})
	for _, body := range []string{
		`{"id":1,"status":"gone"}`, `{"id":9,"status":"assigned"}`, `{"id":1,"status":"assigned","agentId":99}`, `{"id":1,"status":"x","agent":1}`,
	} {
		if a := f.ask("POST", "/chats/status", body); a.status != 400 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

func TestMessages(t *testing.T) {
	f := startChat(t, chat)
	f.call("POST", "/chats/1/message", hello).is(t, 200, `{}`)
	if last := lastRequest(t, f); last.Record != "1" || last.Effect != "updated" {
		t.Errorf("ledger entry %+v", last)
	}
	f.call("POST", "/chats/1/message", `{"from_user_id":1,"message":{"type":"text","content":{"text":"Again"}}}`).is(t, 200, `{}`)
	f.ask("POST", "/chats/status", `{"id":1,"status":"assigned","agentId":23}`)
	f.ask("POST", "/chats/message", `{"chatId":1,"from":"agent","text":"Good morning"}`).has(t, 200, map[string]any{"senderId": 23, "byApi": false})
	f.call("GET", "/chats/1/messages", "").is(t, 200, `[
		{"id":1,"timestamp":"2026-03-04T09:00:03.000Z","sender":{"type":"end_user","id":1},"type":"text","content":"Hello"},
		{"id":2,"timestamp":"2026-03-04T09:00:04.000Z","sender":{"type":"end_user","id":1},"type":"text","content":"Again"},
		{"id":3,"timestamp":"2026-03-04T09:00:04.000Z","sender":{"type":"agent","id":23},"type":"text","content":"Good morning"}]`)
	const missing = "param is missing or the value is empty: "
	post := func(body, message string) refusal { return refusal{"", "POST", "/chats/1/message", body, 400, message} }
	f.refuses(
		t, chatKinds,
		post(`{"message":{"type":"text","content":"Hi"}}`, missing+"from_user_id"),
		post(`{"from_user_id":"1","message":{"type":"text","content":"Hi"}}`, "from_user_id is not well formed"),
		post(`{"from_user_id":2,"message":{"type":"text","content":"Hi"}}`, "from_user_id is invalid"),
		post(`{"from_user_id":1}`, missing+"message"),
		post(`{"from_user_id":1,"message":{"content":"Hi"}}`, missing+"type"),
		post(`{"from_user_id":1,"message":{"type":"fax","content":"Hi"}}`, "type is invalid"),
		post(`{"from_user_id":1,"message":{"type":"text"}}`, missing+"content"),
		post(`{"from_user_id":1,"message":{"type":"text","content":{"text":""}}}`, missing+"text"),
		post(`{"from_user_id":1,"message":{"type":"photo"}}`, missing+"media_id"),
		post(`{"from_user_id":1,"message":{"type":"photo","media_id":"x"}}`, "media_id is invalid"),
		post(`{"from_user_id":1,"message":{"type":"photo","media_id":7}}`, "media_id is not found"),
		refusal{"", "POST", "/chats/9/message", hello, 404, "Not Found"},
		refusal{"", "GET", "/chats/9/messages", "", 404, "Not Found"},
	)
	for _, body := range []string{`{"chatId":1,"from":"agent"}`, `{"chatId":1,"from":"virtual_agent","text":"x"}`, `{"chatId":9,"from":"agent","text":"x"}`, `{"chat":1}`} {
		if a := f.ask("POST", "/chats/message", body); a.status != 400 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

func TestEscalations(t *testing.T) {
	f := startChat(t, vaChat)
	f.call("POST", "/chats/1/escalations", `{"reason":"by_end_user"}`).is(t, 201,
		`{"id":1,"chat_id":1,"reason":"by_end_user","status":"escalated","created_at":"2026-03-04T09:00:03.000Z"}`)
	f.call("GET", "/chats/1", "").has(t, 200, map[string]any{"status": "queued"})

	f.set(t, `{"menus":{"15":{"state":"over_capacity"}}}`)
	f.call("POST", "/chats", vaChat)
	f.call("POST", "/chats/2/escalations", `{}`).has(t, 201, map[string]any{
		"id": 2, "status": "deflected", "reason": "over_capacity", "deflection_options.0": "email",
	})
	f.call("GET", "/chats/2", "").has(t, 200, map[string]any{"status": "va_assigned"})
	f.call("PATCH", "/chats/2/escalations/2", `{"deflection_channel":"human_agent"}`).has(t, 200, map[string]any{"deflection_channel": "human_agent"})
	f.call("GET", "/chats/2", "").has(t, 200, map[string]any{"status": "queued"})

	f.set(t, `{"menus":{"15":{"state":"after_hours"}}}`)
	f.call("POST", "/chats", vaChat)
	f.call("POST", "/chats/3/escalations", `{}`).has(t, 201, map[string]any{"id": 3, "reason": "after_hours"})
	const path, missing = "/chats/3/escalations/3", "param is missing or the value is empty: "
	f.refuses(
		t, chatKinds,
		refusal{"", "POST", "/chats/1/escalations", `{}`, 400, "Chat is not with a virtual agent"},
		refusal{"", "POST", "/chats/3/escalations", `{"force_escalate":"yes"}`, 400, "force_escalate is invalid"},
		refusal{"", "POST", "/chats/3/escalations", `{"reason":1}`, 400, "reason is invalid"},
		refusal{"", "POST", "/chats/9/escalations", `{}`, 404, "Not Found"},
		refusal{"", "PATCH", path, `{}`, 400, missing + "deflection_channel"},
		refusal{"", "PATCH", path, `{"deflection_channel":"fax"}`, 400, "deflection_channel is invalid"},
		refusal{"", "PATCH", path, `{"deflection_channel":"human_agent"}`, 400, "human_agent is only available for over_capacity"},
		refusal{"", "PATCH", "/chats/1/escalations/1", `{"deflection_channel":"email"}`, 400, "Escalation is not deflected"},
		refusal{"", "PATCH", "/chats/1/escalations/3", `{"deflection_channel":"email"}`, 404, "Not Found"},
		refusal{"", "PATCH", "/chats/3/escalations/9", `{"deflection_channel":"email"}`, 404, "Not Found"},
	)
	f.call("PATCH", "/chats/3", `{"chat":{"status":"finished","deflection_channel":"email","escalation_id":3}}`).has(t, 200, map[string]any{"status": "finished"})
	if e := record[ujet.Escalation](t, f, ujet.KindEscalation, "3"); e.Channel != "email" {
		t.Errorf("stored %+v", e)
	}
	f.call("POST", "/chats", vaChat)
	f.call("POST", "/chats/4/escalations", `{"force_escalate":true}`).has(t, 201, map[string]any{"status": "escalated"})
}

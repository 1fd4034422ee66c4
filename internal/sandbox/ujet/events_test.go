package ujet_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit/hooktest"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

// names lists what is at a path of each body, such as event_type.
func names(t *testing.T, got []hooktest.Delivery, path string) string {
	t.Helper()
	var out []string
	for _, r := range got {
		name, _ := answer{body: r.Body}.at(t, path).(string)
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func TestChatEvents(t *testing.T) {
	in := hooktest.New(t)
	f, _ := start(t, t.TempDir())
	f.call("POST", "/end_users", `{"identifier":"lead_a"}`)
	f.set(t, `{"webhook":{"url":"`+in.URL+`/chat","primarySecret":"first"}}`)
	f.call("POST", "/chats", vaChat)
	f.call("POST", "/chats/1/message", hello)
	f.set(t, `{"menus":{"15":{"state":"over_capacity"}}}`)
	f.call("POST", "/chats/1/escalations", `{}`)
	f.ask("POST", "/chats/status", `{"id":1,"status":"assigned","agentId":23}`)
	f.ask("POST", "/chats/message", `{"chatId":1,"from":"agent","text":"Good morning"}`)
	f.ask("POST", "/chats/status", `{"id":1,"status":"assigned","agentId":21}`)
	f.ask("POST", "/chats/status", `{"id":1,"status":"dismissed"}`)
	f.call("POST", "/chats/1/resume", "")
	f.call("PATCH", "/chats/1", `{"chat":{"status":"finished"}}`)
	got := in.Settled(t, f.Hooks())
	const want = "chat_created message_received escalation_deflected participant_joined message_received participant_left " +
		"chat_transferred participant_joined chat_dismissed chat_ended"
	if events := names(t, got, "event_type"); events != want {
		t.Fatalf("events %s", events)
	}
	answer{200, nil, got[1].Body}.is(t, 200, `{"event_type":"message_received","timestamp":"2026-03-04T09:00:03.000Z","chat_id":1,"body":{
		"sender":{"id":1,"type":"end_user","status":"connected","connected_at":"2026-03-04T09:00:02.000Z"},"message":{"type":"text","content":"Hello"}}}`)
	answer{200, nil, got[0].Body}.has(t, 200, map[string]any{"chat_id": 1, "body.chat.id": 1, "body.chat.end_user.identifier": "lead_a"})
	for _, r := range got {
		if r.Path != "/chat" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %v", r.Path, r.Header)
		}
	}
}

func TestChatEventSignatures(t *testing.T) {
	in := hooktest.New(t)
	f, _ := start(t, t.TempDir())
	f.call("POST", "/end_users", `{"identifier":"lead_a"}`)
	f.set(t, `{"hookRetryMs":[],"webhook":{"url":"`+in.URL+`","primarySecret":"first"}}`)
	f.call("POST", "/chats", chat)
	in.Settled(t, f.Hooks())
	f.set(t, `{"webhook":{"primarySecret":"second","secondarySecret":"first","oldNames":true}}`)
	f.call("POST", "/chats/1/message", hello)
	in.Settled(t, f.Hooks())
	f.ask("POST", "/hooks/faults", `{"badSignature":true}`)
	f.call("POST", "/chats/1/message", hello)
	got := in.Settled(t, f.Hooks())
	for i, r := range got {
		at := r.Header.Get("X-Signature-Timestamp")
		if at != []string{"1772614802", "1772614803", "1772614804"}[i] {
			t.Errorf("timestamp %s", at)
		}
		body := r.Body
		if i == 2 { // the fault signs something else
			body = "other " + body
		}
		first, second := "primary="+mac("first", at+body), "primary="+mac("second", at+body)+" secondary="+mac("first", at+body)
		if want := []string{first, second, second}[i]; r.Header.Get("X-Signature") != want {
			t.Errorf("event %d: signature %s, want %s", i, r.Header.Get("X-Signature"), want)
		}
	}
	if events := names(t, got, "event_type"); events != "chat_created MessageReceivedEvent MessageReceivedEvent" {
		t.Errorf("events %s", events)
	}
}

func TestSessionEvents(t *testing.T) {
	in := hooktest.New(t)
	f, _ := start(t, t.TempDir())
	f.set(t, `{"sessionEvents":{"callUrl":"`+in.URL+`/calls","chatUrl":"`+in.URL+`/chats","username":"leadmux","password":"secret"}}`)
	f.call("POST", "/calls", inbound)
	for _, status := range []string{"assigned", "connected", "finished"} {
		f.ask("POST", "/calls/status", `{"id":1,"status":"`+status+`"}`).has(t, 200, nil)
	}
	f.ask("POST", "/sessions/file", `{"callId":1,"code":"sold","note":"Wants two"}`).has(t, 200, map[string]any{"code": "sold"})
	f.ask("POST", "/calls/open", `{"phone":"+14155550177","menuId":11}`).has(t, 200, map[string]any{"id": 2, "status": "queued", "call_type": "Voice Inbound"})
	f.ask("POST", "/chats/open", `{"phone":"+14155550177","sms":true,"text":"STOP"}`).has(t, 200, map[string]any{"id": 1, "status": "queued"})
	f.ask("POST", "/chats/open", `{"identifier":"visitor-1","menuId":15}`).has(t, 200, map[string]any{"id": 2, "status": "va_assigned"})
	got := in.Settled(t, f.Hooks())
	if events := names(t, got, "events.0.event"); events != "start routing routing active end final start routing start routing start" {
		t.Fatalf("events %s", events)
	}
	last := got[5]
	answer{200, nil, last.Body}.has(t, 200, map[string]any{
		"count": 1, "events.0.call_id": 1, "events.0.state": "dispositionSubmitted", "events.0.dispositions.code": "sold",
		"events.0.timestamp": 1772614801000, "events.0.initiator": "end_user", "events.0.participants.0.type": "end_user",
	})
	if user, password, _ := (&http.Request{Header: last.Header}).BasicAuth(); user != "leadmux" || password != "secret" || last.Path != "/calls" {
		t.Errorf("%s %s %s", user, password, last.Path)
	}
	answer{200, nil, got[2].Body}.has(t, 200, map[string]any{"count": 2, "events.0.queue_path.0": "Sales", "events.1.event": "assigned", "events.1.state": "accepted"})
	answer{200, nil, got[10].Body}.has(t, 200, map[string]any{"events.0.chat_id": 2, "events.0.initiator": "virtual_agent_501"})
	if m := record[ujet.Message](t, f, ujet.KindMessage, "1"); string(m.Content) != `"STOP"` || m.ByAPI || m.SenderType != "end_user" {
		t.Errorf("stored %+v", m)
	}
	for path, body := range map[string]string{
		"/sessions/file": `{"callId":9}`, "/calls/open": `{"phone":"555","menuId":11}`, "/chats/open": `{"identifier":"x","menuId":99}`,
		"/calls/status": `{"id":1,"status":"queued"}`,
	} {
		if a := f.ask("POST", path, body); a.status != 400 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

func TestHookSettingsRefused(t *testing.T) {
	f, _ := start(t, t.TempDir())
	for _, patch := range []string{
		`{"webhook":{"url":"https://example.com/x"}}`, `{"sessionEvents":{"callUrl":"http://192.0.2.1/"}}`, `{"sessionEvents":{"chatUrl":"x"}}`,
		`{"webhook":{"secret":"x"}}`,
	} {
		if a := f.ask("PATCH", "/settings", patch); a.status != 400 {
			t.Errorf("%s: %d %s", patch, a.status, a.body)
		}
	}
	var list struct{ Hooks []json.RawMessage }
	if a := f.ask("GET", "/hooks", ""); a.status != 200 || json.Unmarshal([]byte(a.body), &list) != nil || len(list.Hooks) != 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

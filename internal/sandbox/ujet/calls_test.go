package ujet_test

import (
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

const (
	outbound  = `{"call_type":"Voice Outbound (API)","agent_email":"ana@agents.example.com","end_user_number":"+1 415-555-0142"}`
	inbound   = `{"call_type":"Voice Inbound (API)","menu_id":11,"end_user_number":"+14155550142"}`
	scheduled = `{"call_type":"Voice Scheduled (API)","menu_id":12,"end_user_number":"+14155550142","scheduled_at":"2026-03-05T10:00:00+01:00"}`
)

var callKinds = []string{ujet.KindCall, ujet.KindPendingCall, ujet.KindEndUser}

// with sets members of a JSON object; "-" before a name removes it.
func with(t *testing.T, body string, members ...string) string {
	t.Helper()
	m := decode[map[string]any](t, answer{body: body})
	for _, member := range members {
		name, raw, _ := strings.Cut(member, "=")
		if gone, remove := strings.CutPrefix(name, "-"); remove {
			delete(m, gone)
			continue
		}
		m[name] = decode[any](t, answer{body: raw})
	}
	return encode(t, m)
}

func TestCreateCalls(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", "/end_users", `{"identifier":"lead_a","phone":"+14155550142"}`)
	f.call("POST", "/calls", with(t, outbound, `menu_id="11"`, `lang="es"`)).has(t, 201, map[string]any{
		"id": 1, "call_type": "Voice Outbound (API)", "status": "assigned", "lang": "es", "agent_info.id": 21, "agent_info.name": "Ana Costa",
		"selected_menu.id": 11, "selected_menu.menu_type": "ivr_menu", "menu_path.materialized_path": "Sales", "answer_type": "manual",
		"created_at": "2026-03-04T09:00:02.000Z", "assigned_at": "2026-03-04T09:00:02.000Z", "queued_at": nil,
		"end_user.id": 1, "end_user.identifier": "lead_a", "participants.0.type": "end_user", "participants.1.user_id": 21,
		"outbound_number": "+14155550110", "recording_permission": "not_asked", "fail_reason": "nothing", "offer_type": "cascade",
	})
	if last := lastRequest(t, f); last.Record != "1" || last.Effect != "created" {
		t.Errorf("ledger entry %+v", last)
	}
	f.call("POST", "/calls", with(t, outbound, `ticket_id="T-1001"`, `outbound_number="+1 (415) 555-0111"`)).has(t, 201, map[string]any{
		"id": 2, "out_ticket_id": "T-1001", "outbound_number": "+14155550111", "selected_menu": nil, "end_user.id": 2, "end_user.identifier": nil,
	})
	if c := record[ujet.Call](t, f, ujet.KindCall, "2"); c.Number != "+14155550120" { // the ticket goes before the number
		t.Errorf("called %s", c.Number)
	}
	f.call("POST", "/calls", with(t, inbound, `recording_permission="recording_permission_granted"`, `outbound_number="+1 415 555 0199"`)).has(t, 201,
		map[string]any{
			"id": 3, "status": "queued", "call_type": "Voice Inbound (API)", "queued_at": "2026-03-04T09:00:04.000Z", "agent_info": nil,
			"recording_permission": "granted", "outbound_number": "+14155550110", "answer_type": nil,
		})
	f.call("POST", "/calls", scheduled).has(t, 201, map[string]any{
		"id": 4, "status": "scheduled", "call_type": "Voice Scheduled (API)", "scheduled_at": "2026-03-05T09:00:00.000Z", "selected_menu.id": 12,
	})
	f.call("POST", "/calls", with(t, scheduled, "-menu_id", "call_id=4")).has(t, 201, map[string]any{
		"id": 5, "parent_id": 4, "selected_menu.id": 12,
	})
	for old, shown := range map[string]string{"OutboundCall": "Voice Outbound (API)", "IncomingCall": "Voice Inbound (API)", "ScheduledCall": "Voice Scheduled (API)"} {
		body := map[string]string{"OutboundCall": outbound, "IncomingCall": inbound, "ScheduledCall": scheduled}[old]
		f.call("POST", "/calls", with(t, body, `call_type="`+old+`"`)).has(t, 201, map[string]any{"call_type": shown})
	}
	if calls, err := f.Calls(); err != nil || len(calls) != 8 || calls[7].ID != 8 {
		t.Errorf("%+v, %v", calls, err)
	}
	if got := f.count(callKinds...); got != "call=8 pendingCall=0 endUser=2" {
		t.Errorf("ledger has %s", got)
	}
}

func TestCallThatTheAgentMustPlace(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.set(t, `{"defaultNumber":""}`)
	f.call("POST", "/calls", outbound).is(t, 202, outbound)
	if got := f.count(callKinds...); got != "call=0 pendingCall=1 endUser=0" {
		t.Errorf("ledger has %s", got)
	}
	f.ask("POST", "/calls/place", `{"id":1}`).has(t, 200, map[string]any{"id": 1, "outbound_number": "+14155550110"})
	if got := f.count(callKinds...); got != "call=1 pendingCall=0 endUser=1" {
		t.Errorf("ledger has %s", got)
	}
	f.call("POST", "/calls", with(t, outbound, `outbound_number="+14155550111"`)).has(t, 201, map[string]any{"id": 2})
	f.set(t, `{"managedNumbers":["+14155550111"]}`)
	f.call("POST", "/calls", outbound).has(t, 201, map[string]any{"outbound_number": "+14155550111"})
	if a := f.ask("POST", "/calls/place", `{"id":9}`); a.status != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestCallsRefused(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.set(t, `{"menus":{"14":{"state":"after_hours"},"13":{"state":"manual_redirection"}}}`)
	post := func(body, message string) refusal { return refusal{"", "POST", "/calls", body, 400, message} }
	f.refuses(
		t, callKinds,
		post(`{}`, "Invalid call type"),
		post(`{"call_type":"Voice"}`, "Invalid call type"),
		post(`{"call_type":7}`, "Invalid call type"),
		post(with(t, outbound, "-agent_email"), "Agent email required"),
		post(with(t, outbound, `agent_email=" "`), "Agent email required"),
		post(with(t, outbound, `agent_email="nobody@example.com"`), "Not a valid agent email"),
		post(with(t, outbound, `agent_email="finn@agents.example.com"`), "Agent does not have access to make calls"),
		post(with(t, outbound, `agent_email="dan@agents.example.com"`), "Agent is not available to take this call"),
		post(with(t, outbound, `agent_email="eve@agents.example.com"`), "Agent is not available to take this call"),
		post(with(t, outbound, "-end_user_number"), "ticket_id or end_user_number required"),
		post(with(t, outbound, `end_user_number="123123"`), "end_user_number is not well-formed"),
		post(with(t, outbound, `end_user_number=14155550142`), "end_user_number is invalid"),
		post(with(t, outbound, `ticket_id="T-9"`), "Contact not found"),
		post(with(t, outbound, `menu_id=99`), "menu_id 99 is not found"),
		post(with(t, outbound, `menu_id="sales"`), "menu_id is not well formed"),
		post(with(t, outbound, `lang="fr"`), "Language 'fr' is not available"),
		post(with(t, outbound, `lang="xx"`), "Language 'xx' is not found"),
		post(with(t, inbound, "-end_user_number"), "end_user_number is required"),
		post(with(t, inbound, `end_user_number="4155550142"`), "end_user_number is not well formed"),
		post(with(t, inbound, "-menu_id"), "menu_id is required"),
		post(with(t, inbound, `menu_id="11"`), "menu_id is not well formed"),
		post(with(t, inbound, `menu_id=13`), "Only IVR and mobile menu IDs are permitted"),
		post(with(t, inbound, `menu_id=14`), "Menu is in 'after hours' state, can't accept incoming calls"),
		post(with(t, inbound, `recording_permission="granted"`), "recording_permission is invalid"),
		post(with(t, scheduled, "-menu_id"), "menu_id is required"),
		post(with(t, scheduled, `menu_id=11`), "Only mobile and web menu IDs are permitted"),
		post(with(t, scheduled, `menu_id=13`), "Menu is in 'manual redirection' state, can't accept calls"),
		post(with(t, scheduled, "-scheduled_at"), "scheduled_at is required"),
		post(with(t, scheduled, `scheduled_at="tomorrow"`), "scheduled_at is not well formed"),
		post(with(t, scheduled, `scheduled_at="2026-03-04T09:00:00Z"`), "scheduled_at should be a future time"),
		post(with(t, scheduled, "-menu_id", "call_id=77"), "call_id 77 is not found"),
	)
	f.set(t, `{"inboundMenuTypes":["ivr_menu","mobile_menu"],"menus":{"13":{"state":"open"}}}`) // as the error text has it
	f.call("POST", "/calls", with(t, inbound, "menu_id=13")).has(t, 201, map[string]any{"selected_menu.id": 13})
}

func TestCompanyListBlocksCalls(t *testing.T) {
	f, _ := start(t, t.TempDir())
	list := func(entry map[string]any) {
		t.Helper()
		if err := f.Ledger().Update(func(tx *kit.Tx) error { return tx.Put("dnc", "+14155550142", entry) }); err != nil {
			t.Fatal(err)
		}
	}
	list(map[string]any{"phone_number": "+14155550142", "expires_at": "2026-03-05 09:00:00 UTC"})
	const text = "This call cannot be placed because the phone number is on the Company DNC list."
	f.refuses(t, callKinds, refusal{"outbound", "POST", "/calls", outbound, 400, text}, refusal{"scheduled", "POST", "/calls", scheduled, 400, text})
	f.call("POST", "/calls", inbound).has(t, 201, nil)
	f.set(t, `{"dncAllowsCalls":true}`)
	f.call("POST", "/calls", outbound).has(t, 201, nil)
	f.set(t, `{"dncAllowsCalls":false}`)
	list(map[string]any{"phone_number": "+14155550142", "expires_at": "2026-03-04 09:00:00 UTC"})
	f.call("POST", "/calls", outbound).has(t, 201, nil)
	list(map[string]any{"phone_number": "+14155550142"})
	f.refuses(t, callKinds, refusal{"for ever", "POST", "/calls", outbound, 400, text})
}

func TestCallsMoveOnControl(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", "/calls", inbound)
	step := func(body string, want map[string]any) {
		t.Helper()
		f.clock.advance(5e9)
		f.ask("POST", "/calls/status", body).has(t, 200, want)
	}
	step(`{"id":1,"status":"assigned"}`, map[string]any{"status": "assigned", "assigned_at": "2026-03-04T09:00:06.000Z"})
	step(`{"id":1,"status":"connected"}`, map[string]any{"wait_duration": 10, "participants.0.status": "connected"})
	step(`{"id":1,"status":"finished","disconnectedBy":"disconnected_by_end_user"}`, map[string]any{
		"ends_at": "2026-03-04T09:00:16.000Z", "call_duration": 5, "disconnected_by": "disconnected_by_end_user",
		"participants.0.ended_at": "2026-03-04T09:00:16.000Z",
	})
	for _, body := range []string{`{"id":1,"status":"queued"}`, `{"id":1,"status":"gone"}`, `{"id":2,"status":"queued"}`, `{"stat":"queued"}`} {
		if a := f.ask("POST", "/calls/status", body); a.status != 400 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

func TestContactData(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", "/crm/contact_data", `{"call_id":"1917","agent_id":"1","pacing_mode":"Predictive","contact":{"first_name":"Ada","city":""}}`).is(t, 200, `{}`)
	if d := record[ujet.ContactData](t, f, ujet.KindContactData, "1"); d.CallID != "1917" || d.Fields["agent_id"] != "1" || d.Contact["first_name"] != "Ada" {
		t.Errorf("stored %+v", d)
	}
	f.refuses(t, []string{ujet.KindContactData},
		refusal{"", "POST", "/crm/contact_data", `{}`, 400, "param is missing or the value is empty: call_id"},
		refusal{"", "POST", "/crm/contact_data", `{"call_id":1917}`, 400, "call_id is invalid"},
		refusal{"", "POST", "/crm/contact_data", `{"call_id":"1","agent_id":1}`, 400, "agent_id is invalid"},
		refusal{"", "POST", "/crm/contact_data", `{"call_id":"1","contact":{"city":1}}`, 400, "contact is invalid"},
	)
}

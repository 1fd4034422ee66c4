package ujet_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

const statuses = "/agent_statuses"

func TestSetAgentStatuses(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", statuses, `{"status":"Break","agent_ids":[21,24,99],"team_ids":[]}`).is(t, 200, `[
		{"agent_id":21,"name":"Ana Costa","email":"ana@agents.example.com","agent_number":"A1","previous_status":"Available","current_status":"Break"},
		{"agent_id":24,"name":"Dan Fox","email":"dan@agents.example.com","agent_number":"A4","previous_status":"In-call","current_status":"In-call",
		 "message":"Agent can't be changed from system status 'In-call'"},
		{"agent_id":99,"name":null,"email":null,"agent_number":null,"previous_status":null,"current_status":null,"message":"Agent is not found"}]`)
	f.call("POST", statuses, `{"status":"Offline","agent_ids":[21],"team_ids":[]}`).has(t, 200, map[string]any{
		"0.current_status": "Break", "0.message": "Agent can't be changed to system status 'Offline'",
	})
	f.call("POST", statuses, `{"status":"Lunch","agent_ids":[],"team_ids":[2]}`).has(t, 200, map[string]any{
		"0.agent_id": 23, "0.current_status": "Lunch", "1.agent_id": 24, "2.agent_id": 25,
	})
	f.call("GET", statuses, `{"agent_ids":[21,25],"team_ids":[]}`).is(t, 200, `[
		{"agent_id":21,"name":"Ana Costa","email":"ana@agents.example.com","agent_number":"A1","current_status":"Break","ip_address":"192.0.2.1"},
		{"agent_id":25,"name":"Eve Gray","email":"eve@agents.example.com","agent_number":"A5","current_status":"Offline","ip_address":"192.0.2.5"}]`)
	f.call("GET", statuses, ``).has(t, 200, map[string]any{"4.agent_id": 25})
	const missing = "param is missing or the value is empty: "
	f.refuses(t, []string{ujet.KindUser},
		refusal{"", "POST", statuses, `{"agent_ids":[],"team_ids":[]}`, 400, missing + "status"},
		refusal{"", "POST", statuses, `{"status":"Break","team_ids":[]}`, 400, missing + "agent_ids"},
		refusal{"", "POST", statuses, `{"status":"Break","agent_ids":[]}`, 400, missing + "team_ids"},
		refusal{"", "POST", statuses, `{"status":"Break","agent_ids":["21"],"team_ids":[]}`, 400, "agent_ids is invalid"},
		refusal{"", "POST", statuses, `{"status":"Break","agent_ids":[],"team_ids":1}`, 400, "team_ids is invalid"},
		refusal{"", "POST", statuses, `{"status":"Dancing","agent_ids":[21],"team_ids":[]}`, 400, "status is invalid"},
		refusal{"", "GET", statuses, `{"agent_ids":"21"}`, 400, "agent_ids is invalid"},
	)
}

func TestForceLogout(t *testing.T) {
	for _, c := range []struct {
		body   string
		agents []int
	}{
		{`{"agent_ids":[21,25]}`, []int{21}}, // 25 is offline already
		{`{"team_ids":[1]}`, []int{21, 22}},
		{`{"ip_addrs":["192.0.2.0/29"]}`, []int{21, 22, 23, 24}},
		{`{"ip_addrs":["192.0.2.2","2001:db8::1"]}`, []int{22}},
		{`{"ip_addrs":["192.0.2.2-192.0.2.3"],"agent_ids":[21],"team_ids":[]}`, []int{21, 22, 23}},
	} {
		t.Run(c.body, func(t *testing.T) {
			f, _ := start(t, t.TempDir())
			a := f.call("POST", statuses+"/force_logout", c.body)
			list := decode[[]map[string]any](t, a)
			if a.status != 200 || len(list) != len(c.agents) {
				t.Fatalf("%d %s", a.status, a.body)
			}
			for i, id := range c.agents {
				want := "Offline"
				if id == 24 {
					want = "In-call" // until the call has ended
				}
				if list[i]["agent_id"] != float64(id) || list[i]["current_status"] != want {
					t.Errorf("agent %d: %v", id, list[i])
				}
			}
		})
	}
	f, _ := start(t, t.TempDir())
	f.refuses(t, []string{ujet.KindUser},
		refusal{"", "POST", statuses + "/force_logout", `{}`, 400, "param is missing or the value is empty: agent_ids"},
		refusal{"", "POST", statuses + "/force_logout", `{"ip_addrs":["here"]}`, 400, "ip_addrs is invalid"},
		refusal{"", "POST", statuses + "/force_logout", `{"ip_addrs":"192.0.2.1"}`, 400, "ip_addrs is invalid"},
		refusal{"", "GET", statuses + "/force_logout/jobs/1", "", 404, "Not Found"},
	)
	// A busy agent goes when the call has ended.
	f.call("POST", statuses+"/force_logout", `{"agent_ids":[24]}`).has(t, 200, map[string]any{
		"0.current_status": "In-call", "0.message": "Agent will be logged out after the current session",
	})
	f.ask("POST", "/agents/status", `{"id":24,"status":"Available"}`).has(t, 200, map[string]any{"current_status": "Offline"})
	f.ask("POST", "/agents/status", `{"id":24,"status":"Available"}`).has(t, 200, map[string]any{"current_status": "Available"})
	for _, body := range []string{`{"id":24,"status":"Dancing"}`, `{"id":99,"status":"Available"}`, `{"agent":24}`} {
		if a := f.ask("POST", "/agents/status", body); a.status != 400 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

func TestForceLogoutJob(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.set(t, `{"logoutBatch":1,"jobSeconds":2}`)
	f.call("POST", statuses+"/force_logout", `{"team_ids":[1]}`).is(t, 202, `{"job_id":1,"status":"created"}`)
	const job = statuses + "/force_logout/jobs/1"
	f.call("GET", job, "").is(t, 200, `{"id":1,"status":"created","created_at":"2026-03-04T09:00:01.000Z","total":2,"processed":0}`)
	f.call("GET", statuses, `{"team_ids":[1]}`).has(t, 200, map[string]any{"0.current_status": "Available"})
	f.call("GET", job, "").has(t, 200, map[string]any{"status": "in_progress"})
	f.call("GET", job, "").has(t, 200, map[string]any{"status": "finished", "processed": 2})
	f.call("GET", statuses, `{"team_ids":[1]}`).has(t, 200, map[string]any{"0.current_status": "Offline", "1.current_status": "Offline"})
}

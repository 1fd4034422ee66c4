package ujet_test

import (
	"strings"
	"testing"
)

func TestListUsers(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", statuses, `{"status":"Break","agent_ids":[22],"team_ids":[]}`)
	for query, want := range map[string]string{
		"":                             "21 22 23 24 25 26",
		"page=1&per=4":                 "21 22 23 24",
		"page=2&per=4":                 "25 26",
		"page=3&per=4":                 "",
		"per=1000":                     "21 22 23 24 25 26",
		"id[]=21&id[]=26&id[]=99":      "21 26",
		"agent_number[]=A3":            "23",
		"status_id[]=2&status_id[]=11": "22 24",
		"online[]=false":               "25 26",
		"wrap_up[]=true":               "",
		"location[]=austin":            "21 22 26",
		"last_login_time[from]=2026-01-05T07:59Z":                                                 "400 last_login_time[from] is not well formed",
		"last_login_time[to]=2026-01-05T08:00:01Z":                                                "21 22 23 24 25 26",
		"status_updated_at[from]=2026-03-01T00:00:00Z&status_updated_at[to]=2026-03-05T00:00:00Z": "22",
		"per=1001":              "400 Invalid page size request",
		"per=0":                 "400 Invalid page size request",
		"per=many":              "400 Invalid page size request",
		"page=0":                "400 Invalid page size request",
		"page=1&id[]=21":        "400 Cannot paginate filtered results",
		"per=5&online[]=true":   "400 Cannot paginate filtered results",
		"id[]=21&online[]=true": "400 Only one filter should be configured at a time",
		"id[]=21" + strings.Repeat("&id[]=21", 1000): "400 Ensure you are not filtering more than 1000 values at a time",
		"id[]=21" + strings.Repeat("&id[]=21", 999):  "21",
	} {
		t.Run(query[:min(60, len(query))], func(t *testing.T) {
			a := f.call("GET", "/users?"+query, "")
			if message, refused := strings.CutPrefix(want, "400 "); refused {
				a.is(t, 400, `{"message":"`+message+`"}`)
				return
			}
			var ids []string
			for _, u := range decode[[]map[string]any](t, a) {
				ids = append(ids, encode(t, u["id"]))
			}
			if got := strings.Join(ids, " "); a.status != 200 || got != want {
				t.Errorf("%d: %s, want %s", a.status, got, want)
			}
		})
	}
	a := f.call("GET", "/users?page=1&per=4", "")
	if a.header.Get("Total") != "6" || a.header.Get("Per-Page") != "4" || !strings.Contains(a.header.Get("Link"), "page=2&per=4") {
		t.Errorf("headers %v", a.header)
	}
	a.has(t, 200, map[string]any{"0.email": "ana@agents.example.com", "0.teams.0.name": "Sales", "0.roles.0.name": "Agent", "0.status": nil, "0.ucaas_sip_uri": nil})
}

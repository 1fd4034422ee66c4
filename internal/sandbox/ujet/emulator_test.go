package ujet_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

func TestUnknownRoutes(t *testing.T) {
	f, _ := start(t, t.TempDir())
	for _, c := range []struct{ method, path string }{
		{"GET", "/"}, {"GET", "/nowhere"}, {"DELETE", "/end_users"}, {"GET", "/end_users/1"},
		{"POST", "/wait_times"}, {"DELETE", contacts}, {"GET", "/outbound_dialer/campaigns"},
	} {
		t.Run(c.method+c.path, func(t *testing.T) { f.call(c.method, c.path, "").is(t, 404, `{"message":"Not Found"}`) })
	}
	t.Run("outside the base path", func(t *testing.T) {
		host := f.api[:len(f.api)-len(ujet.BasePath)]
		f.do(f.request("POST", host+"/end_users", `{"identifier":"lead_a"}`)).is(t, 404, `{"message":"Not Found"}`)
		f.do(f.request("GET", f.api, "")).is(t, 404, `{"message":"Not Found"}`)
		if last := lastRequest(t, f); last.Path != ujet.BasePath || last.Status != 404 {
			t.Errorf("ledger entry %+v", last)
		}
	})
}

func TestWaitTimes(t *testing.T) {
	f, _ := start(t, t.TempDir())
	for _, c := range []struct {
		query string
		menus []float64
	}{
		{"lang=en", []float64{11, 12, 13, 14, 15}},
		{"lang=en&menu_id=11", []float64{11, 14}},
		{"lang=en&menu_id=12", []float64{12}},
		{"lang=en&menu_id=99", nil},
		{"lang=pt-BR&menu_type=ivr_menu", []float64{11, 14}},
		{"lang=en&channel_type=voice_call&wait[from]=91", []float64{11, 14}},
		{"lang=en&channel_type=chat&wait[from]=6&wait[to]=44", []float64{12}},
	} {
		t.Run(c.query, func(t *testing.T) {
			a := f.call("GET", "/wait_times?"+c.query, "")
			list := decode[[]map[string]any](t, a)
			if a.status != 200 || len(list) != len(c.menus) {
				t.Fatalf("%d %s", a.status, a.body)
			}
			for i, menu := range c.menus {
				if list[i]["menu_id"] != menu || len(list[i]) != 8 {
					t.Errorf("menu %d is %v", i, list[i])
				}
			}
		})
	}
	for query, message := range map[string]string{
		"":                          "param is missing or the value is empty: lang",
		"lang=":                     "param is missing or the value is empty: lang",
		"lang=en&menu_id=x":         "menu_id is not well formed",
		"lang=en&wait[from]=0":      "wait[from] is not well formed",
		"lang=en&wait[to]=-1":       "wait[to] is not well formed",
		"lang=en&menu_type=x":       "menu_type is invalid",
		"lang=en&channel_type=":     "",
		"lang=en&channel_type=call": "channel_type is invalid",
	} {
		t.Run(query, func(t *testing.T) {
			a := f.call("GET", "/wait_times?"+query, "")
			if message == "" {
				if a.status != 200 {
					t.Fatalf("%d %s", a.status, a.body)
				}
				return
			}
			a.is(t, 400, fmt.Sprintf(`{"message":%q}`, message))
		})
	}
}

func TestLedgerSurvivesReopen(t *testing.T) {
	dir := t.TempDir()
	f, stop := start(t, dir)
	f.call("POST", "/end_users", `{"identifier":"lead_a"}`)
	f.call("POST", contacts, `{"phone_number":"+12025550101","external_unique_id":"lead_a"}`)
	f.ask("PATCH", "/settings", `{"ratePerSecond":2}`)
	if _, err := ujet.New(ujet.Config{Dir: dir}); !errors.Is(err, kit.ErrLedgerLocked) {
		t.Fatalf("a second emulator on one ledger: %v", err)
	}
	stop()

	f, _ = start(t, dir)
	if all, err := f.Ledger().Requests(); err != nil || len(all) != 2 {
		t.Fatalf("%d requests, %v", len(all), err)
	}
	f.call("POST", "/end_users", `{"identifier":"lead_a"}`).is(t, 200, `{"id":1,"identifier":"lead_a"}`)
	f.call("POST", "/end_users", `{"identifier":"lead_b"}`).is(t, 200, `{"id":2,"identifier":"lead_b"}`)
	if list := decode[[]any](t, f.call("GET", contacts, "")); len(list) != 1 {
		t.Errorf("%d contacts", len(list))
	}
	if got := f.Settings().Get().RatePerSecond; got != 2 {
		t.Errorf("rate %v", got)
	}
}

func TestControl(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", "/end_users", `{"identifier":"lead_a","name":"Ada"}`)
	ledger := decode[struct {
		Requests []kit.Request               `json:"requests"`
		Records  map[string][]map[string]any `json:"records"`
	}](t, f.ask("GET", "/ledger", ""))
	if len(ledger.Requests) != 1 || ledger.Requests[0].Path != "/end_users" || len(ledger.Records) != 1 {
		t.Fatalf("%+v", ledger)
	}
	if u := ledger.Records[ujet.KindEndUser]; len(u) != 1 || u[0]["identifier"] != "lead_a" || u[0]["name"] != "Ada" {
		t.Errorf("records %v", u)
	}
	if a := f.ask("PATCH", "/settings", `{"rate":1}`); a.status != 400 {
		t.Errorf("unknown setting: %d %s", a.status, a.body)
	}
}

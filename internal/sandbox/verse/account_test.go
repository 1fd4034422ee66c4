package verse_test

import (
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

const blacklisted = "Created lead, but phone was previously blacklisted"

func TestAccountsAreApart(t *testing.T) {
	r := newRig(t, verse.Config{Accounts: []verse.Account{{Name: "west", Key: "key-west"}, {Name: "east", Key: "key-east"}}})
	lead := `{"phone":"6195550101"}`
	send := func(key, path, body string, want int, says string) {
		t.Helper()
		if status, answer := r.do("POST", r.url+path, key, body); status != want || !strings.Contains(answer, says) {
			t.Errorf("%s with %s = %d %s, want %d %s", path, key, status, answer, want, says)
		}
	}
	send("key-west", "/zapier", lead, 201, "Created Lead")
	send("key-west", "/zapier", lead, 409, "Duplicate Lead")
	send(verse.DefaultKey, "/zapier", lead, 401, "Unauthorized")

	// Neither by phone nor by id is another account's lead found.
	id := r.leads()[0].ID
	send("key-east", endPath, `{"searchValue":"`+id+`"}`, 404, "")
	send("key-east", endPath, `{"searchValue":"6195550101"}`, 404, "")
	send("key-east", "/zapier", lead, 201, "Created Lead")

	// An opt-out fills only the account's own list.
	send("key-west", dncPath, `{"searchValue":"`+id+`"}`, 200, "success")
	send("key-west", "/zapier", lead, 201, blacklisted)
	send("key-east", endPath, `{"searchValue":"6195550101"}`, 200, "success")
	send("key-east", "/zapier", lead, 201, `"message":"Created Lead"`)

	other := `{"phone":"6195550102"}`
	r.set(`{"accounts":{"west":{"hold":true}}}`)
	send("key-west", "/zapier", other, 422, "on hold")
	r.set(`{"accounts":{"west":{"hold":false,"intakeClosed":true}}}`)
	send("key-west", "/zapier", other, 422, "not set up to receive")
	send("key-east", "/zapier", other, 201, "Created Lead")
	r.set(`{"accounts":null,"hold":true}`)
	send("key-west", "/zapier", other, 422, "on hold")
	send("key-east", "/zapier", other, 422, "on hold")
}

func TestDoNotContactList(t *testing.T) {
	r := newRig(t, verse.Config{})
	change := func(method, body string) {
		t.Helper()
		if status, answer := r.do(method, r.control+"/dnc", "", body); status != 200 {
			t.Fatalf("%s /dnc = %d %s", method, status, answer)
		}
	}
	change("POST", `{"contact":"(619) 555-0101"}`)
	change("POST", `{"account":"default","contact":"Ada@example.com"}`)
	change("POST", `{"contact":"0195550101"}`) // cannot be reached anyway
	_, records := r.do("GET", r.control+"/records?kind=dnc", "", "")
	for _, part := range []string{`"contact":"+16195550101"`, `"contact":"ada@example.com"`, `"since":"2026-03-04T12:00:00Z"`} {
		if !strings.Contains(records, part) {
			t.Errorf("list %s lacks %s", records, part)
		}
	}
	for body, message := range map[string]string{
		`{"phone":"6195550101","email":"bad"}`:             blacklisted,
		`{"phone":"6195550102"}`:                           "Created Lead",
		`{"phone":"0195550101","email":"ada@example.com"}`: "Created lead, but phone is invalid, email was valid",
	} {
		if status, answer := r.post("/zapier", body); status != 201 || !strings.Contains(answer, `"message":"`+message+`"`) {
			t.Errorf("%s = %d %s", body, status, answer)
		}
	}
	change("DELETE", `{"contact":"6195550101"}`)
	r.post(endPath, `{"searchValue":"6195550101"}`)
	if status, answer := r.post("/zapier", `{"phone":"6195550101"}`); status != 201 || !strings.Contains(answer, `"Created Lead"`) {
		t.Errorf("after taking it off = %d %s", status, answer)
	}
}

func TestControlRefuses(t *testing.T) {
	r := newRig(t, verse.Config{})
	for _, c := range []struct{ method, path, body, says string }{
		{"POST", "/dnc", `{"phone":"6195550101"}`, `unknown key \"phone\"; allowed: account, contact`},
		{"POST", "/dnc", `{"contact":"x"}`, "contact must be"},
		{"DELETE", "/dnc", `{"account":"west","contact":"6195550101"}`, `no account \"west\"`},
		{"POST", "/dnc?a=b", `{"contact":"6195550101"}`, "unknown query parameter"},
		{"PATCH", "/settings", `{"onHold":true}`, `unknown key \"onHold\"; allowed: hold, intakeClosed, accounts, badNumbers,`},
		{"PATCH", "/settings", `{"accounts":{"west":{"hold":true}}}`, `no account \"west\"; there are: default`},
		{"PATCH", "/settings", `{"accounts":{"default":{"held":true}}}`, "held"},
		{"PATCH", "/settings", `{"badNumbers":["12"]}`, "badNumbers[0]"},
	} {
		if status, answer := r.do(c.method, r.control+c.path, "", c.body); status != 400 || !strings.Contains(answer, c.says) {
			t.Errorf("%s %s %s = %d %s", c.method, c.path, c.body, status, answer)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, accounts := range map[string][]verse.Account{
		"no key":     {{Name: "a"}},
		"no name":    {{Key: "k"}},
		"same names": {{Name: "a", Key: "k"}, {Name: "a", Key: "l"}},
		"same keys":  {{Name: "a", Key: "k"}, {Name: "b", Key: "k"}},
	} {
		if _, err := verse.New(verse.Config{Dir: t.TempDir(), Accounts: accounts}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The faults that matter most here: the lead exists, but its sender is not told.
func TestFaultsAfterCommit(t *testing.T) {
	for name, fault := range map[string]kit.Fault{
		"drop":   {Drop: true, After: true},
		"status": {Status: 500, Body: say("Something went wrong. If this error continues, please contact your account manager."), After: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, verse.Config{})
			fault.Path, fault.Exact = "/zapier", true
			if err := r.emu.Faults().Add(fault); err != nil {
				t.Fatal(err)
			}
			body := `{"phone":"6195550101","zapierLeadId":"ours"}`
			if name == "status" {
				if status, answer := r.post("/zapier", body); status != 500 || answer != fault.Body {
					t.Errorf("answer = %d %s", status, answer)
				}
			} else {
				r.dropped(body)
			}
			if leads := r.leads(); len(leads) != 1 || leads[0].ZapierLeadID != "ours" {
				t.Errorf("leads = %+v", leads)
			}
			if status, _ := r.post("/zapier", body); status != 409 || len(r.leads()) != 1 {
				t.Errorf("sent again = %d, leads = %+v", status, r.leads())
			}
		})
	}
}

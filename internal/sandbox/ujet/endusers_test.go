package ujet_test

import (
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

func TestUpsertEndUser(t *testing.T) {
	f, _ := start(t, t.TempDir())
	steps := []struct {
		name, body     string
		id             int64
		record, effect string
		email, phone   string // as stored; "-" is null
	}{
		{"creates", `{"identifier":"lead_a","email":"ada@example.com","phone":"+12025550101"}`, 1, "1", "created", "ada@example.com", "+12025550101"},
		{"same again changes nothing", `{"identifier":"lead_a","email":"ada@example.com","phone":"+12025550101"}`, 1, "1", "", "ada@example.com", "+12025550101"},
		{"omitted stays", `{"identifier":"lead_a","email":"ada2@example.com"}`, 1, "1", "updated", "ada2@example.com", "+12025550101"},
		{"null clears", `{"identifier":"lead_a","phone":null}`, 1, "1", "updated", "ada2@example.com", "-"},
		{"another identifier, another end user", `{"identifier":"lead_b","name":"Bo","unknown":[1]}`, 2, "2", "created", "-", "-"},
		{"identifiers are exact", `{"identifier":"LEAD_A"}`, 3, "3", "created", "-", "-"},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			a := f.call("POST", "/end_users", s.body)
			got := decode[map[string]any](t, a)
			if a.status != 200 || len(got) != 2 || got["id"] != float64(s.id) || !strings.Contains(s.body, got["identifier"].(string)) {
				t.Fatalf("answer %d %s", a.status, a.body)
			}
			if last := lastRequest(t, f); last.Record != s.record || last.Effect != s.effect || last.Status != 200 {
				t.Errorf("ledger entry %+v", last)
			}
			if u := storedEndUser(t, f, s.record); text(u.Email) != s.email || text(u.Phone) != s.phone {
				t.Errorf("stored %s %s", text(u.Email), text(u.Phone))
			}
		})
	}
}

func TestUpsertEndUserRefuses(t *testing.T) {
	f, _ := start(t, t.TempDir())
	const missing = `{"message":"param is missing or the value is empty: identifier"}`
	for _, c := range []struct{ name, body, answer string }{
		{"no identifier", `{"email":"ada@example.com"}`, missing},
		{"empty identifier", `{"identifier":""}`, missing},
		{"blank identifier", `{"identifier":" \t"}`, missing},
		{"null identifier", `{"identifier":null}`, missing},
		{"empty object", `{"identifier":{}}`, missing},
		{"no body", ``, missing},
		{"array body", `[{"identifier":"lead_a"}]`, missing},
		{"string body", `"identifier"`, missing},
		{"null body", `null`, missing},
		{"number for text", `{"identifier":17}`, `{"message":"identifier is invalid"}`},
		{"object for text", `{"identifier":"lead_a","name":{"first":"Ada"}}`, `{"message":"name is invalid"}`},
		{"array for text", `{"identifier":"lead_a","phone":["+12025550101"]}`, `{"message":"phone is invalid"}`},
		{"too long", `{"identifier":"` + strings.Repeat("x", 256) + `"}`, `{"message":"identifier is too long (maximum is 255 characters)"}`},
		{"not JSON", `{"identifier":`, `{"message":"Error occurred while parsing request parameters"}`},
		{"not UTF-8", "{\"identifier\":\"\xff\"}", `{"message":"Error occurred while parsing request parameters"}`},
	} {
		t.Run(c.name, func(t *testing.T) { f.call("POST", "/end_users", c.body).is(t, 400, c.answer) })
	}
	t.Run("not declared as JSON", func(t *testing.T) {
		f.clock.advance(1e9)
		r := f.request("POST", f.api+"/end_users", `{"identifier":"lead_a"}`)
		r.Header.Set("Content-Type", "text/plain")
		r.SetBasicAuth(ujet.DefaultSubdomain, ujet.DefaultToken)
		f.do(r).is(t, 400, missing)
	})
	t.Run("too large", func(t *testing.T) {
		body := `{"identifier":"lead_a","name":"` + strings.Repeat("x", 1<<20) + `"}`
		f.call("POST", "/end_users", body).is(t, 413, `{"message":"Request Entity Too Large"}`)
	})
	if err := f.Ledger().View(func(tx *kit.Tx) error {
		found, err := tx.Get(ujet.KindEndUser, "1", new(ujet.EndUser))
		if found {
			t.Error("a refused request stored an end user")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestFindEndUser(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", "/end_users", `{"identifier":"lead a/ü"}`).is(t, 200, `{"id":1,"identifier":"lead a/ü"}`)
	const user = `{"id":1,"identifier":"lead a/ü"}`
	const unknown = `{"message":"Not Found"}`
	for _, c := range []struct {
		query  string
		status int
		answer string
	}{
		{"?id=1", 200, user},
		{"?id=01", 200, user},
		{"?identifier=lead%20a%2F%C3%BC", 200, user},
		{"?id=1&identifier=other", 200, user},
		{"?id=2", 404, unknown},
		{"?id=-1", 404, unknown},
		{"?identifier=other", 404, unknown},
		{"?id=lead", 400, `{"message":"id is not well formed"}`},
		{"?id=99999999999999999999", 400, `{"message":"id is not well formed"}`},
		{"", 400, `{"message":"param is missing or the value is empty: identifier"}`},
		{"?id=&identifier=", 400, `{"message":"param is missing or the value is empty: identifier"}`},
	} {
		t.Run(c.query, func(t *testing.T) { f.call("GET", "/end_users"+c.query, "").is(t, c.status, c.answer) })
	}
}

func storedEndUser(t *testing.T, f *fixture, id string) ujet.EndUser {
	t.Helper()
	var u ujet.EndUser
	if err := f.Ledger().View(func(tx *kit.Tx) error {
		_, err := tx.Get(ujet.KindEndUser, id, &u)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return u
}

func lastRequest(t *testing.T, f *fixture) kit.Request {
	t.Helper()
	all, err := f.Ledger().Requests()
	if err != nil || len(all) == 0 {
		t.Fatalf("%d requests, %v", len(all), err)
	}
	return all[len(all)-1]
}

func text(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

package convertalk_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// C18, C19: unknown routes, and the headers of the vendor's server.
func TestUnknownRoutesAndHeaders(t *testing.T) {
	f, _ := start(t, t.TempDir())
	for _, c := range []struct{ method, path, body string }{
		{"POST", putPath, `{"success":false,"message":"Cannot POST /inbox/direct/lead","code":404}`},
		{"GET", putPath, `{"success":false,"message":"Cannot GET /inbox/direct/lead","code":404}`},
		{"DELETE", "/inbox/direct/chats", `{"success":false,"message":"Cannot DELETE /inbox/direct/chats","code":404}`},
		{"GET", "/", `{"success":false,"message":"Cannot GET /","code":404}`},
	} {
		if a := f.send(c.method, f.api+c.path, "", nil); a.status != 404 || a.body != c.body {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.body)
		}
	}
	weak := regexp.MustCompile(`^W/"[0-9a-f]+-[A-Za-z0-9+/]{27}"$`)
	tags := map[string]bool{}
	for _, a := range []answer{f.put(lead(1, nil)), f.put(`{}`), f.send("GET", f.api+"/", "", nil)} {
		h := a.header
		if h.Get("X-Powered-By") != "Express" || !weak.MatchString(h.Get("ETag")) || h.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%d: %v", a.status, h)
		}
		tags[h.Get("ETag")] = true
	}
	if len(tags) != 3 {
		t.Errorf("different bodies share an ETag: %v", tags)
	}
}

// C15: visitors make records that no client wrote, and go on in those that one did.
func TestVisitors(t *testing.T) {
	f, _ := start(t, t.TempDir())
	visit := func(body string) answer {
		t.Helper()
		f.clock.advance(1e9)
		return f.send("POST", f.control+"/visitors", body, nil)
	}
	opened := decode[convertalk.Visited](t, visit(`{"message":"Hello"}`))
	record := f.list("non-lead", 1)[0]
	if record["uuid"] != opened.UUID || record["_id"] != opened.ID || record["isOnline"] != true || record["websiteVisits"] != 1.0 {
		t.Errorf("record %v", record)
	}
	message, _ := json.Marshal(record["lastMessage"])
	if string(message) != `{"at":"2026-03-04T09:00:01.000Z","by":"user","text":"Hello"}` {
		t.Errorf("last message %s", message)
	}
	f.mustPut(1, map[string]any{"uuid": opened.UUID, "status": "REVIEW"}) // the uuid is one a PUT takes

	visit(`{"uuid":"` + opened.UUID + `","name":"Ada","email":"ada@example.com","phone":"2025550101","dialCode":"+1"}`)
	if got := f.uuids("lead", 1); got != opened.UUID {
		t.Errorf("leads %s", got)
	}
	l := f.stored(opened.UUID)
	if l.Origin != convertalk.OriginVisitor || l.Upserts != 1 || l.Visits != 2 || l.Name != "Ada" || l.DialCode != "+1" ||
		l.Status != "REVIEW" || l.LastMessage.Text != "Hello" {
		t.Errorf("stored %+v", l)
	}
	if again := decode[convertalk.Visited](t, visit(`{}`)); again.UUID == opened.UUID || again.ID == opened.ID {
		t.Errorf("two visitors share %v", again)
	}
	for body, message := range map[string]string{
		`{"uuid":"` + id(9) + `"}`: "no record has the uuid given; leave it out to open the bot anew",
		`{"email":"x"}`:            "email must be a valid email",
		`{"dialCode":"1"}`:         "dialCode must include the + sign",
		`{"mail":"x"}`:             `unknown key "mail"; allowed: uuid, name, email, phone, dialCode, message, answered, count`,
	} {
		if a := visit(body); a.status != 400 || decode[map[string]string](t, a)["error"] != message {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

// C17: the misbehaviours a client has to survive.
func TestFaults(t *testing.T) {
	f, _ := start(t, t.TempDir())
	for _, c := range []struct {
		name, fault string
		status      int
		body        string
		header      [2]string
		upserts     int // after it
	}{
		{"429", `{"status":429,"header":{"Retry-After":"7"}}`, 429, "", [2]string{"Retry-After", "7"}, 0},
		{"500", `{"status":500}`, 500, "", [2]string{}, 0},
		{"502 HTML", `{"status":502,"body":"<html>","header":{"Content-Type":"text/html"}}`, 502, "<html>", [2]string{"Content-Type", "text/html"}, 0},
		{"success false", `{"path":"/inbox/direct/lead","status":200,"body":"{\"success\":false,\"code\":400}"}`, 200, `{"success":false,"code":400}`, [2]string{}, 0},
		{"500 after commit", `{"status":500,"after":true}`, 500, "", [2]string{}, 1},
		{"slow", `{"answerDelayMs":1}`, 200, okBody, [2]string{}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := f.send("POST", f.control+"/faults", c.fault, nil); a.status != 200 {
				t.Fatal(a.body)
			}
			a := f.put(lead(1, nil))
			if a.status != c.status || a.body != c.body || c.header[0] != "" && a.header.Get(c.header[0]) != c.header[1] {
				t.Errorf("%d %s %v", a.status, a.body, a.header)
			}
			if got := f.stored(id(1)).Upserts; got != c.upserts {
				t.Errorf("%d upserts", got)
			}
		})
	}
	t.Run("truncated", func(t *testing.T) {
		if err := f.Faults().Add(kit.Fault{Truncate: true}); err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.listURL("non-lead", "1"), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("x-bot-token", tokenList)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if raw, err := io.ReadAll(res.Body); !errors.Is(err, io.ErrUnexpectedEOF) || json.Valid(raw) {
			t.Errorf("%s, %v", raw, err)
		}
	})
}

func TestLedgerSurvivesReopen(t *testing.T) {
	dir := t.TempDir()
	f, stop := start(t, dir)
	f.mustPut(1, map[string]any{"email": "ada@example.com"})
	before := f.stored(id(1))
	f.set(`{"arrayMode":"replace"}`)
	if _, err := convertalk.New(convertalk.Config{Dir: dir}); !errors.Is(err, kit.ErrLedgerLocked) {
		t.Fatalf("a second emulator on one ledger: %v", err)
	}
	stop()

	f, _ = start(t, dir)
	if all, err := f.Ledger().Requests(); err != nil || len(all) != 1 || all[0].Record != id(1) {
		t.Fatalf("%v, %v", all, err)
	}
	f.mustPut(1, nil)
	f.mustPut(2, nil)
	if l := f.stored(id(1)); l.ID != before.ID || l.Upserts != 2 || !l.CreatedAt.Equal(before.CreatedAt) {
		t.Errorf("stored %+v", l)
	}
	if l := f.stored(id(2)); l.Seq != 2 || l.ID == before.ID {
		t.Errorf("stored %+v", l)
	}
	if mode := f.Settings().Get().ArrayMode; mode != convertalk.ArraysReplace {
		t.Errorf("array mode %s", mode)
	}
}

func TestControl(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.mustPut(1, nil)
	f.mustPut(1, nil)
	ledger := decode[struct {
		Requests []kit.Request                `json:"requests"`
		Records  map[string][]convertalk.Lead `json:"records"`
	}](t, f.send("GET", f.control+"/ledger", "", nil))
	leads := ledger.Records[convertalk.KindLead]
	if len(ledger.Requests) != 2 || len(ledger.Records) != 1 || len(leads) != 1 || leads[0].Upserts != 2 {
		t.Fatalf("%+v", ledger)
	}
	a := f.send("GET", f.control+"/settings", "", nil)
	if want := `{"acceptEitherToken":false,"arrayMode":"union","lagMS":0,"foreignIDs":"unauthorized","anyUUID":false,"visitorsPerListing":0,"webhooks":null,"webhookModule":false,"silentPut":false,"hookRetryMs":null}`; a.body != want {
		t.Errorf("settings %s", a.body)
	}
}

package verse_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"sync"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

const (
	closedText = "Your account is not set up to receive leads at this time. If you would like to make a change, please contact your account manager. "
	holdText   = "Your account is currently on hold. Please contact your account manager if you would like to reactivate."
)

// Every way a phone and an address can be good, bad or missing.
func TestCreateByContact(t *testing.T) {
	cases := []struct {
		name, body string
		status     int
		message    string
	}{
		{"both good", `{"phoneNumber":"619-555-0101","email":"ada@example.com"}`, 201, "Created Lead"},
		{"phone only", `{"phoneNumber":"+16195550101"}`, 201, "Created Lead"},
		{"other spelling of the key", `{"phone":"(619) 555.0101"}`, 201, "Created Lead"},
		{"email only", `{"email":"ada@example.com"}`, 201, "Created Lead"},
		{"area starts with 1", `{"phoneNumber":"119-555-0101"}`, 201, "Created lead, but phone is invalid, and no email was provided"},
		{"exchange starts with 0", `{"phoneNumber":"6190550101"}`, 201, "Created lead, but phone is invalid, and no email was provided"},
		{"not North American", `{"phoneNumber":"+44 20 7946 0101"}`, 201, "Created lead, but phone is invalid, and no email was provided"},
		{"on the bad list", `{"phoneNumber":"619-555-0199"}`, 201, "Created lead, but phone is invalid, and no email was provided"},
		{"unusable phone, bad email", `{"phoneNumber":"0195550101","email":"nobody"}`, 201, "Created lead, but phone is invalid, and no email was provided"},
		{"unusable phone, good email", `{"phoneNumber":"0195550101","email":"ada@example.com"}`, 201, "Created lead, but phone is invalid, email was valid"},
		{"malformed phone, good email", `{"phoneNumber":"12","email":"ada@example.com"}`, 201, "Created lead, but phone is invalid, email was valid"},
		{"good phone, bad email", `{"phoneNumber":"6195550101","email":"ada@localhost"}`, 201, "Created lead, but email is invalid, phone was valid"},
		{"nothing", `{"firstName":"Ada"}`, 422, `"phone" is required`},
		{"blank", `{"phoneNumber":" ","email":""}`, 422, `"phone" is required`},
		{"phone too short", `{"phoneNumber":"619-555-010"}`, 422, "phone is invalid"},
		{"phone too long", `{"phoneNumber":"1234567890123456"}`, 422, "phone is invalid"},
		{"phone with letters", `{"phoneNumber":"619-555-0101 ext"}`, 422, "phone is invalid"},
		{"malformed phone, bad email", `{"phoneNumber":"12","email":"x@"}`, 422, "phone is invalid"},
		{"email bad, no phone", `{"email":"Ada <ada@example.com>"}`, 422, "email is invalid"},
		{"not JSON", `phone=6195550101`, 422, "Invalid request body"},
		{"not an object", `["6195550101"]`, 422, "Invalid request body"},
		{"null", `null`, 422, "Invalid request body"},
		{"empty", ``, 422, "Invalid request body"},
		{"number for text", `{"phoneNumber":6195550101}`, 422, "Invalid request body"},
		{"null for text", `{"phoneNumber":"6195550101","city":null}`, 422, "Invalid request body"},
		{"custom fields of numbers", `{"phoneNumber":"6195550101","customFields":{"a":1}}`, 422, "Invalid request body"},
		{"custom fields a list", `{"phoneNumber":"6195550101","customFields":[]}`, 422, "Invalid request body"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, verse.Config{})
			r.set(`{"badNumbers":["(619) 555-0199"]}`)
			status, body := r.post("/zapier", c.body)
			var out struct{ Message, ID string }
			if err := json.Unmarshal([]byte(body), &out); err != nil || status != c.status || out.Message != c.message {
				t.Fatalf("answer = %d %s, %v; want %d %q", status, body, err, c.status, c.message)
			}
			leads := r.leads()
			if c.status != http.StatusCreated {
				if len(leads) != 0 || out.ID != "" {
					t.Errorf("refused, but there is %+v", leads)
				}
				return
			}
			if len(leads) != 1 || leads[0].ID != out.ID || leads[0].Message != c.message || leads[0].State != verse.StateActive {
				t.Errorf("ledger = %+v, answer %s", leads, body)
			}
		})
	}
}

// Each step breaks one more rule than the next, so the answers show the order
// in which the rules are looked at.
func TestOrderOfChecks(t *testing.T) {
	r := newRig(t, verse.Config{})
	r.create(`{"phoneNumber":"6195550101"}`)
	r.set(`{"hold":true,"intakeClosed":true}`)
	wrong := r.url + "/zapierr"
	right := r.url + "/zapier"
	steps := []struct {
		before, method, url, key, body string
		status                         int
		message                        string
	}{
		{"", "GET", wrong, "", "", 401, "Unauthorized"},
		{"", "GET", wrong, "other-key", "", 401, "Unauthorized"},
		{"", "POST", wrong, verse.DefaultKey, "", 403, "Missing Authentication Token"},
		{"", "GET", right, verse.DefaultKey, "", 403, "Missing Authentication Token"},
		{"", "POST", right + "/", verse.DefaultKey, "", 403, "Missing Authentication Token"},
		{"", "POST", right, verse.DefaultKey, "", 422, "Invalid request body"},
		{"", "POST", right, verse.DefaultKey, "{}", 422, holdText},
		{`{"hold":false}`, "POST", right, verse.DefaultKey, "{}", 422, closedText},
		{`{"intakeClosed":false}`, "POST", right, verse.DefaultKey, "{}", 422, `"phone" is required`},
		{"", "POST", right, verse.DefaultKey, `{"phoneNumber":"1"}`, 422, "phone is invalid"},
		{"", "POST", right, verse.DefaultKey, `{"phoneNumber":"6195550101"}`, 409, "Duplicate Lead"},
	}
	for i, s := range steps {
		if s.before != "" {
			r.set(s.before)
		}
		if status, body := r.do(s.method, s.url, s.key, s.body); status != s.status || body != say(s.message) {
			t.Errorf("step %d = %d %s, want %d %s", i, status, body, s.status, s.message)
		}
	}
}

func TestOutsideTheBasePath(t *testing.T) {
	r := newRig(t, verse.Config{})
	root := r.url[:len(r.url)-len(verse.BasePath)]
	if status, body := r.do("POST", root+"/zapier", verse.DefaultKey, `{"phone":"6195550101"}`); status != 403 || body != say("Missing Authentication Token") {
		t.Errorf("with a key = %d %s", status, body)
	}
	if status, body := r.do("POST", root+"/zapier", "", ""); status != 401 || body != say("Unauthorized") {
		t.Errorf("without a key = %d %s", status, body)
	}
	requests, err := r.emu.Ledger().Requests()
	if err != nil || len(requests) != 2 || requests[0].Path != "/zapier" {
		t.Errorf("entries = %+v, %v", requests, err)
	}
}

func TestDuplicate(t *testing.T) {
	cases := map[string]struct {
		body   string
		status int
	}{
		"same phone, written otherwise":  {`{"phoneNumber":"1 (619) 555-0101"}`, 409},
		"same email, in capitals":        {`{"phoneNumber":"6195550102","email":"ADA@example.com"}`, 409},
		"other person":                   {`{"phoneNumber":"6195550102","email":"grace@example.com"}`, 201},
		"same malformed phone, no match": {`{"phoneNumber":"12","email":"grace@example.com"}`, 201},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, verse.Config{})
			first := r.create(`{"phoneNumber":"619-555-0101","email":"ada@example.com"}`)
			r.create(`{"phoneNumber":"12","email":"edith@example.com"}`)
			status, body := r.post("/zapier", c.body)
			if status != c.status {
				t.Fatalf("answer = %d %s", status, body)
			}
			if status == http.StatusConflict {
				if body != say("Duplicate Lead") || len(r.leads()) != 2 {
					t.Errorf("answer = %s, leads = %+v", body, r.leads())
				}
				requests, _ := r.emu.Ledger().Requests()
				if last := requests[len(requests)-1]; last.Record != first || last.Effect != "" {
					t.Errorf("entry = %+v", last)
				}
			}
		})
	}
}

func TestLegacyConflictBody(t *testing.T) {
	r := newRig(t, verse.Config{})
	r.create(`{"phone":"6195550101"}`)
	r.set(`{"legacyConflict":true}`)
	want := `{"code":110,"message":"Duplicate","status":{"code":409,"message":"Conflict"}}`
	if status, body := r.post("/zapier", `{"phone":"6195550101"}`); status != 409 || body != want {
		t.Errorf("answer = %d %s", status, body)
	}
}

func TestConcurrentTwinsCreateOne(t *testing.T) {
	const twins = 8
	r := newRig(t, verse.Config{})
	var all sync.WaitGroup
	statuses := make([]int, twins)
	for i := range twins {
		all.Go(func() { statuses[i], _ = r.post("/zapier", `{"phone":"6195550101","zapierLeadId":"ours"}`) })
	}
	all.Wait()
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	if count[201] != 1 || count[409] != twins-1 || len(r.leads()) != 1 {
		t.Errorf("answers = %v, leads = %+v", count, r.leads())
	}
}

var uuidV4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestRecordOfALead(t *testing.T) {
	dir := t.TempDir()
	sent := `{"phoneNumber":"619-555-0101","email":" Ada@Example.com","zapierLeadId":"ours-1","agent.email":"rep@example.com","customFields":{"utm":"cpc"},"extra":[1,null]}`
	var id string
	t.Run("create", func(t *testing.T) {
		r := newRig(t, verse.Config{Dir: dir})
		id = r.create(sent)
		requests, err := r.emu.Ledger().Requests()
		if err != nil || len(requests) != 1 {
			t.Fatal(requests, err)
		}
		if e := requests[0]; e.Path != "/zapier" || e.Status != 201 || e.Record != id || e.Effect != kit.EffectCreated || string(e.Body) != sent {
			t.Errorf("entry = %+v", e)
		}
	})
	r := newRig(t, verse.Config{Dir: dir}) // a restart finds the same vendor
	l := r.lead(id)
	if !uuidV4.MatchString(l.ID) {
		t.Errorf("id = %s", l.ID)
	}
	if l.Account != verse.DefaultAccount || l.ZapierLeadID != "ours-1" || l.Phone != "+16195550101" ||
		l.Email != "ada@example.com" || !l.CreatedTime.Equal(noon) || l.EndedTime != nil || string(l.Fields) != sent {
		t.Errorf("record = %+v, fields %s", l, l.Fields)
	}
	if status, _ := r.post("/zapier", sent); status != 409 {
		t.Errorf("duplicate after a restart = %d", status)
	}
}

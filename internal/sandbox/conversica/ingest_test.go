package conversica_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/conversica"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

const accepted = `{"message":"Lead received","status":true}`

// A wrong method is refused before the sign-in is looked at, and that before
// the body.
func TestOrderOfChecks(t *testing.T) {
	r := newRig(t, t.TempDir())
	cases := []struct {
		method, path, password string
		status                 int
		header, value          string
		withStatusKey          bool
	}{
		{"GET", "/json/", "", 405, "Allow", "POST", true},
		{"PUT", "/json/", "wrong", 405, "Allow", "POST", true},
		{"DELETE", "/json/", conversica.DefaultPassword, 405, "Allow", "POST", true},
		{"POST", "/json/", "", 401, "WWW-Authenticate", `Basic realm="Conversica"`, false},
		{"POST", "/json/", "wrong", 401, "WWW-Authenticate", `Basic realm="Conversica"`, false},
		{"POST", "/json/", conversica.DefaultPassword, 400, "Content-Type", "application/json; charset=utf-8", true},
		{"POST", "/json", conversica.DefaultPassword, 404, "Content-Type", "application/json; charset=utf-8", true},
		{"GET", "/", "", 404, "Content-Type", "application/json; charset=utf-8", true},
	}
	for _, c := range cases {
		res, body := r.do(c.method, c.path, c.password, "no JSON")
		if res.StatusCode != c.status || res.Header.Get(c.header) != c.value {
			t.Errorf("%s %s = %d, %s: %q", c.method, c.path, res.StatusCode, c.header, res.Header.Get(c.header))
		}
		var keys map[string]any
		if err := json.Unmarshal([]byte(body), &keys); err != nil {
			t.Fatalf("%s %s: %s: %v", c.method, c.path, body, err)
		}
		status, given := keys["status"]
		if keys["message"] == "" || given != c.withStatusKey || (given && status != false) {
			t.Errorf("%s %s: body %s", c.method, c.path, body)
		}
	}
}

func TestBodies(t *testing.T) {
	type change map[string]any
	cases := map[string]struct {
		settings, body string
		says           string // of the 400; empty means 200
	}{
		"minimal":               {`{}`, lead(nil), ""},
		"unknown keys":          {`{}`, lead(change{"shoeSize": 9, "x": nil, "list": []int{1}}), ""},
		"numeric offset":        {`{}`, lead(change{"date": "2026-03-04T15:06:07+00:00"}), ""},
		"other offset":          {`{}`, lead(change{"date": "2026-03-04T15:06:07-07:00"}), ""},
		"zulu":                  {`{}`, lead(change{"date": "2026-03-04T15:06:07Z"}), ""},
		"malformed email":       {`{}`, lead(change{"email": "nobody"}), ""},
		"false is a boolean":    {`{}`, lead(change{"optOut": false, "stopMessaging": true}), ""},
		"not JSON":              {`{}`, `id=1`, "must be a JSON object"},
		"not an object":         {`{}`, `[]`, "must be a JSON object"},
		"null":                  {`{}`, `null`, "must be a JSON object"},
		"empty":                 {`{}`, ``, "must be a JSON object"},
		"no apiVersion":         {`{}`, lead(change{"apiVersion": nil}), "apiVersion is required"},
		"no id":                 {`{}`, lead(change{"id": nil}), "id is required"},
		"no firstName":          {`{}`, lead(change{"firstName": nil}), "firstName is required"},
		"no email":              {`{}`, lead(change{"email": nil}), "email is required"},
		"no leadSource":         {`{}`, lead(change{"leadSource": nil}), "leadSource is required"},
		"no repName":            {`{}`, lead(change{"repName": nil}), "repName is required"},
		"blank repName":         {`{}`, lead(change{"repName": ""}), "repName is required"},
		"blank repName allowed": {`{"allowBlank":true}`, lead(change{"repName": ""}), ""},
		"blank id all the same": {`{"allowBlank":true}`, lead(change{"id": ""}), "id is required"},
		"number for id":         {`{}`, lead(change{"id": 7}), "id must be a string"},
		"number for year":       {`{}`, lead(change{"year": 2020}), "year must be a string"},
		"string for boolean":    {`{}`, lead(change{"optOut": "true"}), "optOut must be a boolean"},
		"null for text":         {`{}`, lead(change{"city": json.RawMessage("null")}), "city must be a string"},
		"null for boolean":      {`{}`, lead(change{"smsOptIn": json.RawMessage("null")}), "smsOptIn must be a boolean"},
		"date without zone":     {`{}`, lead(change{"date": "2026-03-04T15:06:07"}), "date must be an RFC 3339"},
		"number for date":       {`{}`, lead(change{"appointmentDate": 5}), "appointmentDate must be an RFC 3339"},
		"conversation missing":  {`{"requireConversationId":true}`, lead(nil), "conversationId is required"},
		"conversation there":    {`{"requireConversationId":true}`, lead(change{"conversationId": "c"}), ""},
		"client missing":        {`{"requireClientId":true}`, lead(nil), "clientId is required"},
		"client there":          {`{"requireClientId":true}`, lead(change{"clientId": "c"}), ""},
		"SMS without phone":     {`{"smsConversations":["sms"]}`, lead(change{"conversationId": "sms", "smsOptIn": true, "smsOptOut": false}), "cellPhone is required for SMS"},
		"SMS without opt-in":    {`{"smsConversations":["sms"]}`, lead(change{"conversationId": "sms", "cellPhone": "6195550101", "smsOptOut": false}), "smsOptIn is required for SMS"},
		"SMS without opt-out":   {`{"smsConversations":["sms"]}`, lead(change{"conversationId": "sms", "cellPhone": "6195550101", "smsOptIn": true}), "smsOptOut is required for SMS"},
		"SMS with all":          {`{"smsConversations":["sms"]}`, lead(change{"conversationId": "sms", "cellPhone": "6195550101", "smsOptIn": true, "smsOptOut": false}), ""},
		"other conversation":    {`{"smsConversations":["sms"]}`, lead(change{"conversationId": "mail"}), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, t.TempDir())
			r.set(c.settings)
			status, answer := r.post(c.body)
			if c.says == "" {
				if status != 200 || answer != accepted || len(r.leads()) != 1 {
					t.Errorf("answer = %d %s, leads = %+v", status, answer, r.leads())
				}
				return
			}
			if status != 400 || !strings.Contains(answer, c.says) || !strings.Contains(answer, `"status":false`) || len(r.leads()) != 0 {
				t.Errorf("answer = %d %s, leads = %+v", status, answer, r.leads())
			}
		})
	}
}

func TestUpsert(t *testing.T) {
	dir := t.TempDir()
	t.Run("first life", func(t *testing.T) {
		r := newRig(t, dir)
		r.post(lead(map[string]any{"clientId": "a", "city": "Ulm"}))
		r.offset.Store(int64(time.Hour))
		r.post(lead(map[string]any{"clientId": "a", "firstName": "Augusta", "stopMessaging": true}))
		r.post(lead(map[string]any{"clientId": "b"}))
		r.post(lead(nil))
		requests, err := r.emu.Ledger().Requests()
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []struct{ record, effect string }{
			{"a/lead-1", kit.EffectCreated}, {"a/lead-1", kit.EffectUpdated}, {"b/lead-1", kit.EffectCreated}, {"/lead-1", kit.EffectCreated},
		} {
			if e := requests[i]; e.Record != want.record || e.Effect != want.effect || e.Status != 200 || e.Path != "/json/" {
				t.Errorf("entry %d = %+v", i, e)
			}
		}
	})

	r := newRig(t, dir)
	find := func(clientID string) conversica.Lead {
		t.Helper()
		for _, l := range r.leads() {
			if l.ClientID == clientID && l.ID == "lead-1" {
				return l
			}
		}
		t.Fatalf("no lead of client %q", clientID)
		return conversica.Lead{}
	}
	l := find("a")
	if l.Posts != 2 || !l.CreatedTime.Equal(noon) || !l.UpdatedTime.Equal(noon.Add(time.Hour)) {
		t.Errorf("record = %+v", l)
	}
	if string(l.Fields["firstName"]) != `"Augusta"` || string(l.Fields["city"]) != `"Ulm"` || string(l.Fields["stopMessaging"]) != "true" {
		t.Errorf("fields = %s", l.Fields)
	}
	if find("b").Posts != 1 || find("").Posts != 1 || len(r.leads()) != 3 {
		t.Errorf("leads = %+v", r.leads())
	}

	r.set(`{"omittedClears":true}`)
	r.post(lead(map[string]any{"clientId": "a"}))
	if l := find("a"); l.Posts != 3 || l.Fields["city"] != nil || l.Fields["stopMessaging"] != nil {
		t.Errorf("after clearing = %+v", l)
	}
}

func TestRecordIDsDoNotCollide(t *testing.T) {
	if a, b := conversica.RecordID("a/b", "c"), conversica.RecordID("a", "b/c"); a == b {
		t.Errorf("both are %s", a)
	}
}

func TestLockout(t *testing.T) {
	r := newRig(t, t.TempDir())
	try := func(password string, want int) {
		t.Helper()
		if res, body := r.do(http.MethodPost, "/json/", password, lead(nil)); res.StatusCode != want {
			t.Errorf("answer = %d %s, want %d", res.StatusCode, body, want)
		}
	}
	for range 10 {
		try("wrong", 401) // off at first
	}
	r.set(`{"lockoutAfter":2,"lockoutSeconds":30}`)
	try(conversica.DefaultPassword, 200) // a success starts the count anew
	try("wrong", 401)
	try(conversica.DefaultPassword, 200)
	try("wrong", 401)
	try("wrong", 401)
	try(conversica.DefaultPassword, 403)
	r.offset.Store(int64(29 * time.Second))
	r.set(`{"lockoutStatus":401}`)
	try(conversica.DefaultPassword, 401)
	r.offset.Store(int64(30 * time.Second))
	try(conversica.DefaultPassword, 200)
	try("wrong", 401)
	try(conversica.DefaultPassword, 200)
}

func TestSettingsAreChecked(t *testing.T) {
	r := newRig(t, t.TempDir())
	for patch, says := range map[string]string{
		`{"strict":true}`:       "unknown key \"strict\"; allowed: requireConversationId, requireClientId,",
		`{"lockoutAfter":-1}`:   "lockoutAfter",
		`{"lockoutSeconds":0}`:  "lockoutSeconds",
		`{"lockoutStatus":500}`: "lockoutStatus",
	} {
		if _, err := r.emu.Settings().Patch([]byte(patch)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", patch, err)
		}
	}
}

// What the vendor might do to a client: refusals, empty and broken answers.
func TestFaults(t *testing.T) {
	cases := map[string]struct {
		fault  kit.Fault
		status int
		body   string
		stored int
	}{
		"429":               {kit.Fault{Status: 429, Header: map[string]string{"Retry-After": "2"}}, 429, "", 0},
		"500":               {kit.Fault{Status: 500}, 500, "", 0},
		"503":               {kit.Fault{Status: 503}, 503, "", 0},
		"200 without body":  {kit.Fault{Status: 200, After: true}, 200, "", 1},
		"200 with no JSON":  {kit.Fault{Status: 200, Body: "OK", After: true}, 200, "OK", 1},
		"only another path": {kit.Fault{Path: "/jsonp", Drop: true}, 200, accepted, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, t.TempDir())
			if err := r.emu.Faults().Add(c.fault); err != nil {
				t.Fatal(err)
			}
			if status, body := r.post(lead(nil)); status != c.status || body != c.body || len(r.leads()) != c.stored {
				t.Errorf("answer = %d %q, leads = %+v", status, body, r.leads())
			}
		})
	}
}

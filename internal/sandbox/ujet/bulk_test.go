package ujet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

const goodRow = `{"email":"gil@agents.example.com","first_name":"Gil","last_name":"Ito"}`

// uploadBulk uploads a file of users and returns the job's id as text.
func (f *fixture) uploadBulk(t *testing.T, content string) string {
	t.Helper()
	a := f.form(t, "POST", "/bulk/users/upload", ujet.APIUserToken, []byte(content), nil)
	a.has(t, 201, map[string]any{"status": "created"})
	if link := a.at(t, "link").(string); link != a.header.Get("Link") || !strings.Contains(link, "/apps/api/v1/bulk/users_jobs/") {
		t.Errorf("link %s, header %s", link, a.header.Get("Link"))
	}
	return encode(t, a.at(t, "id"))
}

func TestBulkJobThroughItsStates(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.set(t, `{"jobSeconds":2}`) // every other request finds a step done
	id := f.uploadBulk(t, `[`+goodRow+`,
		{"email":"Ben@agents.example.com","first_name":"Benno","last_name":"Diaz","status":"Inactive","location":"lisbon","max_chat_limit":"7",
		 "max_chat_limit_enabled":0,"agent_number":"B7","roles":[{"name":"Manager","value":1},{"name":"Agent","value":0},{"name":"King","value":1}],
		 "teams":[{"name":"Support","value":""}]},
		{"email":"cleo@agents.example.com","new_email":"ana@agents.example.com","first_name":"Cleo","last_name":"Evans"}]`)
	job := "/bulk/users/jobs/" + id
	f.call("GET", job, "").has(t, 200, map[string]any{"status": "created", "filename": "people.json", "total_rows": 0, "process_requested_at": nil})
	f.call("GET", job, "").has(t, 200, map[string]any{"status": "valid_scheme", "total_rows": 3})
	f.form(t, "POST", "/bulk/users/proceed", ujet.DefaultToken, nil, map[string]string{"id": id}).has(t, 200, map[string]any{"status": "valid_scheme"})
	f.call("GET", job, "").has(t, 200, map[string]any{"status": "valid_scheme", "affected_rows": 0})
	f.call("GET", job, "").has(t, 200, map[string]any{"status": "in_progress"})
	f.call("GET", job, "")
	f.call("GET", job, "").has(t, 200, map[string]any{"status": "finished", "affected_rows": 2, "failed_rows": 1, "update_errors.0.row": 2})
	f.call("GET", "/bulk/users/errors/scheme/"+id, "").is(t, 200, `[]`)
	f.call("GET", "/bulk/users/errors/update/"+id, "").is(t, 200, `[
		{"message":"Role 'King' is not found","column":"roles","row":2,"error_type":"warning"},
		{"message":"new_email has already been taken","column":"new_email","row":3,"error_type":"error"}]`)

	f.call("GET", "/users?email[]=gil@agents.example.com", "").has(t, 200, map[string]any{"0.id": 1001, "0.first_name": "Gil", "0.deactivated_at": nil})
	f.call("GET", "/users?id[]=22", "").has(t, 200, map[string]any{
		"0.first_name": "Benno", "0.location": "Lisbon", "0.max_chat_limit": 7, "0.max_chat_limit_enabled": false, "0.agent_number": "B7",
		"0.roles.0.name": "Manager", "0.teams.0.name": "Sales", "0.deactivated_at": "2026-03-04T09:00:08.000Z",
	})
	f.refuses(t, []string{ujet.KindUser},
		refusal{"done", "POST", "/bulk/users/proceed", `{"id":` + id + `}`, 400, "Job status must be valid_scheme"})
	if a := f.form(t, "PUT", "/bulk/users/upload", ujet.APIUserToken, []byte(`[]`), map[string]string{"id": id}); a.status != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// Many users at once, one of whom changes over to an address that another row has just given up.
func TestBulkJobOfManyUsers(t *testing.T) {
	f, _ := start(t, t.TempDir())
	rows := []string{
		with(t, goodRow, `email="ana@agents.example.com"`, `new_email="ana.new@agents.example.com"`),
		with(t, goodRow, `email="ben@agents.example.com"`, `new_email="ana@agents.example.com"`),
	}
	for i := range 500 {
		rows = append(rows, with(t, goodRow, fmt.Sprintf(`email="agent%d@agents.example.com"`, i)))
	}
	id := f.uploadBulk(t, "["+strings.Join(rows, ",")+"]")
	f.call("GET", "/bulk/users/jobs/"+id, "")
	f.call("POST", "/bulk/users/proceed", `{"id":`+id+`}`).has(t, 200, nil)
	f.call("GET", "/bulk/users/jobs/"+id, "")
	f.call("GET", "/bulk/users/jobs/"+id, "").has(t, 200, map[string]any{"status": "finished", "affected_rows": 502, "failed_rows": 0})
	f.call("GET", "/users?email[]=ana@agents.example.com", "").has(t, 200, map[string]any{"0.id": 22})
	if a := f.call("GET", "/users?per=1000", ""); a.header.Get("Total") != "506" {
		t.Errorf("%s users", a.header.Get("Total"))
	}
}

func TestBulkSchemeErrors(t *testing.T) {
	f, _ := start(t, t.TempDir())
	for _, c := range []struct{ content, message, column string }{
		{`{}`, "File must be a JSON array of users", ""},
		{`no JSON`, "File must be a JSON array of users", ""},
		{`[]`, "File has no users", ""},
		{`[{"first_name":"Gil","last_name":"Ito"}]`, "email can't be blank", "email"},
		{`[` + with(t, goodRow, `email="gil"`) + `]`, "email is not a valid email", "email"},
		{`[` + goodRow + `,` + with(t, goodRow, `email="GIL@agents.example.com"`) + `]`, "email is in the file more than once", "email"},
		{`[` + with(t, goodRow, `new_email="gil"`) + `]`, "new_email is not a valid email", "new_email"},
		{`[` + with(t, goodRow, `first_name=""`) + `]`, "first_name can't be blank", "first_name"},
		{`[` + with(t, goodRow, `last_name=7`) + `]`, "last_name must be a string", "last_name"},
		{`[` + with(t, goodRow, `status="Retired"`) + `]`, "status must be Active, Inactive or empty", "status"},
		{`[` + with(t, goodRow, `location="Moon"`) + `]`, "location is not an existing location", "location"},
		{`[` + with(t, goodRow, `max_chat_limit=21`) + `]`, "max_chat_limit must be 1 to 20 or empty", "max_chat_limit"},
		{`[` + with(t, goodRow, `max_chat_limit="many"`) + `]`, "max_chat_limit must be 1 to 20 or empty", "max_chat_limit"},
		{`[` + with(t, goodRow, `max_chat_limit_enabled=2`) + `]`, "max_chat_limit_enabled must be 0, 1 or empty", "max_chat_limit_enabled"},
		{`[` + with(t, goodRow, `roles=[{"name":"Agent","value":2}]`) + `]`, "roles must have a name and the value 0, 1 or empty", "roles"},
		{`[` + with(t, goodRow, `teams={}`) + `]`, "teams must be a list of name and value", "teams"},
	} {
		t.Run(c.message+c.content, func(t *testing.T) {
			id := f.uploadBulk(t, c.content)
			a := f.call("GET", "/bulk/users/errors/scheme/"+id, "")
			want := map[string]any{"0.message": c.message, "0.column": nil}
			if c.column != "" {
				want["0.column"] = c.column
			}
			a.has(t, 200, want)
			f.call("GET", "/bulk/users/jobs/"+id, "").has(t, 200, map[string]any{"status": "invalid_scheme"})
			f.refuses(t, nil, refusal{"", "POST", "/bulk/users/proceed", `{"id":` + id + `}`, 400, "Job status must be valid_scheme"})
		})
	}
	// A second file mends the job.
	f.form(t, "PUT", "/bulk/users/upload", ujet.DefaultToken, []byte(`[`+goodRow+`]`), map[string]string{"id": "1"}).has(t, 200, map[string]any{"status": "created", "id": 1})
	f.ask("POST", "/jobs/run", "").is(t, 200, `{}`)
	if a := f.send("GET", "/bulk/users/jobs/1", ""); a.status == 200 {
		a.has(t, 200, map[string]any{"status": "valid_scheme", "scheme_errors.0": nil})
	}
}

func TestBulkRefused(t *testing.T) {
	f, _ := start(t, t.TempDir())
	const missing = `{"message":"param is missing or the value is empty: `
	f.form(t, "POST", "/bulk/users/upload", ujet.DefaultToken, nil, nil).is(t, 400, missing+`file"}`)
	f.form(t, "PUT", "/bulk/users/upload", ujet.DefaultToken, []byte(`[]`), nil).is(t, 400, missing+`id"}`)
	f.form(t, "PUT", "/bulk/users/upload", ujet.DefaultToken, []byte(`[]`), map[string]string{"id": "9"}).is(t, 404, `{"message":"Not Found"}`)
	f.form(t, "POST", "/bulk/users/proceed", ujet.DefaultToken, nil, map[string]string{"id": "x"}).is(t, 400, `{"message":"id is not well formed"}`)
	f.refuses(t, []string{ujet.KindBulkJob},
		refusal{"", "GET", "/bulk/users/jobs/1", "", 404, "Not Found"},
		refusal{"", "GET", "/bulk/users/errors/scheme/1", "", 404, "Not Found"},
		refusal{"", "GET", "/bulk/users/errors/update/1", "", 404, "Not Found"},
		refusal{"", "POST", "/bulk/users/proceed", `{}`, 400, "param is missing or the value is empty: id"},
	)
	// The company's secret opens the API, but not this part of it.
	f.form(t, "POST", "/bulk/users/upload", ujet.DefaultCompanySecret, []byte(`[]`), nil).is(t, 401, `{"message":"Unauthorized"}`)
	f.form(t, "POST", "/sms", ujet.DefaultCompanySecret, nil, nil).is(t, 400, `{"message":"chat_type needs to be provided"}`)
}

func TestBulkTemplate(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("GET", "/bulk/users/template", "").has(t, 200, map[string]any{
		"0.email": "ana@agents.example.com", "0.status": "Active", "0.roles.0.name": "Agent", "0.roles.0.value": 1, "0.roles.1.value": 0,
		"0.teams.0.value": 1, "0.teams.1.name": "Support", "0.max_chat_limit_enabled": 1,
	})
}

package ujet_test

import (
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

func TestImportContacts(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.set(t, `{"jobSeconds":2}`)
	f.call("POST", contacts, `{"phone_number":"+12025550101"}`)
	const jobs = "/outbound_dialer/campaigns/1/contacts/jobs"
	a := f.form(t, "POST", contacts+"/import", ujet.DefaultToken, []byte(`[
		{"phone_number":"+12025550102","name":"Ada","external_unique_id":"lead_a"},{"phone_number":"+12025550102"},
		{"phone_number":"+12025550101"},{"phone_number":"202"},{"name":"Bo"}]`), nil)
	a.is(t, 202, `{"job_id":1,"status":"created"}`)
	if at := a.header.Get("Location"); !strings.HasSuffix(at, jobs+"/1") {
		t.Errorf("Location %s", at)
	}
	f.call("GET", jobs+"/1", "").has(t, 200, map[string]any{"status": "created", "total_rows": 5})
	f.call("GET", jobs+"/1", "").has(t, 200, map[string]any{"status": "in_progress"})
	f.call("GET", jobs+"/1", "")
	f.call("GET", jobs+"/1", "").is(t, 200, `{"id":1,"status":"finished","created_at":"2026-03-04T09:00:02.000Z","filename":"people.json","total_rows":5,"failed_rows":4,"errors":[
		{"message":"phone_number is a duplicate","column":null,"row":2},{"message":"phone_number is a duplicate","column":null,"row":3},
		{"message":"phone_number is invalid","column":null,"row":4},{"message":"param is missing or the value is empty: phone_number","column":null,"row":5}]}`)
	f.call("GET", contacts, "").has(t, 200, map[string]any{"1.id": 2, "1.unique_id": "lead_a", "1.status": "Upcoming"})
	f.form(t, "POST", contacts+"/import", ujet.DefaultToken, []byte(`[]`), nil)
	f.call("GET", jobs, "").has(t, 200, map[string]any{"0.id": 2, "1.id": 1})
	f.call("GET", "/outbound_dialer/campaigns/2/contacts/jobs", "").is(t, 200, `[]`)
}

func TestImportRefused(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.form(t, "POST", contacts+"/import", ujet.DefaultToken, nil, nil).is(t, 400, `{"message":"param is missing or the value is empty: file"}`)
	f.form(t, "POST", contacts+"/import", ujet.DefaultToken, []byte(`{}`), nil).is(t, 400, `{"message":"file must be a JSON array of contacts"}`)
	f.form(t, "POST", "/outbound_dialer/campaigns/9/contacts/import", ujet.DefaultToken, []byte(`[]`), nil).is(t, 404, `{"message":"Not Found"}`)
	f.refuses(t, []string{ujet.KindImportJob, ujet.KindContact},
		refusal{"", "GET", contacts + "/jobs/1", "", 404, "Not Found"},
		refusal{"", "GET", "/outbound_dialer/campaigns/9/contacts/jobs", "", 404, "Not Found"},
	)
}

func TestContactsMoveOnControl(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", contacts, `{"phone_number":"+12025550101"}`)
	f.ask("POST", "/contacts/status", `{"id":1,"status":"Connected","callId":32}`).has(t, 200, map[string]any{"status": "Connected", "assigned_call_id": 32})
	f.call("GET", contacts, "").has(t, 200, map[string]any{"0.status": "Connected"})
	for _, body := range []string{`{"id":1,"status":"Gone"}`, `{"id":9,"status":"Finished"}`, `{"idx":1}`} {
		if a := f.ask("POST", "/contacts/status", body); a.status != 400 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

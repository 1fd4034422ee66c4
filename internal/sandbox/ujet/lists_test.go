package ujet_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

var listKinds = []string{ujet.KindContactList, ujet.KindContactRecord}

func TestContactLists(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", "/contact_lists", `{"name":"Partners"}`).is(t, 201,
		`{"id":2,"name":"Partners","created_at":"2026-03-04T09:00:01.000Z","updated_at":"2026-03-04T09:00:01.000Z"}`)
	f.call("PATCH", "/contact_lists/2", `{"name":"Friends"}`).has(t, 200, map[string]any{"name": "Friends", "updated_at": "2026-03-04T09:00:02.000Z"})
	f.call("POST", "/contact_lists/2/contact_records", `{"name":"Grace","phone_number":"+1 415-555-0142","desk":"7"}`).is(t, 201,
		`{"id":1,"contact_list_id":2,"name":"Grace","phone_number":"+14155550142","desk":"7","created_at":"2026-03-04T09:00:03.000Z","updated_at":"2026-03-04T09:00:03.000Z"}`)
	f.call("PATCH", "/contact_lists/2/contact_records/1", `{"desk":"8"}`).has(t, 200, map[string]any{"name": "Grace", "desk": "8", "updated_at": "2026-03-04T09:00:04.000Z"})
	f.call("POST", "/contact_lists/1/contact_records", `{"name":"Hotline","phone_number":"+14155550143"}`).has(t, 201, map[string]any{"id": 2, "contact_list_id": 1})
	const missing = "param is missing or the value is empty: "
	f.refuses(t, listKinds,
		refusal{"", "POST", "/contact_lists", `{}`, 400, missing + "name"},
		refusal{"", "PATCH", "/contact_lists/2", `{"name":""}`, 400, missing + "name"},
		refusal{"", "PATCH", "/contact_lists/9", `{"name":"X"}`, 404, "Not Found"},
		refusal{"the global list", "PATCH", "/contact_lists/1", `{"name":"X"}`, 404, "Not Found"},
		refusal{"", "DELETE", "/contact_lists/9", "", 404, "Not Found"},
		refusal{"", "POST", "/contact_lists/2/contact_records", `{"phone_number":"+14155550142"}`, 400, missing + "name"},
		refusal{"", "POST", "/contact_lists/2/contact_records", `{"name":"Grace"}`, 400, missing + "phone_number"},
		refusal{"", "POST", "/contact_lists/2/contact_records", `{"name":"Grace","phone_number":"555"}`, 400, "phone_number is invalid"},
		refusal{"", "POST", "/contact_lists/9/contact_records", `{"name":"Grace","phone_number":"+14155550142"}`, 404, "Not Found"},
		refusal{"", "PATCH", "/contact_lists/2/contact_records/1", `{"name":1}`, 400, "name is invalid"},
		refusal{"", "PATCH", "/contact_lists/2/contact_records/2", `{"name":"X"}`, 404, "Not Found"},
		refusal{"", "DELETE", "/contact_lists/1/contact_records/1", "", 404, "Not Found"},
	)
	if a := f.call("DELETE", "/contact_lists/1/contact_records/2", ""); a.status != 204 || a.body != "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if last := lastRequest(t, f); last.Effect != ujet.EffectRemoved || last.Record != "2" {
		t.Errorf("ledger entry %+v", last)
	}
	if a := f.call("DELETE", "/contact_lists/2", ""); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if got := f.count(listKinds...); got != "contactList=0 contactRecord=0" { // its records went with it
		t.Errorf("ledger has %s", got)
	}
}

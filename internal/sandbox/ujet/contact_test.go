package ujet_test

import (
	"fmt"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

const oneContact = "/outbound_dialer/campaigns/1/contact"

func TestUpdateContact(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", contacts, `{"name":"Ada","email":"ada@example.com","phone_number":"+12025550101","external_unique_id":"lead_a"}`)
	object := func(name, at string) string {
		return fmt.Sprintf(`{"assigned_call_id":null,"assigned_participant_id":null,"campaign_id":1,
			"created_at":"2026-03-04T09:00:01.000Z","id":1,"name":%q,"outbound_number":null,"priority":0,
			"status":"Upcoming","unique_id":"lead_a","updated_at":%q}`, name, at)
	}
	for _, c := range []struct {
		body, answer, effect string
	}{
		{`{"contact_id":1}`, object("Ada", "2026-03-04T09:00:01.000Z"), ""},
		{`{"contact_id":1,"name":"Ada","phone_number":"+12025550101"}`, object("Ada", "2026-03-04T09:00:01.000Z"), ""},
		{`{"contact_id":1,"name":"Bo","phone_number":"+12025550102","email":null}`, object("Bo", "2026-03-04T09:00:04.000Z"), kit.EffectUpdated},
	} {
		f.call("PATCH", oneContact, c.body).is(t, 200, c.answer)
		if last := lastRequest(t, f); last.Record != "1" || last.Effect != c.effect {
			t.Errorf("%s: ledger entry %+v", c.body, last)
		}
	}
	var stored ujet.Contact
	if err := f.Ledger().View(func(tx *kit.Tx) error {
		_, err := tx.Get(ujet.KindContact, "1", &stored)
		return err
	}); err != nil || stored.PhoneNumber != "+12025550102" || stored.Email != nil || text(stored.UniqueID) != "lead_a" {
		t.Errorf("stored %+v, %v", stored, err)
	}
}

func TestRemoveContact(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", contacts, `{"phone_number":"+12025550101","external_unique_id":"lead_a"}`)
	f.call("POST", contacts, `{"phone_number":"+12025550102"}`)
	body := `{"contact_id":1,"phone_number":"+12025550101","external_unique_id":"lead_a"}`
	a := f.call("DELETE", oneContact, body)
	if gone := decode[ujet.ContactAnswer](t, a); a.status != 200 || gone.ID != 1 || text(gone.UniqueID) != "lead_a" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if last := lastRequest(t, f); last.Record != "1" || last.Effect != ujet.EffectRemoved {
		t.Errorf("ledger entry %+v", last)
	}
	if list := decode[[]ujet.ContactAnswer](t, f.call("GET", contacts, "")); len(list) != 1 || list[0].ID != 2 {
		t.Errorf("left %+v", list)
	}
	f.call("DELETE", oneContact, body).is(t, 404, `{"message":"Not Found"}`)
	f.call("POST", contacts, `{"phone_number":"+12025550103"}`)
	if list := decode[[]ujet.ContactAnswer](t, f.call("GET", contacts, "")); len(list) != 2 || list[1].ID != 3 {
		t.Errorf("an id was given twice: %+v", list)
	}
}

func TestContactRefuses(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", contacts, `{"phone_number":"+12025550101"}`)
	const other = "/outbound_dialer/campaigns/2/contact"
	for _, c := range []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"PATCH", oneContact, `{"name":"Ada"}`, 400, "param is missing or the value is empty: contact_id"},
		{"PATCH", oneContact, `{"contact_id":null}`, 400, "param is missing or the value is empty: contact_id"},
		{"PATCH", oneContact, `{"contact_id":"1"}`, 400, "contact_id is not well formed"},
		{"PATCH", oneContact, `{"contact_id":1,"phone_number":""}`, 400, "param is missing or the value is empty: phone_number"},
		{"PATCH", oneContact, `{"contact_id":1,"phone_number":"2025550101"}`, 400, "phone_number is invalid"},
		{"PATCH", oneContact, `{"contact_id":1,"name":7}`, 400, "name is invalid"},
		{"PATCH", oneContact, `{"contact_id":9}`, 404, "Not Found"},
		{"PATCH", other, `{"contact_id":1}`, 404, "Not Found"},
		{"DELETE", oneContact, ``, 400, "param is missing or the value is empty: contact_id"},
		{"DELETE", oneContact, `{"contact_id":1.5}`, 400, "contact_id is not well formed"},
		{"DELETE", oneContact, `{"contact_id":1,"phone_number":1}`, 400, "phone_number is invalid"},
		{"DELETE", other, `{"contact_id":1}`, 404, "Not Found"},
		{"DELETE", "/outbound_dialer/campaigns/3/contact", `{"contact_id":1}`, 404, "Not Found"},
	} {
		t.Run(c.method+c.path+c.body, func(t *testing.T) {
			f.call(c.method, c.path, c.body).is(t, c.status, fmt.Sprintf(`{"message":%q}`, c.message))
			if last := lastRequest(t, f); last.Effect != "" {
				t.Errorf("ledger entry %+v", last)
			}
		})
	}
	if list := decode[[]ujet.ContactAnswer](t, f.call("GET", contacts, "")); len(list) != 1 || list[0].Name != nil {
		t.Errorf("contacts %+v", list)
	}
}

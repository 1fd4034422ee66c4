package ujet_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

const contacts = "/outbound_dialer/campaigns/1/contacts"

func TestAddAndListContacts(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("GET", contacts, "").is(t, 200, `[]`)
	full := `{"name":"Ada","email":"ada@example.com","phone_number":"+12025550101","outbound_number":"+12025550199","external_unique_id":"lead_a"}`
	object := func(id int, at string) string {
		return fmt.Sprintf(`{"assigned_call_id":null,"assigned_participant_id":null,"campaign_id":1,"created_at":%q,"id":%d,
			"name":"Ada","outbound_number":"+12025550199","priority":0,"status":"Upcoming","unique_id":"lead_a","updated_at":%q}`, at, id, at)
	}
	first, second := object(1, "2026-03-04T09:00:02.000Z"), object(2, "2026-03-04T09:00:03.000Z")
	f.call("POST", contacts, full).is(t, 201, first)
	if last := lastRequest(t, f); last.Record != "1" || last.Effect != kit.EffectCreated {
		t.Errorf("ledger entry %+v", last)
	}
	f.call("POST", contacts, full).is(t, 201, second) // a double send shows
	f.call("GET", contacts, "").is(t, 200, "["+first+","+second+"]")
	f.call("GET", "/outbound_dialer/campaigns/2/contacts", "").is(t, 200, `[]`)
}

func TestListContactsInOrder(t *testing.T) {
	f, _ := start(t, t.TempDir())
	for range 11 {
		f.call("POST", contacts, `{"phone_number":"+12025550101"}`)
	}
	list := decode[[]ujet.ContactAnswer](t, f.call("GET", contacts, ""))
	if len(list) != 11 {
		t.Fatalf("%d contacts", len(list))
	}
	for i, c := range list {
		if c.ID != int64(i+1) || c.UniqueID != nil {
			t.Fatalf("contact %d is %+v", i, c)
		}
	}
}

func TestAddContactRefuses(t *testing.T) {
	f, _ := start(t, t.TempDir())
	for _, c := range []struct {
		name, path, body string
		status           int
		message          string
	}{
		{"no number", contacts, `{"name":"Ada"}`, 400, "param is missing or the value is empty: phone_number"},
		{"not an object", contacts, `[]`, 400, "param is missing or the value is empty: phone_number"},
		{"national number", contacts, `{"phone_number":"2025550101"}`, 400, "phone_number is invalid"},
		{"number as number", contacts, `{"phone_number":12025550101}`, 400, "phone_number is invalid"},
		{"outbound number", contacts, `{"phone_number":"+12025550101","outbound_number":"x"}`, 400, "outbound_number is invalid"},
		{"unique id as number", contacts, `{"phone_number":"+12025550101","external_unique_id":7}`, 400, "external_unique_id is invalid"},
		{"unknown campaign", "/outbound_dialer/campaigns/3/contacts", `{"phone_number":"+12025550101"}`, 404, "Not Found"},
		{"campaign is no number", "/outbound_dialer/campaigns/x/contacts", `{"phone_number":"+12025550101"}`, 404, "Not Found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.call("POST", c.path, c.body).is(t, c.status, fmt.Sprintf(`{"message":%q}`, c.message))
		})
	}
	f.call("GET", contacts, "").is(t, 200, `[]`)
	f.call("GET", "/outbound_dialer/campaigns/3/contacts", "").is(t, 404, `{"message":"Not Found"}`)
}

func TestCampaignsAreSettings(t *testing.T) {
	f, _ := start(t, t.TempDir())
	a := f.ask("PATCH", "/settings", `{"campaigns":[3]}`)
	if got := decode[ujet.Settings](t, a); a.status != 200 || len(got.Campaigns) != 1 || got.Campaigns[0] != 3 || got.RatePerSecond != 1 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	f.call("GET", contacts, "").is(t, 404, `{"message":"Not Found"}`)
	f.call("GET", "/outbound_dialer/campaigns/3/contacts", "").is(t, 200, `[]`)
}

// A contact committed before its answer was lost is the case a client must detect by listing.
func TestCommittedContactWithDroppedAnswer(t *testing.T) {
	f, _ := start(t, t.TempDir())
	if a := f.ask("POST", "/faults", `{"method":"POST","path":"/outbound_dialer","after":true,"drop":true}`); a.status != 200 {
		t.Fatal(a.body)
	}
	f.clock.advance(1e9)
	r := f.request("POST", f.api+contacts, `{"phone_number":"+12025550101","external_unique_id":"lead_a"}`)
	r.SetBasicAuth(ujet.DefaultSubdomain, ujet.DefaultToken)
	if res, err := http.DefaultClient.Do(r); err == nil {
		_ = res.Body.Close()
		t.Fatalf("got an answer: %d", res.StatusCode)
	}
	list := decode[[]ujet.ContactAnswer](t, f.call("GET", contacts, ""))
	if len(list) != 1 || text(list[0].UniqueID) != "lead_a" {
		t.Fatalf("contacts %+v", list)
	}
	all, err := f.Ledger().Requests()
	if err != nil || all[0].Status != 0 || all[0].Effect != kit.EffectCreated || all[0].Fault == "" {
		t.Fatalf("ledger %+v, %v", all, err)
	}
}

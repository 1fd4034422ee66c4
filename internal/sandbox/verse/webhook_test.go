package verse_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit/hooktest"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

const (
	person = `{"phoneNumber":"6195550101","email":"ada@example.com","firstName":"Ada","lastName":"Byron","city":"San Diego","type":"buyer",
		"zapierLeadId":"lead_a","channelWebsite":"example.com","leadComment":"Two rooms","customFields":{"utm":"cpc"},
		"agent.firstName":"Ben","agent.email":"ben@example.com"}`
	hooksPath = "/webhooks"
)

// subscribe subscribes with a key and returns the subscription's id.
func (r *rig) subscribe(key, url, event string, team bool) string {
	r.t.Helper()
	body := fmt.Sprintf(`{"url":%q,"event":%q,"token":"bearer-%s","team":%v}`, url, event, event, team)
	status, raw := r.do(http.MethodPost, r.url+hooksPath, key, body)
	var out struct{ Message, ID string }
	if err := json.Unmarshal([]byte(raw), &out); err != nil || status != 201 || out.Message != "Created Webhook" {
		r.t.Fatalf("subscribe = %d %s", status, raw)
	}
	return out.ID
}

// happen makes something happen to the lead lead_a.
func (r *rig) happen(body string) {
	r.t.Helper()
	if status, raw := r.do(http.MethodPost, r.control+"/activities", "", `{"zapierLeadId":"lead_a",`+body+`}`); status != 200 {
		r.t.Fatalf("%s = %d %s", body, status, raw)
	}
}

// told lists deliveries as "event/title", sorted.
func told(t *testing.T, got []hooktest.Delivery) string {
	t.Helper()
	var all []string
	for _, d := range got {
		body := object(t, d.Body)
		all = append(all, fmt.Sprint(body["event"], "/", body["title"]))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func object(t *testing.T, raw string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		t.Fatal(err, raw)
	}
	return out
}

func TestSubscriptions(t *testing.T) {
	in := hooktest.New(t)
	r := newRig(t, verse.Config{Accounts: []verse.Account{{Name: "hq", Key: "key-hq", Primary: true}, {Name: "west", Key: "key-west"}}})
	id := r.subscribe("key-west", in.URL, "lead_created", false)
	team := r.subscribe("key-hq", in.URL, "lead_activity", true)
	post := func(key, body string, want int, says string) {
		t.Helper()
		if status, raw := r.do("POST", r.url+hooksPath, key, body); status != want || raw != say(says) {
			t.Errorf("%s = %d %s, want %d %s", body, status, raw, want, says)
		}
	}
	post("key-west", `{"url":"`+in.URL+`","event":"lead_created"}`, 409, "Duplicate Webhook")
	post("key-west", `{"url":"`+in.URL+`","event":"lead_activity","team":true}`, 403, "Forbidden")
	post("key-west", `{"event":"lead_activity"}`, 422, `"url" is required`)
	post("key-west", `{"url":"https://example.com","event":"lead_activity"}`, 422, "url is invalid")
	post("key-west", `{"url":"`+in.URL+`","event":"lead_deleted"}`, 422, "event is invalid")
	post("key-west", `[]`, 422, "Invalid request body")
	post("key-west", `null`, 422, "Invalid request body")
	post("key-west", `{"url":"`+in.URL+`","event":"lead_qualify","team":"yes"}`, 422, "Invalid request body")
	if status, raw := r.do("GET", r.url+hooksPath, "key-hq", ""); status != 200 || raw != `[{"id":"`+team+`","url":"`+in.URL+`","event":"lead_activity","team":true}]` {
		t.Errorf("list = %d %s", status, raw)
	}
	for _, c := range []struct {
		key, id string
		status  int
		body    string
	}{
		{"key-hq", id, 404, say("Resource Not Found")}, {"key-west", id, 200, success}, {"key-west", id, 404, say("Resource Not Found")},
	} {
		if status, raw := r.do("DELETE", r.url+hooksPath+"/"+c.id, c.key, ""); status != c.status || raw != c.body {
			t.Errorf("delete by %s = %d %s", c.key, status, raw)
		}
	}
}

func TestWebhooksThatComeOfThemselves(t *testing.T) {
	for _, c := range []struct{ path, event, title, reason string }{
		{endPath, "lead_qualify", "Qualified Lead", ""},
		{stopPath, "lead_unqualify", "Unqualified Lead", "Stopped by client"},
		{dncPath, "lead_unqualify", "Unqualified Lead", "Do Not Contact"},
	} {
		t.Run(c.path, func(t *testing.T) {
			in := hooktest.New(t)
			r := newRig(t, verse.Config{})
			for _, event := range []string{"lead_activity", "lead_created", "lead_qualify", "lead_unqualify"} {
				r.subscribe(verse.DefaultKey, in.URL, event, false)
			}
			id := r.create(person)
			if status, body := r.post(c.path, `{"searchValue":"`+id+`"}`); status != 200 {
				t.Fatal(body)
			}
			r.post(c.path, `{"searchValue":"`+id+`"}`) // refused: tells nothing
			got := in.Settled(t, r.emu.Hooks())
			want := []string{"lead_activity/Lead Created", "lead_activity/" + c.title, "lead_created/Lead Created", c.event + "/" + c.title}
			slices.Sort(want)
			if events := told(t, got); events != strings.Join(want, ", ") {
				t.Errorf("told %s", events)
			}
			for _, d := range got {
				body := object(t, d.Body)
				if d.Header.Get("Authorization") != "Bearer bearer-"+body["event"].(string) || d.Header.Get("Content-Type") != "application/json" {
					t.Errorf("headers %v", d.Header)
				}
				if reason, there := body["reasonUnqualified"]; there != (body["title"] == "Unqualified Lead") || there && reason != c.reason {
					t.Errorf("reason %v", reason)
				}
			}
		})
	}
}

func TestWebhookBody(t *testing.T) {
	in := hooktest.New(t)
	r := newRig(t, verse.Config{Accounts: []verse.Account{{Name: "default", Key: verse.DefaultKey, UserID: "3b7b7c0e-3b7e-4c55-8f5c-0c3c1d1f7a55"}}})
	r.subscribe(verse.DefaultKey, in.URL, "lead_activity", true)
	id := r.create(person)
	r.happen(`"title":"Inbound SMS","message":"Inbound SMS: STOP","customQuestions":{"Working with an agent?":"No"},"leadComment":"Wants out"`)
	r.set(`{"customerFields":true,"prettyPhone":true,"oldWebhooks":true}`)
	r.happen(`"title":"Unqualified Lead","reasonUnqualified":"Unresponsive"`)
	got := in.Settled(t, r.emu.Hooks())
	want := map[string]any{
		"event": "lead_activity", "title": "Inbound SMS", "message": "Inbound SMS: STOP", "id": id, "externalLeadId": "lead_a",
		"firstName": "Ada", "lastName": "Byron", "email": "ada@example.com", "phone": "+16195550101", "street": nil, "city": "San Diego",
		"state": nil, "postalCode": nil, "phoneCarrierType": "mobile", "leadType": "buyer", "leadComment": "Wants out",
		"channelWebsite": "example.com", "link": "https://app.verse.io/leads/" + id,
		"customQuestions": map[string]any{"Working with an agent?": "No"}, "customFields": map[string]any{"utm": "cpc"},
		"owner":     map[string]any{"firstName": "Ben", "email": "ben@example.com"},
		"eventDate": "2026-03-04 12:00:00", "lastCommunicationChannel": "sms", "userId": "3b7b7c0e-3b7e-4c55-8f5c-0c3c1d1f7a55",
	}
	if body := object(t, got[1].Body); !reflect.DeepEqual(body, want) {
		t.Errorf("got  %v\nwant %v", body, want)
	}
	body := object(t, got[2].Body)
	_, dated := body["eventDate"]
	if body["phone"] != "(619) 555-0101" || dated || body["reasonUnqualified"] != "Unresponsive" || body["customFields"] != nil ||
		!reflect.DeepEqual(body["customerFields"], map[string]any{"utm": "cpc"}) ||
		body["message"] != "We've Unqualified this lead for the following reason: Unresponsive" {
		t.Errorf("older form %v", body)
	}
	if l := r.lead(id); l.State != verse.StateUnqualified || l.EndedBy != "concierge" {
		t.Errorf("record %+v", l)
	}
}

func TestEveryTitle(t *testing.T) {
	in := hooktest.New(t)
	r := newRig(t, verse.Config{})
	if status, body := r.do("POST", r.control+"/subscriptions", "", `{"url":"`+in.URL+`","token":"bearer"}`); status != 200 {
		t.Fatal(body)
	}
	r.create(person)
	for _, title := range append(verse.Titles, "Something new") {
		r.happen(`"title":"` + title + `"`)
	}
	count := map[string]int{}
	for _, d := range in.Settled(t, r.emu.Hooks()) {
		count[object(t, d.Body)["title"].(string)]++
	}
	for _, title := range append(verse.Titles, "Something new") {
		want := map[string]int{"Lead Created": 4, "Qualified Lead": 2, "Unqualified Lead": 2}[title]
		if want == 0 {
			want = 1 // lead_activity alone takes it
		}
		if count[title] != want {
			t.Errorf("%s: %d deliveries, want %d", title, count[title], want)
		}
	}
	if len(verse.Titles) != 15 {
		t.Errorf("%d titles", len(verse.Titles))
	}
}

func TestTeamAndSingleSubscriptions(t *testing.T) {
	team, single := hooktest.New(t), hooktest.New(t)
	r := newRig(t, verse.Config{Accounts: []verse.Account{{Name: "default", Key: verse.DefaultKey}, {Name: "west", Key: "key-west"}}})
	r.subscribe(verse.DefaultKey, team.URL, "lead_created", true)
	r.subscribe("key-west", single.URL, "lead_created", false)
	r.create(person)
	if status, body := r.do("POST", r.url+"/zapier", "key-west", `{"phone":"6195550102"}`); status != 201 {
		t.Fatal(body)
	}
	if status, body := r.do("POST", r.control+"/callers", "", `{"account":"west","phone":"6195550103","firstName":"Grace"}`); status != 200 {
		t.Fatal(body)
	}
	if status, _ := r.do("POST", r.control+"/bulkEnd", "", `{}`); status != 200 { // tells nothing
		t.Fatal(status)
	}
	all, own := team.Settled(t, r.emu.Hooks()), single.Settled(t, r.emu.Hooks())
	if len(all) != 3 || len(own) != 2 {
		t.Fatalf("%d to the team, %d to west", len(all), len(own))
	}
	users := map[any]bool{}
	for _, d := range all {
		users[object(t, d.Body)["userId"]] = true
	}
	caller := object(t, own[1].Body)
	if _, there := caller["userId"]; there || len(users) != 2 || caller["externalLeadId"] != nil || caller["firstName"] != "Grace" {
		t.Errorf("caller %v, users %v", caller, users)
	}
}

func TestDeliveryIsRetried(t *testing.T) {
	in := hooktest.New(t)
	r := newRig(t, verse.Config{})
	r.set(`{"hookRetryMs":[1,1]}`)
	id := r.subscribe(verse.DefaultKey, in.URL, "lead_created", false)
	in.Answer(503, "")
	r.create(person)
	if got := in.Settled(t, r.emu.Hooks()); len(got) != 3 || got[0].Body != got[2].Body {
		t.Errorf("%d deliveries", len(got))
	}
	in.Answer(202, "")
	if status, body := r.do("POST", r.control+"/hooks/faults", "", `{"badSignature":true,"duplicate":1}`); status != 200 {
		t.Fatal(body)
	}
	r.happen(`"title":"Lead Created"`)
	got := in.Settled(t, r.emu.Hooks())
	if len(got) != 5 || got[4].Header.Get("Authorization") != "Bearer not bearer-lead_created" {
		t.Errorf("%d deliveries, the last with %v", len(got), got[len(got)-1].Header)
	}
	r.do("DELETE", r.url+hooksPath+"/"+id, verse.DefaultKey, "")
	r.happen(`"title":"Lead Created"`)
	if got := in.Settled(t, r.emu.Hooks()); len(got) != 5 {
		t.Errorf("%d deliveries after unsubscribing", len(got))
	}
}

func TestActivityRefused(t *testing.T) {
	r := newRig(t, verse.Config{})
	for path, bodies := range map[string][]string{
		"/activities":    {`{"id":"x"}`, `{"id":"x","title":"Lead Created"}`, `{"name":"x"}`},
		"/callers":       {`{"phone":"12"}`, `{"phone":"6195550101","account":"east"}`, `{"x":1}`},
		"/subscriptions": {`{"url":"https://example.com"}`, `{"url":"http://127.0.0.1:1","events":["x"]}`, `{"account":"east"}`, `{"x":1}`},
	} {
		for _, body := range bodies {
			if status, raw := r.do("POST", r.control+path, "", body); status != 400 {
				t.Errorf("%s %s = %d %s", path, body, status, raw)
			}
		}
	}
}

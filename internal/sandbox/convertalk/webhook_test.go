package convertalk_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit/hooktest"
)

const subscribePath, fetchPath = "/integrations/custom-app/subscribe-trigger-event", "/integrations/custom-app/fetch-subscribed-webhooks"

// api calls the subscription API.
func (f *fixture) subscription(path, body string) answer {
	f.t.Helper()
	return f.send("POST", f.api+path, body, map[string]string{"Authorization": "Bearer " + tokenPut, "authtype": "Key"})
}

func subscription(url, event, more string) string {
	return `{"webhookUrl":"` + url + `","botId":"` + convertalk.DefaultBotID + `","event":"` + event + `","slug":"make","category":"custom","platform":"website"` + more + `}`
}

// listen sends both events to an inbox, each under its own path.
func (f *fixture) listen(in *hooktest.Inbox) {
	f.t.Helper()
	f.set(`{"webhooks":{"newLeadHook":"` + in.URL + `/newLeadHook","newMessageHook":"` + in.URL + `/newMessageHook"}}`)
}

func paths(got []hooktest.Delivery) string {
	var all []string
	for _, d := range got {
		all = append(all, d.Path[1:])
	}
	return strings.Join(all, " ")
}

func TestWebhooks(t *testing.T) {
	in := hooktest.New(t)
	f, _ := start(t, t.TempDir())
	f.listen(in)
	visit := func(v convertalk.Visitor) string {
		t.Helper()
		visited, err := f.Visit(v)
		if err != nil {
			t.Fatal(err)
		}
		return visited.UUID
	}
	uuid := visit(convertalk.Visitor{Name: "Amara", Message: "Hello"})                 // no lead yet
	visit(convertalk.Visitor{UUID: uuid, Email: "amara@example.com", Message: "STOP"}) // becomes one
	visit(convertalk.Visitor{UUID: uuid, Phone: "2025550101", DialCode: "+1"})         // is one
	visit(convertalk.Visitor{Answered: true})                                          // one without mail or phone
	f.mustPut(1, object{"email": "ada@example.com"})                                   // one that we make
	f.set(`{"silentPut":true}`)
	f.mustPut(2, object{"email": "bo@example.com"})
	got := in.Settled(t, f.Hooks())
	if all := paths(got); all != "newMessageHook newLeadHook newMessageHook newLeadHook newLeadHook" {
		t.Fatalf("told %s", all)
	}
	record := f.list("lead", 1)
	want := object{
		"botId": convertalk.DefaultBotID, "platform": "website",
		"data": object{
			"_id": record[3]["_id"], "_customer": convertalk.DefaultCustomerID, "uuid": uuid, "platform": []any{"website"}, "isContact": true,
			"userInteracted": true, "status": "OPEN", "lastSeenAt": "2026-03-04T09:00:00.000Z", "createdAt": "2026-03-04T09:00:00.000Z",
			"updatedAt": "2026-03-04T09:00:00.000Z", "lastMessage": object{"at": "2026-03-04T09:00:00.000Z", "by": "user", "text": "STOP"},
			"message": object{"at": "2026-03-04T09:00:00.000Z", "by": "user", "text": "STOP", "type": "text"},
			"profile": object{
				"notes": []any{},
				"userDetails": object{
					"userProvidedName": "Amara", "tags": []any{}, "attributes": []any{},
					"contact": object{"email": "amara@example.com", "phone": object{"number": "", "prefix": ""}},
				},
			},
		},
	}
	if body := decode[object](t, answer{body: got[2].Body}); !reflect.DeepEqual(body, want) {
		t.Errorf("got  %v\nwant %v", body, want)
	}
	if got[2].Header.Get("Authorization") != "" || got[2].Header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", got[2].Header)
	}
	if leads := strings.Fields(f.uuids("lead", 1)); len(leads) != 4 { // one of them by an answer alone
		t.Errorf("leads %v", leads)
	}
}

// C16: the parent vendor's subscription API, off at first.
func TestSubscriptionAPI(t *testing.T) {
	in := hooktest.New(t)
	f, _ := start(t, t.TempDir())
	if a := f.subscription(subscribePath, subscription(in.URL, "newLeadHook", "")); a.status != 404 {
		t.Errorf("module off: %d %s", a.status, a.body)
	}
	f.set(`{"webhookModule":true}`)
	if a := f.send("POST", f.api+subscribePath, subscription(in.URL, "newLeadHook", ""), map[string]string{"x-bp-token": tokenPut}); a.status != 401 {
		t.Errorf("other credentials: %d %s", a.status, a.body)
	}
	for range 2 { // twice is once
		if a := f.subscription(subscribePath, subscription(in.URL, "newLeadHook", `,"subscribe":true`)); a.status != 200 || a.body != okBody {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	list := `{"data":[{"integrationCredentials":{"newLeadHook":[{"url":"` + in.URL + `"}]}}],"success":true}`
	if a := f.subscription(fetchPath, subscription("", "newLeadHook", "")); a.status != 200 || a.body != list {
		t.Errorf("%d %s", a.status, a.body)
	}
	if _, err := f.Visit(convertalk.Visitor{Email: "guest@example.com", Message: "Hi"}); err != nil {
		t.Fatal(err)
	}
	f.subscription(subscribePath, subscription(in.URL, "newLeadHook", `,"subscribe":false`))
	if _, err := f.Visit(convertalk.Visitor{Email: "guest@example.com"}); err != nil {
		t.Fatal(err)
	}
	if got := in.Settled(t, f.Hooks()); len(got) != 1 {
		t.Errorf("%d deliveries", len(got))
	}
	for body, problem := range map[string]string{
		subscription("", "newLeadHook", ""):                                 "webhookUrl should not be empty",
		subscription("https://example.com", "newLeadHook", ""):              "webhookUrl must be a valid URL",
		subscription(in.URL, "newOrder", ""):                                "event must be one of newLeadHook, newMessageHook",
		subscription(in.URL, "newLeadHook", `,"subscribe":"yes"`):           "subscribe must be a boolean",
		`{"botId":"` + convertalk.DefaultBotID + `","event":"newLeadHook"}`: "slug should not be empty",
	} {
		a := f.subscription(subscribePath, body)
		if data := decode[struct{ Data []string }](t, a).Data; a.status != 400 || len(data) == 0 || data[0] != problem {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if a := f.subscription(fetchPath, `{"botId":"other","event":"newLeadHook","slug":"make","category":"custom"}`); a.status != 401 {
		t.Errorf("foreign bot: %d %s", a.status, a.body)
	}
}

func TestWebhookFaultsAndControl(t *testing.T) {
	in := hooktest.New(t)
	f, _ := start(t, t.TempDir())
	control := func(path, body string, status int) {
		t.Helper()
		if a := f.send("POST", f.control+path, body, nil); a.status != status {
			t.Errorf("%s %s: %d %s", path, body, a.status, a.body)
		}
	}
	f.set(`{"webhooks":{"newLeadHook":"` + in.URL + `/newLeadHook"}}`)
	for _, patch := range []string{`{"webhooks":{"newOrderHook":"` + in.URL + `"}}`, `{"webhooks":{"newLeadHook":"https://example.com"}}`} {
		if a := f.send("PATCH", f.control+"/settings", patch, nil); a.status != 400 {
			t.Errorf("%s: %d %s", patch, a.status, a.body)
		}
	}
	control("/hooks/faults", `{"faults":[{"duplicate":1},{"drop":true}]}`, 200)
	control("/visitors", `{"email":"a@example.com"}`, 200)
	control("/visitors", `{"email":"b@example.com"}`, 200)
	control("/visitors", `{"email":"c@example.com"}`, 200)
	f.set(`{"webhooks":null}`)
	control("/visitors", `{"email":"d@example.com"}`, 200)
	got := in.Settled(t, f.Hooks())
	count := map[string]int{}
	for _, d := range got {
		for _, mail := range []string{"a@", "b@", "c@", "d@"} {
			count[mail] += strings.Count(d.Body, `"`+mail+`example.com"`)
		}
	}
	if count["a@"] != 2 || count["b@"] != 0 || count["c@"] != 1 || count["d@"] != 0 {
		t.Errorf("delivered %v", count)
	}
}

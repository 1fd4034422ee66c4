package conversica_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/conversica"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/kit/hooktest"
)

// listen sends all callbacks to an inbox, each kind under its own path.
func (r *rig) listen(in *hooktest.Inbox) {
	r.t.Helper()
	r.set(`{"callbacks":{"messageUrl":"` + in.URL + `/message","leadUrl":"` + in.URL + `/lead","createUrl":"` + in.URL + `/create",
		"username":"callbacks","password":"receiver-secret"}}`)
}

func TestCallbacksAreSent(t *testing.T) {
	in, r := hooktest.New(t), newRig(t, t.TempDir())
	r.post(lead(nil)) // nobody listens yet
	r.listen(in)
	for range 3 {
		r.play(conversica.Play{ID: "lead-1"})
	}
	r.play(conversica.Play{ID: "lead-1", State: "requested_stop"})
	got := in.Settled(t, r.emu.Hooks())
	var paths []string
	for _, d := range got {
		paths = append(paths, d.Path)
		user, password, _ := (&http.Request{Header: d.Header}).BasicAuth()
		if user != "callbacks" || password != "receiver-secret" || d.Header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", d.Header)
		}
	}
	if all := strings.Join(paths, " "); all != "/lead /message /lead /message /lead /message /lead" {
		t.Fatalf("sent to %s", all)
	}
	stopped := got[6].Body
	for _, part := range []string{`"doNotEmail":true`, `"smsOptOut":true`, `"conversationStage":"Lead Stopped"`, `"conversationStageDate":"2026-03-04T12:00:00+00:00"`, `"id":"lead-1"`} {
		if !strings.Contains(stopped, part) {
			t.Errorf("%s lacks %s", stopped, part)
		}
	}
	if strings.Contains(stopped, "dateAdded") {
		t.Errorf("%s is not partial", stopped)
	}
	if !strings.Contains(got[5].Body, `"action":"received"`) || !strings.Contains(got[5].Body, `"body":"STOP"`) {
		t.Errorf("message %s", got[5].Body)
	}
	// What is sent is what the ledger says is owed.
	all, err := r.emu.Callbacks()
	if err != nil {
		t.Fatal(err)
	}
	if raw, _ := json.Marshal(all[len(all)-1].Body); string(raw) != stopped {
		t.Errorf("owed %s, sent %s", raw, stopped)
	}
}

func TestAPostIsToldOf(t *testing.T) {
	in, r := hooktest.New(t), newRig(t, t.TempDir())
	r.listen(in)
	r.post(lead(nil))
	r.post(lead(map[string]any{"optOut": true}))
	got := in.Settled(t, r.emu.Hooks())
	if len(got) != 2 || !strings.Contains(got[0].Body, `"conversationStage":"Preparing Lead"`) || !strings.Contains(got[1].Body, `"doNotEmail":true`) {
		t.Errorf("got %+v", got)
	}
}

func TestChatLead(t *testing.T) {
	in, r := hooktest.New(t), newRig(t, t.TempDir())
	r.listen(in)
	r.set(`{"hookRetryMs":[1]}`)
	visitor := conversica.ChatLead{
		FirstName: "Joris", LastName: "Haddad", Email: "joris@example.com", ClientID: "tenant-88", Said: []string{"Do you ship abroad?"}, Extra: map[string]any{"page": "/pricing"},
	}
	last := func() kit.Hook {
		t.Helper()
		in.Settled(t, r.emu.Hooks())
		list, err := r.emu.Hooks().List()
		if err != nil {
			t.Fatal(err)
		}
		return list[len(list)-1]
	}
	for _, c := range []struct {
		status        int
		answer, state string
	}{
		{200, `{"status":"200","message":"Lead stored"}`, kit.HookDelivered},
		{200, `{"status":200,"message":"Lead stored"}`, kit.HookFailed},
		{200, `{"status":"400","message":"No"}`, kit.HookFailed},
		{200, `OK`, kit.HookFailed},
		{401, `{"status":"401","message":"No"}`, kit.HookFailed},
	} {
		in.Answer(c.status, c.answer)
		if _, err := r.emu.Capture(visitor); err != nil {
			t.Fatal(err)
		}
		if h := last(); h.State != c.state || h.Endpoint != conversica.CallbackCreate {
			t.Errorf("%d %s: %+v", c.status, c.answer, h)
		}
	}
	got := in.Settled(t, r.emu.Hooks())
	const want = `{"clientId":"tenant-88","conversationHistory":"2026-03-04T12:00:00 Joris Haddad: Do you ship abroad?\n` +
		`2026-03-04T12:00:05 Conversica (Assistant): Thank you.","email":"joris@example.com","firstName":"Joris","lastName":"Haddad","page":"/pricing"}`
	if got[0].Body != want || got[0].Path != "/create" {
		t.Errorf("%s %s", got[0].Path, got[0].Body)
	}
	if leads, _ := r.emu.Leads(); len(leads) != 0 {
		t.Error("the visitor is a lead before the receiver has posted one")
	}
}

func TestCallbackFaults(t *testing.T) {
	in, r := hooktest.New(t), newRig(t, t.TempDir())
	r.listen(in)
	r.set(`{"hookRetryMs":[],"version71":true}`)
	if err := r.emu.Hooks().AddFaults(kit.HookFault{BadSignature: true}, kit.HookFault{Event: "message", Drop: true}); err != nil {
		t.Fatal(err)
	}
	r.post(lead(nil))
	r.play(conversica.Play{ID: "lead-1", State: "messaged"})
	got := in.Settled(t, r.emu.Hooks())
	if len(got) != 2 || got[1].Path != "/lead" || !strings.Contains(got[1].Body, `"apiVersion":"7.1"`) {
		t.Fatalf("got %+v", got)
	}
	if _, password, _ := (&http.Request{Header: got[0].Header}).BasicAuth(); password != "not receiver-secret" {
		t.Errorf("password %s", password)
	}
}

func TestSendingControl(t *testing.T) {
	r := newRig(t, t.TempDir())
	server := httptest.NewServer(r.emu.Control())
	t.Cleanup(server.Close)
	control := func(method, path, body string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/chatLead", `{"firstName":"Joris","lastName":"Haddad","email":"joris@example.com"}`, 200},
		{"POST", "/chatLead", `{"firstName":"Joris","email":"joris@example.com"}`, 400},
		{"POST", "/chatLead", `{"firstName":"Joris","lastName":"Haddad","email":"joris"}`, 400},
		{"POST", "/chatLead", `{"name":"Joris"}`, 400},
		{"PATCH", "/settings", `{"callbacks":{"leadUrl":"https://example.com/lead"}}`, 400},
		{"PATCH", "/settings", `{"callbacks":{"url":"http://127.0.0.1"}}`, 400},
		{"GET", "/hooks", "", 200},
	} {
		if status := control(c.method, c.path, c.body); status != c.status {
			t.Errorf("%s %s %s = %d", c.method, c.path, c.body, status)
		}
	}
	r.offset.Store(int64(time.Hour))
	if all, err := r.emu.Callbacks(); err != nil || len(all) != 1 || all[0].Kind != conversica.CallbackCreate {
		t.Errorf("%+v, %v", all, err)
	}
}

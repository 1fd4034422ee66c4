package verse_test

import (
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

const (
	endPath  = "/zapier/end-conversation"
	stopPath = "/zapier/stop-conversation"
	dncPath  = "/zapier/dnc"
	success  = `{"status":"success"}`
)

func TestActions(t *testing.T) {
	for _, c := range []struct{ name, path, state string }{
		{"end", endPath, verse.StateQualified},
		{"stop", stopPath, verse.StateUnqualified},
		{"dnc", dncPath, verse.StateUnqualified},
	} {
		for by, search := range map[string]string{"phone": "+1 619 555 0101", "email": "ADA@example.com", "id": ""} {
			t.Run(c.name+" by "+by, func(t *testing.T) {
				r := newRig(t, verse.Config{})
				id := r.create(`{"phoneNumber":"6195550101","email":"ada@example.com"}`)
				if search == "" {
					search = strings.ToUpper(id)
				}
				body := `{"searchValue":"` + search + `"}`
				if status, answer := r.post(c.path, body); status != 200 || answer != success {
					t.Fatalf("answer = %d %s", status, answer)
				}
				if l := r.lead(id); l.State != c.state || l.EndedBy != c.name || l.EndedTime == nil || !l.EndedTime.Equal(noon) {
					t.Errorf("record = %+v", l)
				}
				requests, err := r.emu.Ledger().Requests()
				if err != nil || requests[1].Record != id || requests[1].Effect != kit.EffectUpdated {
					t.Errorf("entry = %+v, %v", requests[1], err)
				}
				if status, answer := r.post(c.path, body); status != 404 || answer != say("Resource Not Found") {
					t.Errorf("repeated = %d %s", status, answer)
				}
				// The conversation has ended, so the person can have a new one.
				status, answer := r.post("/zapier", `{"phoneNumber":"6195550101","email":"ada@example.com"}`)
				want := "Created Lead"
				if c.name == "dnc" {
					want = "Created lead, but phone was previously blacklisted"
				}
				if status != 201 || !strings.Contains(answer, `"message":"`+want+`"`) {
					t.Errorf("created again = %d %s", status, answer)
				}
			})
		}
	}
}

func TestActionRefusals(t *testing.T) {
	cases := map[string]struct {
		settings, body string
		status         int
		message        string
	}{
		"unknown id":      {`{}`, `{"searchValue":"0d9c2c0e-6a0b-4f0e-9c9e-0f6f4f1c7a11"}`, 404, "Resource Not Found"},
		"unknown phone":   {`{}`, `{"searchValue":"6195550102"}`, 404, "Resource Not Found"},
		"unknown as 403":  {`{"unknownLead403":true}`, `{"searchValue":"6195550102"}`, 403, "Missing Authentication Token"},
		"not JSON":        {`{}`, `searchValue=1`, 422, "Invalid request body"},
		"number":          {`{}`, `{"searchValue":6195550101}`, 422, "Invalid request body"},
		"null":            {`{}`, `{"searchValue":null}`, 422, "Invalid request body"},
		"no search value": {`{}`, `{}`, 422, `"searchValue" is required`},
		"blank":           {`{}`, `{"searchValue":" "}`, 422, `"searchValue" is required`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, verse.Config{})
			id := r.create(`{"phoneNumber":"6195550101"}`)
			r.set(c.settings)
			for _, path := range []string{endPath, stopPath, dncPath} {
				if status, answer := r.post(path, c.body); status != c.status || answer != say(c.message) {
					t.Errorf("%s = %d %s, want %d %s", path, status, answer, c.status, c.message)
				}
			}
			if l := r.lead(id); l.State != verse.StateActive {
				t.Errorf("record = %+v", l)
			}
		})
	}
}

func TestActionSwitches(t *testing.T) {
	r := newRig(t, verse.Config{})
	id := r.create(`{"phoneNumber":"6195550101","firstName":"Ada","channelWebsite":"example.com"}`)
	r.set(`{"legacyActionAnswer":true,"repeatedActionOk":true,"hold":true}`)
	want := `{"body":{"channelWebsite":"example.com","firstName":"Ada","id":"` + id + `","leadSource":"example.com","phoneNumber":"6195550101"},"statusCode":200}`
	body := `{"searchValue":"` + id + `"}`
	for range 2 {
		if status, answer := r.post(endPath, body); status != 200 || answer != want {
			t.Errorf("answer = %d %s, want %s", status, answer, want)
		}
	}
	// A repetition by another name changes nothing any more.
	if status, _ := r.post(stopPath, body); status != 200 || r.lead(id).State != verse.StateQualified {
		t.Errorf("stop after end = %d, record = %+v", status, r.lead(id))
	}
}

func TestIDInThePath(t *testing.T) {
	r := newRig(t, verse.Config{Paths: verse.Paths{Create: "/leads", End: "/leads/{id}/end"}})
	status, answer := r.post("/leads", `{"phone":"6195550101"}`)
	if status != 201 {
		t.Fatal(status, answer)
	}
	id := r.leads()[0].ID
	for path, want := range map[string]int{"/leads//end": 403, "/leads/other/end": 404, "/leads/" + id: 403, "/zapier": 403} {
		if status, answer := r.post(path, ""); status != want {
			t.Errorf("%s = %d %s", path, status, answer)
		}
	}
	if status, answer := r.post("/leads/"+id+"/end", ""); status != 200 || answer != success {
		t.Errorf("answer = %d %s", status, answer)
	}
	if l := r.lead(id); l.State != verse.StateQualified {
		t.Errorf("record = %+v", l)
	}
}

package convertalk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
)

// What an agent does shows in the listing only, and may be what no PUT could.
func TestAgents(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.mustPut(1, object{"email": "ada@example.com", "tags": []string{"a"}})
	act := func(body string) answer {
		t.Helper()
		f.clock.advance(time.Second)
		return f.send("POST", f.control+"/agents", body, nil)
	}
	act(`{"uuid":"` + id(1) + `","status":"Waiting for Bo","agentId":"64a1f0c2b7e94d0012ab0777","tag":"b","note":{"title":"t","description":"d"},"message":"Hello"}`)
	record := f.list("lead", 1)[0]
	details := record["profile"].(object)["userDetails"].(object)
	if record["status"] != "Waiting for Bo" || record["_agentAssigned"] != "64a1f0c2b7e94d0012ab0777" ||
		record["updatedAt"] != "2026-03-04T09:00:02.000Z" || len(details["tags"].([]any)) != 2 {
		t.Errorf("record %v", record)
	}
	if l := f.stored(id(1)); len(l.Notes) != 1 || l.LastMessage.By != "agent" || l.Upserts != 1 || l.Email != "ada@example.com" {
		t.Errorf("stored %+v", l)
	}
	if act(`{"uuid":"` + id(1) + `","delete":true}`); f.uuids("lead", 1) != "" || f.stored(id(1)).UUID != "" {
		t.Error("a deleted record is still there")
	}
	for body, message := range map[string]string{
		`{"uuid":"` + id(1) + `"}`: "no record has the uuid given",
		`{}`:                       "no record has the uuid given",
		`{"id":1}`:                 `unknown key "id"; allowed: uuid, status, agentId, tag, note, message, delete`,
	} {
		if a := act(body); a.status != 400 || decode[map[string]string](t, a)["error"] != message {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

func TestManyVisitors(t *testing.T) {
	f, _ := start(t, t.TempDir())
	if a := f.send("POST", f.control+"/visitors", `{"name":"Guest","email":"guest@example.com","count":45}`, nil); a.status != 200 {
		t.Fatal(a.body)
	}
	seen := map[string]bool{}
	for page, size := range []int{20, 20, 5, 0} {
		got := f.list("lead", page+1)
		if len(got) != size {
			t.Errorf("%d on page %d, want %d", len(got), page+1, size)
		}
		for _, r := range got {
			details := r["profile"].(object)["userDetails"].(object)
			name, email := details["name"].(string), details["contact"].(object)["email"].(string)
			if n := strings.TrimPrefix(name, "Guest "); email != "guest"+n+"@example.com" || seen[email] {
				t.Errorf("visitor %s, %s", name, email)
			}
			seen[email] = true
		}
	}
	for body, message := range map[string]string{
		`{"count":-1}`:                       "count must be 1 to 100000",
		`{"count":100001}`:                   "count must be 1 to 100000",
		`{"count":2,"uuid":"` + id(1) + `"}`: "count makes new visitors: leave uuid out",
	} {
		if a := f.send("POST", f.control+"/visitors", body, nil); a.status != 400 || decode[map[string]string](t, a)["error"] != message {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

// Visitors who come during a walk shift the pages: some records are seen twice, none is missed, and the walk ends.
func TestVisitorsWhoComeByThemselves(t *testing.T) {
	f, _ := start(t, t.TempDir())
	if _, err := f.Visit(convertalk.Visitor{Email: "guest@example.com", Count: 100}); err != nil {
		t.Fatal(err)
	}
	first := strings.Fields(f.uuids("lead", 1) + " " + f.uuids("lead", 5))
	f.set(`{"visitorsPerListing":3}`)
	walked, records := map[string]bool{}, 0
	for page := 1; ; page++ {
		f.clock.advance(time.Second)
		uuids := strings.Fields(f.uuids("lead", page))
		for _, uuid := range uuids {
			walked[uuid] = true
		}
		if records += len(uuids); len(uuids) == 0 {
			break
		}
	}
	missed := slices.DeleteFunc(first, func(uuid string) bool { return walked[uuid] })
	if len(missed) > 0 || len(walked) < 100 || records <= len(walked) {
		t.Errorf("missed %d, %d of %d records were different", len(missed), len(walked), records)
	}
	for _, patch := range []string{`{"visitorsPerListing":-1}`, `{"visitorsPerListing":20}`} {
		a := f.send("PATCH", f.control+"/settings", patch, nil)
		if a.status != 400 || decode[map[string]string](t, a)["error"] != "visitorsPerListing must be 0 to 19" {
			t.Errorf("%s: %d %s", patch, a.status, a.body)
		}
	}
}

// The index of the listing is not on disk; a restart must find the same pages.
func TestListingSurvivesReopen(t *testing.T) {
	dir := t.TempDir()
	f, stop := start(t, dir)
	if _, err := f.Visit(convertalk.Visitor{Email: "guest@example.com", Count: 45}); err != nil {
		t.Fatal(err)
	}
	f.mustPut(1, object{"name": "Ada"})
	f.mustPut(1, object{"email": "ada@example.com"}) // becomes a lead
	f.mustPut(2, nil)
	var before []string
	for page := range 3 {
		before = append(before, f.uuids("lead", page+1))
	}
	stop()
	f, _ = start(t, dir)
	f.clock.advance(time.Minute) // a new clock starts at the same time
	for page := range 3 {
		if got := f.uuids("lead", page+1); got != before[page] {
			t.Errorf("page %d was %s and is %s", page+1, before[page], got)
		}
	}
	if got := f.uuids("non-lead", 1); got != id(2) {
		t.Errorf("non-leads %s", got)
	}
}

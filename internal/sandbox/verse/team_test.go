package verse_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

// team are a primary account and two members.
var team = []verse.Account{
	{Name: "office", Key: "key-office", Primary: true}, {Name: "west", Key: "key-west"}, {Name: "east", Key: "key-east"},
}

// as sends a request with an account's key and checks the answer.
func (r *rig) as(key, path, body string, want int, says string) {
	r.t.Helper()
	if status, answer := r.do("POST", r.url+path, key, body); status != want || !strings.Contains(answer, says) {
		r.t.Errorf("%s %s with %s = %d %s, want %d %s", path, body, key, status, answer, want, says)
	}
}

// The primary key acts on all leads of the team, a member's on its own.
func TestPrimaryKeyActsForTheTeam(t *testing.T) {
	r := newRig(t, verse.Config{Accounts: team})
	lead := `{"phone":"6195550101"}`
	for _, key := range []string{"key-office", "key-west", "key-east"} {
		r.as(key, "/zapier", lead, 201, "Created Lead") // duplicates are per account
		r.as(key, "/zapier", lead, 409, "Duplicate Lead")
	}
	ids := map[string]string{}
	for _, l := range r.leads() {
		ids[l.Account] = l.ID
	}
	search := func(account string) string { return `{"searchValue":"` + ids[account] + `"}` }
	r.as("key-west", endPath, search("office"), 404, "")
	r.as("key-west", endPath, search("east"), 404, "")
	r.set(`{"primaryOwnOnly":true}`)
	r.as("key-office", endPath, search("east"), 404, "")
	r.set(`{"primaryOwnOnly":null}`)
	r.as("key-office", endPath, search("east"), 200, "success")

	// By phone, its own lead comes first, then a member's.
	for range 2 {
		r.as("key-office", dncPath, `{"searchValue":"6195550101"}`, 200, "success")
	}
	r.as("key-office", dncPath, `{"searchValue":"6195550101"}`, 404, "")
	// Each opt-out went onto the list of the account whose lead it was.
	r.as("key-office", "/zapier", lead, 201, blacklisted)
	r.as("key-west", "/zapier", lead, 201, blacklisted)
	r.as("key-east", "/zapier", lead, 201, `"message":"Created Lead"`)
}

func TestTeamIsBlockedAsAWhole(t *testing.T) {
	r := newRig(t, verse.Config{Accounts: team})
	n := 0
	send := func(key string, want int) {
		t.Helper()
		n++
		r.as(key, "/zapier", fmt.Sprintf(`{"phone":"619555%04d"}`, n), want, "")
	}
	for _, blocked := range []string{`{"hold":true}`, `{"hold":false,"intakeClosed":true}`} {
		r.set(blocked)
		for _, a := range team {
			send(a.Key, 422)
		}
	}
	// A member's own switches, the primary's included, block nobody else.
	r.set(`{"intakeClosed":false,"accounts":{"office":{"hold":true},"west":{"intakeClosed":true}}}`)
	send("key-office", 422)
	send("key-west", 422)
	send("key-east", 201)
	// What is blocked is the intake: conversations can be ended.
	r.as("key-office", endPath, fmt.Sprintf(`{"searchValue":"619555%04d"}`, n), 200, "success")
}

func TestMembersJoin(t *testing.T) {
	dir := t.TempDir()
	t.Run("first life", func(t *testing.T) {
		r := newRig(t, verse.Config{Dir: dir})
		r.as("key-north", "/zapier", `{"phone":"6195550101"}`, 401, "Unauthorized")
		if status, answer := r.do("POST", r.control+"/accounts", "", `{"name":"north","key":"key-north"}`); status != 200 {
			t.Fatalf("%d %s", status, answer)
		}
		r.as("key-north", "/zapier", `{"phone":"6195550101"}`, 201, "Created Lead")
		r.set(`{"accounts":{"north":{"hold":true}}}`)
	})
	r := newRig(t, verse.Config{Dir: dir})
	r.as("key-north", "/zapier", `{"phone":"6195550102"}`, 422, "on hold")
	r.as(verse.DefaultKey, endPath, `{"searchValue":"6195550101"}`, 200, "success")
	_, answer := r.do("GET", r.control+"/accounts", "", "")
	for _, part := range []string{
		`{"name":"default","key":"sandbox-verse-key","primary":true,"userId":"`, `{"name":"north","key":"key-north","userId":"`,
	} {
		if !strings.Contains(answer, part) {
			t.Errorf("the team %s lacks %s", answer, part)
		}
	}
	for body, says := range map[string]string{
		`{"name":"north","key":"another"}`:                 "used twice",
		`{"name":"south","key":"key-north"}`:               "the same key",
		`{"name":"south"}`:                                 "needs a name and a key",
		`{"name":"south","key":"k","primary":true}`:        "both primary",
		`{"name":"south","key":"k","secret":"unexpected"}`: "unknown key",
	} {
		if status, answer := r.do("POST", r.control+"/accounts", "", body); status != 400 || !strings.Contains(answer, says) {
			t.Errorf("%s = %d %s", body, status, answer)
		}
	}
}

func TestBulkEnd(t *testing.T) {
	r := newRig(t, verse.Config{Accounts: team})
	for i, a := range append(team, team...) {
		r.as(a.Key, "/zapier", fmt.Sprintf(`{"phone":"61955501%02d"}`, i), 201, "")
	}
	for _, c := range []struct {
		body, says string
		status     int
	}{
		{`{"account":"west"}`, `{"ended":2}`, 200},
		{`{"account":"west"}`, `{"ended":0}`, 200},
		{`{}`, `{"ended":4}`, 200},
		{`{"account":"north"}`, "there are: east, office, west", 400},
	} {
		if status, answer := r.do("POST", r.control+"/bulkEnd", "", c.body); status != c.status || !strings.Contains(answer, c.says) {
			t.Errorf("%s = %d %s", c.body, status, answer)
		}
	}
	for _, l := range r.leads() {
		if l.State != verse.StateUnqualified || l.EndedBy != "bulk" || l.EndedTime == nil {
			t.Errorf("lead = %+v", l)
		}
	}
	r.as("key-west", "/zapier", `{"phone":"6195550101"}`, 201, "Created Lead") // nothing is active any more
}

// Members join while requests arrive.
func TestMembersJoinAtOnce(t *testing.T) {
	r := newRig(t, verse.Config{})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			key := fmt.Sprintf("key-%d", i)
			r.do("POST", r.control+"/accounts", "", fmt.Sprintf(`{"name":"m%d","key":"%s"}`, i, key))
			r.as(key, "/zapier", `{"phone":"6195550101"}`, 201, "Created Lead")
		})
	}
	all.Wait()
	if n := len(r.leads()); n != 8 {
		t.Errorf("%d leads", n)
	}
}

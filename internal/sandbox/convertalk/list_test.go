package convertalk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
)

// C3, C4: the listing's four parameters.
func TestListRefuses(t *testing.T) {
	f, _ := start(t, t.TempDir())
	ids := "botId=" + convertalk.DefaultBotID + "&customerId=" + convertalk.DefaultCustomerID
	const badPage, badType = "page must be a positive integer", "type must be one of lead, non-lead"
	for _, c := range []struct {
		query string
		data  []string
	}{
		{"", []string{"botId should not be empty", "customerId should not be empty", "page should not be empty", "type should not be empty"}},
		{ids + "&page=1", []string{"type should not be empty"}},
		{ids + "&type=lead&page=", []string{"page should not be empty"}},
		{ids + "&type=lead&page=0", []string{badPage}},
		{ids + "&type=lead&page=-1", []string{badPage}},
		{ids + "&type=lead&page=1.5", []string{badPage}},
		{ids + "&type=lead&page=99999999999999999999", []string{badPage}},
		{ids + "&type=Lead&page=x", []string{badPage, badType}},
	} {
		t.Run(c.query, func(t *testing.T) {
			a := f.send("GET", f.api+"/inbox/direct/chats?"+c.query, "", map[string]string{"x-bot-token": tokenList})
			got := decode[struct{ Data []string }](t, a)
			if a.status != 400 || !slices.Equal(got.Data, c.data) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

// C10: mail or phone makes a lead; nothing unmakes it.
func TestLeadOrNot(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.mustPut(1, map[string]any{"name": "Ada"})
	f.mustPut(2, map[string]any{"phone": "2025550101"})
	f.mustPut(3, map[string]any{"email": "bo@example.com"})
	check := func(leads, others string) {
		t.Helper()
		if got := f.uuids("lead", 1); got != leads {
			t.Errorf("leads %s", got)
		}
		if got := f.uuids("non-lead", 1); got != others {
			t.Errorf("non-leads %s", got)
		}
	}
	check(id(3)+" "+id(2), id(1))
	f.mustPut(1, map[string]any{"email": "ada@example.com"})
	f.mustPut(3, map[string]any{"email": ""})
	check(id(3)+" "+id(2)+" "+id(1), "")
}

// C14: twenty a page, newest first, equal times included; nothing past the end.
func TestPaging(t *testing.T) {
	f, _ := start(t, t.TempDir())
	var want []string
	for n := range 45 {
		body := lead(n, map[string]any{"email": "ada@example.com"})
		if a := f.put(body); a.status != 200 {
			t.Fatal(a.body)
		}
		if n%2 == 0 {
			f.clock.advance(time.Millisecond)
		}
		want = append(want, id(n))
	}
	slices.Reverse(want)
	f.mustPut(0, map[string]any{"status": "CLOSED"}) // an update moves nothing
	for page, size := range map[int]int{1: 20, 2: 20, 3: 5, 4: 0, 1 << 62: 0} {
		from := min((page-1)*20, len(want))
		if page == 1<<62 {
			from = len(want)
		}
		if got := f.uuids("lead", page); got != strings.Join(want[from:from+size], " ") {
			t.Errorf("page %d: %s", page, got)
		}
	}
	f2 := f.send("GET", f.listURL("lead", "4"), "", map[string]string{"x-bot-token": tokenList})
	if want := `{"code":200,"data":[],"message":"ok","success":true}`; f2.body != want {
		t.Errorf("past the end: %s", f2.body)
	}
}

// A full last page is followed by an empty one.
func TestFullLastPage(t *testing.T) {
	f, _ := start(t, t.TempDir())
	for n := range 20 {
		f.mustPut(n, nil)
	}
	if first, second := f.list("non-lead", 1), f.list("non-lead", 2); len(first) != 20 || len(second) != 0 {
		t.Errorf("%d and %d records", len(first), len(second))
	}
}

// C11: the listing is late by the lag, for a new record and for one that became a lead.
func TestLag(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.set(`{"lagMS":60000}`)
	shows := func(leads, others string) {
		t.Helper()
		if l, o := f.uuids("lead", 1), f.uuids("non-lead", 1); l != leads || o != others {
			t.Fatalf("leads %q, non-leads %q", l, o)
		}
	}
	f.mustPut(1, map[string]any{"name": "Ada"})
	shows("", "")
	f.clock.advance(59_999 * time.Millisecond)
	shows("", "")
	f.clock.advance(time.Millisecond)
	shows("", id(1))
	f.mustPut(1, map[string]any{"email": "ada@example.com"})
	shows("", id(1))
	f.clock.advance(time.Minute)
	shows(id(1), "")
	f.mustPut(1, map[string]any{"status": "CLOSED"}) // a known lead stays in sight
	shows(id(1), "")
	for patch, message := range map[string]string{
		`{"lagMS":-1}`:          "lagMS must be 0 to 900000",
		`{"lagMS":900001}`:      "lagMS must be 0 to 900000",
		`{"arrayMode":"merge"}`: "arrayMode must be one of [union replace]",
		`{"foreignIDs":"x"}`:    "foreignIDs must be one of [unauthorized empty]",
	} {
		a := f.send("PATCH", f.control+"/settings", patch, nil)
		if a.status != 400 || decode[map[string]string](t, a)["error"] != message {
			t.Errorf("%s: %d %s", patch, a.status, a.body)
		}
	}
}

package ujet_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

func TestAuthentication(t *testing.T) {
	f, _ := start(t, t.TempDir())
	basic := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	for name, credentials := range map[string]func(*http.Request){
		"none":           func(*http.Request) {},
		"wrong password": basic(ujet.DefaultSubdomain, "x"),
		"wrong user":     basic("x", ujet.DefaultToken),
		"swapped":        basic(ujet.DefaultToken, ujet.DefaultSubdomain),
		"empty":          basic("", ""),
		"bearer":         func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+ujet.DefaultToken) },
	} {
		for _, path := range []string{"/end_users?id=1", "/nowhere"} {
			t.Run(name+path, func(t *testing.T) {
				r := f.request("GET", f.api+path, "")
				credentials(r)
				a := f.do(r)
				a.is(t, 401, `{"message":"Unauthorized"}`)
				if a.header.Get("WWW-Authenticate") == "" || a.header.Get("Content-Type") != "application/json; charset=utf-8" {
					t.Errorf("headers %v", a.header)
				}
			})
		}
	}
	// None of them took from the customer's rate: the clock has not moved.
	f.send("GET", "/end_users?id=1", "").is(t, 404, `{"message":"Not Found"}`)
}

func TestRateLimit(t *testing.T) {
	f, _ := start(t, t.TempDir())
	const over = `{"message":"Too Many Requests"}`
	for _, s := range []struct {
		after  time.Duration
		status int
		retry  string
	}{
		{0, 404, ""},
		{0, 429, "1"},
		{999 * time.Millisecond, 429, "1"}, // a refused request does not push the next slot away
		{time.Millisecond, 404, ""},
		{5 * time.Second, 404, ""}, // idle time gives no burst
		{time.Millisecond, 429, "1"},
	} {
		f.clock.advance(s.after)
		a := f.send("POST", "/nowhere", "{}")
		if a.status != s.status || a.header.Get("Retry-After") != s.retry {
			t.Fatalf("after %v: %d, Retry-After %q", s.after, a.status, a.header.Get("Retry-After"))
		}
		if s.status == 429 {
			a.is(t, 429, over)
		}
	}
}

func TestRateLimitedRequestDoesNothing(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.send("POST", contacts, `{"phone_number":"+12025550101"}`)
	f.send("POST", contacts, `{"phone_number":"+12025550101"}`)
	if list := decode[[]any](t, f.call("GET", contacts, "")); len(list) != 1 {
		t.Fatalf("%d contacts", len(list))
	}
}

func TestRateIsASetting(t *testing.T) {
	f, _ := start(t, t.TempDir())
	statuses := func(gap time.Duration) (got [4]int) {
		for i := range got {
			f.clock.advance(gap)
			got[i] = f.send("GET", "/nowhere", "").status
		}
		return got
	}
	for _, s := range []struct {
		patch string
		gap   time.Duration
		want  [4]int
	}{
		{`{"ratePerSecond":10}`, 100 * time.Millisecond, [4]int{404, 404, 404, 404}},
		{`{"ratePerSecond":10}`, 50 * time.Millisecond, [4]int{429, 404, 429, 404}},
		{`{"ratePerSecond":0}`, 0, [4]int{404, 404, 404, 404}},
		{`{"ratePerSecond":0.25}`, 2 * time.Second, [4]int{404, 429, 404, 429}},
	} {
		if a := f.ask("PATCH", "/settings", s.patch); a.status != 200 {
			t.Fatal(a.body)
		}
		if got := statuses(s.gap); got != s.want {
			t.Errorf("%s every %v: %v", s.patch, s.gap, got)
		}
	}
	f.ask("PATCH", "/settings", `{"ratePerSecond":-1}`).is(t, 400, `{"error":"ratePerSecond must be 0 (no limit) to 1000000"}`)
	f.ask("PATCH", "/settings", `{"campaigns":[0]}`).is(t, 400, `{"error":"campaigns must be positive ids"}`)
}

// Slots are taken when a request arrives: one that a fault answers has taken its slot too.
func TestFaultTakesASlot(t *testing.T) {
	f, _ := start(t, t.TempDir())
	if err := f.Faults().Add(kit.Fault{Status: 503}); err != nil {
		t.Fatal(err)
	}
	if a := f.send("GET", "/nowhere", ""); a.status != 503 {
		t.Fatal(a.status)
	}
	if a := f.send("GET", "/nowhere", ""); a.status != 429 {
		t.Fatal(a.status)
	}
}

func TestSmallestGap(t *testing.T) {
	f, _ := start(t, t.TempDir())
	if _, err := ujet.SmallestGap(nil); err == nil {
		t.Error("no arrivals have a gap")
	}
	const smallest = 1050*time.Millisecond + 7*time.Nanosecond
	for _, gap := range []time.Duration{0, 2 * time.Second, smallest, 3 * time.Second} {
		f.clock.advance(gap)
		f.send("POST", "/end_users", `{"identifier":"lead_a"}`)
	}
	all, err := f.Ledger().Requests()
	if err != nil {
		t.Fatal(err)
	}
	if gap, err := ujet.SmallestGap(all); err != nil || gap != smallest {
		t.Fatalf("%v, %v", gap, err)
	}
	all[0], all[2] = all[2], all[0] // the order given does not matter
	if gap, err := ujet.SmallestGap(all); err != nil || gap != smallest {
		t.Fatalf("%v, %v", gap, err)
	}
	f.send("GET", "/nowhere", "") // refused, and still an arrival
	if all, err = f.Ledger().Requests(); err != nil {
		t.Fatal(err)
	}
	if gap, err := ujet.SmallestGap(all); err != nil || gap != 0 {
		t.Fatalf("%v, %v", gap, err)
	}
}

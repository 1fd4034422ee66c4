package convertalk_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
)

const denied = `{"success":false,"message":"Unauthorized","code":401}`

// C1, C2: each endpoint takes its own header, before it looks at anything else.
func TestTokens(t *testing.T) {
	f, _ := start(t, t.TempDir())
	cases := []struct {
		name                  string
		header                map[string]string
		put, list             int // strict
		eitherPut, eitherList int // acceptEitherToken
	}{
		{"none", nil, 401, 401, 401, 401},
		{"put token", map[string]string{"x-bp-token": tokenPut}, 200, 401, 200, 200},
		{"list token", map[string]string{"x-bot-token": tokenList}, 401, 200, 200, 200},
		{"right headers, tokens swapped", map[string]string{"x-bp-token": tokenList, "x-bot-token": tokenPut}, 401, 401, 200, 200},
		{"wrong token", map[string]string{"x-bp-token": "x", "x-bot-token": "x"}, 401, 401, 401, 401},
		{"bearer with authtype", map[string]string{"Authorization": "Bearer " + tokenPut, "authtype": "Key"}, 401, 401, 200, 200},
		{"bearer alone", map[string]string{"Authorization": "Bearer " + tokenPut}, 401, 401, 401, 401},
		{"wrong bearer", map[string]string{"Authorization": "Bearer x", "authtype": "Key"}, 401, 401, 401, 401},
	}
	check := func(t *testing.T, header map[string]string, put, list int) {
		t.Helper()
		for got, want := range map[*answer]int{
			ptr(f.send("PUT", f.api+putPath, lead(1, nil), header)): put,
			ptr(f.send("GET", f.listURL("lead", "1"), "", header)):  list,
		} {
			if got.status != want || want == 401 && got.body != denied {
				t.Errorf("%d %s, want %d", got.status, got.body, want)
			}
		}
	}
	for _, c := range cases {
		t.Run("strict/"+c.name, func(t *testing.T) { check(t, c.header, c.put, c.list) })
	}
	f.set(`{"acceptEitherToken":true}`)
	for _, c := range cases {
		t.Run("either/"+c.name, func(t *testing.T) { check(t, c.header, c.eitherPut, c.eitherList) })
	}
	t.Run("before validation", func(t *testing.T) {
		for _, a := range []answer{
			f.send("PUT", f.api+putPath, "not JSON", nil),
			f.send("GET", f.api+"/inbox/direct/chats", "", nil),
		} {
			if a.status != 401 || a.body != denied {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
	})
}

func ptr(a answer) *answer { return &a }

// C13: the tokens belong to one bot of one customer.
func TestForeignIDs(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.mustPut(1, map[string]any{"email": "ada@example.com"})
	const other = "64a1f0c2b7e94d0012ab0099"
	for _, member := range []string{"botId", "customerId"} {
		if a := f.put(lead(2, map[string]any{member: other})); a.status != 401 || a.body != denied {
			t.Errorf("PUT with foreign %s: %d %s", member, a.status, a.body)
		}
	}
	url := f.api + "/inbox/direct/chats?type=lead&page=1&customerId=" + convertalk.DefaultCustomerID + "&botId=" + other
	header := map[string]string{"x-bot-token": tokenList}
	if a := f.send("GET", url, "", header); a.status != 401 || a.body != denied {
		t.Errorf("listing: %d %s", a.status, a.body)
	}
	f.set(`{"foreignIDs":"empty"}`)
	a := f.send("GET", url, "", header)
	if data, ok := decode[map[string]any](t, a)["data"].([]any); a.status != 200 || !ok || len(data) != 0 {
		t.Errorf("listing: %d %s", a.status, a.body)
	}
	if f.stored(id(2)).UUID != "" {
		t.Error("a refused PUT stored a record")
	}
}

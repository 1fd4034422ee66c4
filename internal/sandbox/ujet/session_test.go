package ujet_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

func encode(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// sign makes a JWT as the vendor's documents show it.
func sign(header, claims, secret string) string {
	part := base64.RawURLEncoding.EncodeToString
	body := part([]byte(header)) + "." + part([]byte(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return body + "." + part(mac.Sum(nil))
}

// mac is base64(HMAC-SHA256(secret, text)).
func mac(secret, text string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// A call and a chat have the same endpoints; each case runs on both.
func eachSession(t *testing.T, run func(t *testing.T, f *fixture, root, kind, name string)) {
	t.Helper()
	for _, s := range []struct{ root, kind, name string }{{"/calls/1", ujet.KindCall, "Call"}, {"/chats/1", ujet.KindChat, "Chat"}} {
		t.Run(s.name, func(t *testing.T) {
			f, _ := start(t, t.TempDir())
			f.call("POST", "/calls", inbound)
			f.call("POST", "/sms", sms)
			run(t, f, s.root, s.kind, s.name)
		})
	}
}

func sessionRecord(t *testing.T, f *fixture, kind string) ujet.Session {
	t.Helper()
	if kind == ujet.KindCall {
		return record[ujet.Call](t, f, kind, "1").Session
	}
	return record[ujet.Chat](t, f, kind, "1").Session
}

// finish ends the call and the chat by control.
func (f *fixture) finish(t *testing.T) {
	t.Helper()
	f.ask("POST", "/calls/status", `{"id":1,"status":"failed"}`).has(t, 200, nil)
	f.ask("POST", "/chats/status", `{"id":1,"status":"finished"}`).has(t, 200, nil)
}

func TestSessionEndUser(t *testing.T) {
	eachSession(t, func(t *testing.T, f *fixture, root, _, name string) {
		path := root + "/end_user"
		f.call("POST", path, `{"identifier":"lead_a","name":"Ada","phone":"+14155550142"}`).is(t, 202, `{"message":"accepted"}`)
		if last := lastRequest(t, f); last.Record != "1" || last.Effect != "updated" {
			t.Errorf("ledger entry %+v", last)
		}
		f.call("POST", path, `{"identifier":"lead_a","name":"Ada B","phone":"+14155550143"}`).is(t, 202, `{"message":"accepted"}`)
		if u := storedEndUser(t, f, "2"); text(u.Phone) != "+14155550142" || text(u.Name) != "Ada B" || u.Identifier != "lead_a" {
			t.Errorf("stored %+v", u)
		}
		f.refuses(t, []string{ujet.KindEndUser},
			refusal{"again", "POST", path, `{"identifier":"lead_a","name":"Ada B","phone":"+14155550143"}`, 400, "Duplicate request: Please wait for the interval to expire"},
			refusal{"nameless", "POST", path, `{"name":"Ada"}`, 400, "param is missing or the value is empty: identifier"},
			refusal{"unknown", "POST", "/" + root[1:6] + "/9/end_user", `{"identifier":"lead_a"}`, 404, "Not Found"},
			refusal{"no number", "POST", "/" + root[1:6] + "/x/end_user", `{"identifier":"lead_a"}`, 404, "Not Found"},
		)
		f.clock.advance(60e9)
		f.call("POST", path, `{"identifier":"lead_a","name":"Ada B","phone":"+14155550143"}`).is(t, 202, `{"message":"accepted"}`)
		f.set(t, `{"crm":false}`)
		f.refuses(t, nil, refusal{"no CRM", "POST", path, `{"identifier":"lead_b"}`, 400, "Unsupported CRM request"})
		f.finish(t)
		f.refuses(t, nil, refusal{"ended", "POST", path, `{"identifier":"lead_b"}`, 400, name + " is already ended"})
	})
}

func TestCustomerFlag(t *testing.T) {
	eachSession(t, func(t *testing.T, f *fixture, root, _, _ string) {
		path := root + "/customer_flag"
		f.call("GET", path, "").is(t, 200, `{"verified_customer":false,"bad_actor":false,"repeat_customer":false}`)
		f.call("PATCH", path, `{"verified_customer":true,"repeat_customers":true}`).is(t, 200, `{"verified_customer":true,"bad_actor":false,"repeat_customer":true}`)
		f.call("PATCH", path, `{"bad_actor":true,"repeat_customer":false}`).is(t, 200, `{"verified_customer":true,"bad_actor":true,"repeat_customer":true}`)
		f.call("GET", path, "").is(t, 200, `{"verified_customer":true,"bad_actor":true,"repeat_customer":true}`)
		f.call("PUT", path, `{"bad_actor":true}`).is(t, 200, `{"verified_customer":false,"bad_actor":true,"repeat_customer":false}`)
		f.refuses(t, nil,
			refusal{"", "PATCH", path, `{"bad_actor":"true"}`, 400, "bad_actor is invalid"},
			refusal{"", "PATCH", "/calls/9/customer_flag", `{}`, 404, "Not Found"},
			refusal{"", "PUT", "/chats/9/customer_flag", `{}`, 404, "Not Found"},
			refusal{"", "GET", "/chats/9/customer_flag", ``, 404, "Not Found"},
		)
	})
}

func TestCustomData(t *testing.T) {
	eachSession(t, func(t *testing.T, f *fixture, root, kind, name string) {
		path := root + "/custom_data"
		f.call("POST", path, `{"signed":false,"data":{"plan":{"label":"Plan","value":"gold"},"reserved_bad_actor":{"value":true}}}`).is(t, 202, `{"message":"accepted"}`)
		const fresh = `{"custom_data":{"seats":{"value":7}},"iat":1772614800,"exp":1772618400}` // 09:00 to 10:00
		token := sign(`{"alg":"HS256"}`, fresh, ujet.DefaultCompanySecret)
		f.call("POST", path, `{"signed":true,"signed_data":"`+token+`"}`).is(t, 202, `{"message":"accepted"}`)
		s := sessionRecord(t, f, kind)
		if string(s.CustomData["seats"].Value) != "7" || string(s.CustomData["plan"].Value) != `"gold"` || !s.Flag.BadActor {
			t.Errorf("stored %+v", s)
		}
		signed := func(header, claims, secret, message string) refusal {
			return refusal{message, "POST", path, `{"signed":true,"signed_data":"` + sign(header, claims, secret) + `"}`, 400, message}
		}
		const hs256 = `{"alg":"HS256"}`
		f.refuses(t, nil,
			refusal{"", "POST", path, `{"data":{}}`, 400, "param is missing or the value is empty: signed"},
			refusal{"", "POST", path, `{"signed":"yes"}`, 400, "signed is invalid"},
			refusal{"", "POST", path, `{"signed":false}`, 400, "param is missing or the value is empty: data"},
			refusal{"", "POST", path, `{"signed":false,"data":[]}`, 400, "data is invalid"},
			refusal{"", "POST", path, `{"signed":false,"data":{"plan":{"label":"Plan"}}}`, 400, "data[plan] has no value"},
			refusal{"", "POST", path, `{"signed":true}`, 400, "param is missing or the value is empty: signed_data"},
			refusal{"", "POST", path, `{"signed":true,"signed_data":"a.b"}`, 400, "signed_data is not well formed"},
			signed(`{"alg":"none"}`, fresh, ujet.DefaultCompanySecret, "signed_data must be signed with HS256"),
			signed(hs256, fresh, "other", "signed_data has a wrong signature"),
			signed(hs256, `{"custom_data":{"a":{"value":1}},"exp":1772618400}`, ujet.DefaultCompanySecret, "signed_data needs iat and exp in seconds"),
			signed(hs256, `{"custom_data":{"a":{"value":1}},"iat":1,"exp":1772614800}`, ujet.DefaultCompanySecret, "signed_data has expired"),
			signed(hs256, `{"custom_data":{"a":{"value":1}},"iat":1772617000,"exp":1772618400}`, ujet.DefaultCompanySecret, "signed_data is not valid yet"),
			signed(hs256, `{"iat":1772614800,"exp":1772618400}`, ujet.DefaultCompanySecret, "param is missing or the value is empty: custom_data"),
			refusal{"", "POST", "/calls/9/custom_data", `{"signed":false,"data":{"a":{"value":1}}}`, 404, "Not Found"},
		)
		f.finish(t)
		f.refuses(t, nil, refusal{"", "POST", path, `{"signed":false,"data":{"a":{"value":1}}}`, 400, name + " is already ended"})
	})
}

package ujet

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// Whatever the vendor writes into a refusal, callers see documented words only.
func FuzzDecodeShowsKnownWordsOnly(f *testing.F) {
	f.Add([]byte(`{"message":"param is missing or the value is empty: identifier"}`))
	f.Add([]byte(`{"message":"email ada@example.com is invalid"}`))
	f.Add([]byte(`{"message":"phone is invalid"}`))
	f.Add([]byte(`{"message":"Duplicate request: Please wait for the interval to expire"}`))
	f.Add([]byte(`{"message":7}`))
	a := &Adapter{}
	endings := append([]string{"was refused", "is missing or empty"}, problems...)
	f.Fuzz(func(t *testing.T, body []byte) {
		d := a.decode(vendorhttp.Answer{Status: http.StatusBadRequest, Body: body})
		wire, problem, _ := strings.Cut(d.Message, " ")
		known := a.ourFields(wire) != nil && slices.Contains(endings, problem)
		if d.Message != "" && d.Message != textDuplicate && !known {
			t.Errorf("%q became %q", body, d.Message)
		}
		for _, v := range d.Fields {
			if !slices.Contains(a.ourFields(wire), v.GetField()) || !slices.Contains(endings, v.GetDescription()) {
				t.Errorf("%q names %v", body, v)
			}
		}
	})
}

// An end user that was read has an ID of digits, and none was made up.
func FuzzEndUserID(f *testing.F) {
	f.Add([]byte(`{"id":7731,"identifier":"x"}`))
	f.Add([]byte(`{"id":"7731"}`))
	f.Add([]byte(`{"id":"\"7\""}`))
	f.Add([]byte(`{"id":1e3}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var u endUser
		if err := u.UnmarshalJSON(body); err != nil {
			return
		}
		if strings.Trim(u.ID, "0123456789") != "" || u.ID == "" || !strings.Contains(string(body), u.ID) {
			t.Errorf("%q gave ID %q", body, u.ID)
		}
	})
}

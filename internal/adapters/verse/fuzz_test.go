package verse

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// FuzzDecode: whatever the vendor says in a refusal, nothing of it but a short number gets through.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"message":"Duplicate Lead"}`, `{"status":{"code":409,"message":"Conflict"},"code":110,"message":"Duplicate"}`,
		`{"message": ""phone" is required"}`, `{"message":null,"code":"12345678"}`, `[]`, `"message":`, "", "\xff",
	} {
		for _, status := range []int{400, 403, 404, 409, 422, 500} {
			f.Add(status, body)
		}
	}
	allowed := []string{"", "the person has an active conversation at Verse", noConversation}
	for _, k := range refusals {
		allowed = append(allowed, k.message)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		d := decode(vendorhttp.Answer{Status: status, Body: []byte(body)})
		if !slices.Contains(allowed, d.Message) {
			t.Errorf("message %q", d.Message)
		}
		if len(d.Code) > 6 || strings.Trim(d.Code, "0123456789.eE+-") != "" {
			t.Errorf("code %q", d.Code)
		}
	})
}

// FuzzCreated: an ID is a string that can be looked up later, or empty.
func FuzzCreated(f *testing.F) {
	for _, body := range []string{`{"id":"1234567890"}`, `{"id":1e400}`, `{"id":{}}`, `{"id":"` + strings.Repeat("x", 300) + `"}`, `null`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var c created
		if json.Unmarshal([]byte(body), &c) != nil {
			return
		}
		if id := c.id(); len(id) > 200 {
			t.Errorf("an ID of %d bytes", len(id))
		}
		creationWarnings(c.message())
	})
}

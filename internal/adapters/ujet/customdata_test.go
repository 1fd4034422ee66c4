package ujet

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestSignedCustomDataIsAJWTOfTheCompanySecret(t *testing.T) {
	at := time.Unix(1_900_000_000, 0)
	build := customData("SetCallCustomData", "company-secret", func() time.Time { return at })
	body, err := build(nil, map[string]any{"signed": true, "data": map[string]any{"order": map[string]any{"value": json.Number("4711")}}})
	if err != nil {
		t.Fatal(err)
	}
	fields, _ := body.(map[string]any)
	token, _ := fields["signed_data"].(string)
	parts := strings.Split(token, ".")
	if len(fields) != 2 || fields["signed"] != true || len(parts) != 3 {
		t.Fatalf("%v", fields)
	}
	mac := hmac.New(sha256.New, []byte("company-secret"))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if parts[2] != base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
		t.Error("the signature is not HMAC-SHA256 of header and claims")
	}
	for i, want := range []string{`{"alg":"HS256"}`, `{"custom_data":{"order":{"value":4711}},"exp":1900003600,"iat":1900000000}`} {
		got, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || string(got) != want {
			t.Errorf("part %d is %s, want %s: %v", i, got, want, err)
		}
	}
}

package ujet

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// verifyToken checks a JWT as the vendor's documents describe it: HS256 under the company's secret,
// with both iat and exp in unix seconds. It is written out here because the judge must not agree
// with the product's library by using it. Texts of refusals are assumed.
func verifyToken(token, secret string, now time.Time) (params, error) {
	signed, signature, two := cutLast(token, ".")
	header, payload, three := strings.Cut(signed, ".")
	if !two || !three || strings.Contains(payload, ".") {
		return nil, badRequest("signed_data is not well formed")
	}
	var kind struct {
		Alg string `json:"alg"`
	}
	if decodePart(header, &kind) != nil || kind.Alg != "HS256" {
		return nil, badRequest("signed_data must be signed with HS256")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	given, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(given, mac.Sum(nil)) {
		return nil, badRequest("signed_data has a wrong signature")
	}
	claims := params{}
	if decodePart(payload, &claims) != nil {
		return nil, badRequest("signed_data is not well formed")
	}
	var issued, expires int64
	hasIssued, err1 := claims.value("iat", &issued)
	hasExpires, err2 := claims.value("exp", &expires)
	switch {
	case err1 != nil || err2 != nil || !hasIssued || !hasExpires:
		return nil, badRequest("signed_data needs iat and exp in seconds")
	case expires <= now.Unix():
		return nil, badRequest("signed_data has expired")
	case issued > now.Add(time.Minute).Unix(): // a minute of difference between two clocks
		return nil, badRequest("signed_data is not valid yet")
	}
	return claims, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func decodePart(part string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

package ujet

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// signatureLife is how long signed data is valid; the vendor's sample has the same.
const signatureLife = time.Hour

var errNoSecret = errors.New("nothing was sent: the account has no company secret")

// customData is the body of operations 48 and 69: the data as it is, or in a JWT that the company secret signs.
func customData(rpc, secret string, now func() time.Time) func(proto.Message, map[string]any) (any, error) {
	return func(_ proto.Message, fields map[string]any) (any, error) {
		if signed, _ := fields["signed"].(bool); !signed {
			fields["signed"] = false
			return fields, nil
		}
		if secret == "" {
			return nil, &adapters.Error{
				Vendor: Vendor, Op: rpc, Kind: adapters.KindInvalid, Cause: errNoSecret, Message: "the account has no company_secret to sign with",
				Fields: []*leadmuxv1.FieldViolation{{Field: "signed", Description: "the account has no company_secret; configure it, or send the data plain"}},
			}
		}
		at := now()
		token, err := sign(secret, map[string]any{"custom_data": fields["data"], "iat": at.Unix(), "exp": at.Add(signatureLife).Unix()})
		if err != nil {
			return nil, &adapters.Error{Vendor: Vendor, Op: rpc, Kind: adapters.KindInvalid, Cause: err}
		}
		return map[string]any{"signed": true, "signed_data": token}, nil
	}
}

// sign makes a JWT by HS256, whose header is the one of the vendor's sample.
func sign(secret string, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", errors.New("the data cannot be written as JSON")
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

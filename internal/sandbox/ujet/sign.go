package ujet

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// The two endpoints of a client, as hooks name them.
const (
	endpointChat     = "chat"
	endpointSessions = "sessions"
)

// authorize adds the credentials of a hook: chat events are signed over timestamp and body, session
// events carry Basic. Secrets are those of the moment it is sent.
func (e *Emulator) authorize(h kit.Hook, body []byte, header http.Header) {
	s := e.settings.Get()
	if h.Endpoint == endpointSessions {
		r := http.Request{Header: header}
		password := s.SessionEvents.Password
		if h.Spoilt {
			password = "not " + password
		}
		r.SetBasicAuth(s.SessionEvents.Username, password)
		return
	}
	at := strconv.FormatInt(e.now().Unix(), 10) // seconds: assumed, no page says
	signed := body
	if h.Spoilt {
		signed = append([]byte("other "), body...)
	}
	value := "primary=" + signature(s.Webhook.PrimarySecret, at, signed)
	if s.Webhook.SecondarySecret != "" {
		value += " secondary=" + signature(s.Webhook.SecondarySecret, at, signed)
	}
	header.Set("X-Signature", value)
	header.Set("X-Signature-Timestamp", at)
}

// signature is base64(HMAC-SHA256(secret, timestamp and raw body)).
func signature(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

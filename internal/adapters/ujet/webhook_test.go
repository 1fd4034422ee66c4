package ujet_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
)

const (
	oldSecret = "ujet-signing-secret-1"
	newSecret = "ujet-signing-secret-2"
)

func receiver(t testing.TB, hook ujet.Hook) *ujet.Adapter {
	t.Helper()
	a, err := ujet.New(ujet.Config{Account: "support", Subdomain: "acme", BaseURL: "http://127.0.0.1:1/apps/api/v1", Token: "t", Hook: hook})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var everything = ujet.Hook{Secrets: []string{oldSecret, newSecret}, Username: "sessions", Password: "sessions-password-1"}

func TestWebhooks(t *testing.T) { adaptertest.RunWebhooks(t, receiver(t, everything)) }

func sign(secret, stamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestWebhookProof(t *testing.T) {
	now := time.Date(2026, 3, 4, 15, 20, 0, 0, time.UTC)
	hook, _ := receiver(t, everything).Webhook("")
	const body = `{"event_type":"chat_ended","chat_id":1}`
	signed := func(stamp, signature string) http.Header {
		return http.Header{"X-Signature": {signature}, "X-Signature-Timestamp": {stamp}}
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	old := strconv.FormatInt(now.Add(-6*time.Minute).Unix(), 10)
	good := sign(oldSecret, stamp, body)
	adaptertest.Forged(t, hook, signed(stamp, "primary="+good), []byte(body), now, map[string]http.Header{
		"no header":            {},
		"no timestamp":         {"X-Signature": {"primary=" + good}},
		"another timestamp":    signed(strconv.FormatInt(now.Unix()+1, 10), "primary="+good),
		"another secret":       signed(stamp, "primary="+sign("ujet-signing-secret-3", stamp, body)),
		"another body":         signed(stamp, "primary="+sign(oldSecret, stamp, body+" ")),
		"an old signature":     signed(old, "primary="+sign(oldSecret, old, body)),
		"a bare signature":     signed(stamp, good),
		"a name of its own":    signed(stamp, "third="+good),
		"an empty signature":   signed(stamp, "primary= secondary="),
		"a timestamp of words": signed("now", "primary="+sign(oldSecret, "now", body)),
	})
	for name, header := range map[string]http.Header{
		"the second secret":     signed(stamp, "primary="+sign(newSecret, stamp, body)),
		"secondary during turn": signed(stamp, "primary="+sign("ujet-signing-secret-3", stamp, body)+" secondary="+sign(newSecret, stamp, body)),
		"milliseconds":          signed("1772637600000", "primary="+sign(oldSecret, "1772637600000", body)),
		"ISO 8601":              signed("2026-03-04T15:20:01Z", "primary="+sign(oldSecret, "2026-03-04T15:20:01Z", body)),
	} {
		if err := hook.Verify(header, []byte(body), now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSessionProof(t *testing.T) {
	hook, _ := receiver(t, everything).Webhook("sessions")
	basic := func(user, password string) http.Header {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, password)
		return r.Header
	}
	adaptertest.Forged(t, hook, basic("sessions", "sessions-password-1"), nil, time.Now(), map[string]http.Header{
		"no header": {}, "another password": basic("sessions", "x"), "another user": basic("x", "sessions-password-1"),
	})
	for kind, bare := range map[string]ujet.Hook{"": {Password: "x"}, "sessions": {Secrets: []string{"x"}}, "other": everything} {
		if _, ok := receiver(t, bare).Webhook(kind); ok {
			t.Errorf("kind %q is taken without a secret for it", kind)
		}
	}
}

func TestP13OddDeliveriesAreKept(t *testing.T) {
	adaptertest.RunOddDeliveries(t, receiver(t, everything))
}

// FuzzWebhook: whatever comes becomes events within our limits, each with a key of its own.
func FuzzWebhook(f *testing.F) {
	adaptertest.Deliveries(f)
	a := receiver(f, everything)
	f.Fuzz(func(t *testing.T, kind string, raw []byte) { adaptertest.ReadsAnything(t, a, kind, raw) })
}

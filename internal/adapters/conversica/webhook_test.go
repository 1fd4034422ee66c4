package conversica_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/conversica"
)

func receiver(t *testing.T) *conversica.Adapter {
	t.Helper()
	return newAdapter(t, conversica.Config{
		Username: "acme", Password: "secret-1", WebhookUsername: "callbacks", WebhookPassword: "callback-password-1",
	})
}

func TestWebhooks(t *testing.T) { adaptertest.RunWebhooks(t, receiver(t)) }

func TestWebhookProof(t *testing.T) {
	basic := func(user, password string) http.Header {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, password)
		return r.Header
	}
	for _, kind := range []string{"message", "lead", "create"} {
		hook, ok := receiver(t).Webhook(kind)
		if !ok {
			t.Fatalf("no webhook %s", kind)
		}
		adaptertest.Forged(t, hook, basic("callbacks", "callback-password-1"), []byte("{}"), time.Now(), map[string]http.Header{
			"no header": {}, "another user": basic("callback", "callback-password-1"), "another password": basic("callbacks", "callback-password-2"),
			"nothing": basic("", ""), "no Basic": {"Authorization": {"Bearer callback-password-1"}},
		})
		if hook.Accepted != `{"status":"200","message":"Lead stored"}` {
			t.Errorf("%s answers %s", kind, hook.Accepted)
		}
	}
	for _, kind := range []string{"", "leads", "Message"} {
		if _, ok := receiver(t).Webhook(kind); ok {
			t.Errorf("there is no kind %q", kind)
		}
	}
	if _, ok := newAdapter(t, conversica.Config{Username: "acme", Password: "secret-1"}).Webhook("lead"); ok {
		t.Error("an account without a password takes callbacks")
	}
}

func TestP13OddDeliveriesAreKept(t *testing.T) { adaptertest.RunOddDeliveries(t, receiver(t)) }

// FuzzWebhook: whatever comes becomes events within our limits, each with a key of its own.
func FuzzWebhook(f *testing.F) {
	adaptertest.Deliveries(f)
	a, err := conversica.New(conversica.Config{Account: "nurture", Username: "u", Password: "p", WebhookPassword: "q"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind string, raw []byte) { adaptertest.ReadsAnything(t, a, kind, raw) })
}
